import { readFileSync } from 'node:fs';
import type { LocalText } from '#domain';

interface ErrorText {
  readonly what: string;
  readonly cure: string;
}

const PAGE = new URL('../../docs/errors.md', import.meta.url);

/** docs/errors.md is where the errors have both languages: `| code | 发生了什么 | 怎么办 | what happened | what to do |`. */
export function errorTexts(): ReadonlyMap<string, Readonly<Record<keyof LocalText, ErrorText>>> {
  const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| `([A-Z_0-9]+)` *\|(.*)\|$/gm);
  return new Map(
    [...rows].map(([, code = '', cells = '']) => {
      const [zhWhat = '', zhCure = '', what = '', cure = ''] = cells.split('|').map((cell) => cell.trim());
      return [code, { zh: { what: zhWhat, cure: zhCure }, en: { what, cure } }];
    }),
  );
}
