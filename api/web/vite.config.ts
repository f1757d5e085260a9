import { fileURLToPath } from 'node:url';
import type { InlineConfig } from 'vite';

/** How the page is built; used by build.ts, which chooses the folder. Nothing is loaded from any other host. */
export const webConfig: InlineConfig = {
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'error',
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // small files too stay files: the content security policy allows no data: script or font
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4_000,
  },
};
