import { defineConfig } from 'vitest/config';
import { mutantPlugin } from './test/mutants/plugin.ts';
import { closingLine } from './test/support/closing-line.ts';

export default defineConfig({
  plugins: [...mutantPlugin(process.env['CIVICMETER_MUTANT'])],
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', closingLine],
  },
});
