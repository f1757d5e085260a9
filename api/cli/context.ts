import type { LocalText } from '#domain';
import type { Clock } from '#platform';

export type Language = keyof LocalText;
export const LANGUAGES: readonly Language[] = ['zh', 'en'];

/** Streams and surroundings of one run, so that a test can hold both ends. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether stderr is a terminal that can redraw a line. */
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborts when the person wants the program to end. */
  readonly signal: AbortSignal;
}

/** What a command sees. */
export interface Cli {
  readonly io: Io;
  readonly language: Language;
  readonly say: (text: LocalText) => string;
  readonly format: 'table' | 'json' | 'csv';
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly debug: boolean;
}

/** `--lang` where it is one of ours, else the language of the surroundings, else English. */
export function languageOf(wanted: string | undefined, env: Io['env']): Language {
  const named = LANGUAGES.find((language) => language === wanted);
  if (named) return named;
  // one that is set to nothing is as good as unset (POSIX, 8.2)
  const text = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return text.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
