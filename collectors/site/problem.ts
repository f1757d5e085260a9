import { isMeteringError, type LocalText } from '#domain';

export type Path = readonly (string | number)[];

/** One mistake of a site file: where it is, what is wrong and what to write instead. Line and column count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Stable, upper snake case. */
  readonly code: string;
  /** points[2].meters[0].device */
  readonly path: string;
  readonly wrong: LocalText;
  readonly instead: LocalText;
}

/** Notes a mistake at a path of the file; at its key instead of its value where `onKey` says so. */
export type Report = (path: Path, code: string, wrong: LocalText, instead: LocalText, onKey?: boolean) => void;

/** What reading a text gave: a value, or what is wrong and what to write instead. */
export type Told<T> = { readonly ok: true; readonly value: T } | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly code: string;
  readonly wrong: LocalText;
  readonly instead: LocalText;
}

export const fine = <T>(value: T): Told<T> => ({ ok: true, value });

export const refuse = (code: string, wrong: LocalText, instead: LocalText): Refusal => ({
  ok: false,
  code,
  wrong,
  instead,
});

export const formatPath = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

/** `site.yaml:12:9: what is wrong. What to write instead.` */
export const formatProblem = (problem: Problem, language: keyof LocalText): string => {
  const [wrong, instead] = [problem.wrong[language], problem.instead[language]];
  const stop = language === 'zh' ? '。' : '. ';
  const end = /[?？.。]$/.test(instead) ? '' : stop.trim();
  return `${problem.file}:${problem.line}:${problem.column}: ${wrong}${stop}${instead}${end}`;
};

/** `2 mistakes:` and every one of them on a line of its own, in English. */
export const listOf = (problems: readonly Problem[]): string =>
  `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}:\n${problems.map((problem) => `  ${formatProblem(problem, 'en')}`).join('\n')}`;

/** Runs a reader of the domain; its errors, which speak English, become refusals in both languages. */
export function told<T>(read: () => T, wrong: LocalText, instead: LocalText): Told<T> {
  try {
    return fine(read());
  } catch (error) {
    if (!isMeteringError(error)) throw error;
    return refuse(error.code, wrong, instead);
  }
}
