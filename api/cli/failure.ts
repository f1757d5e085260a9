import { CommanderError } from 'commander';
import { z } from 'zod';
import { type ErrorKind, isMeteringError, type MeteringError } from '#domain';
import type { Language } from './context.ts';
import { errorTexts } from './error-texts.ts';

/** Exit codes (docs/cli.md). */
export const EXIT = { fine: 0, found: 1, usage: 2, config: 3, infrastructure: 4, defect: 70 } as const;

const CODE_OF: Readonly<Record<ErrorKind, number>> = {
  ConfigError: EXIT.config,
  CatalogueError: EXIT.config,
  RequestError: EXIT.usage,
  StoreError: EXIT.infrastructure,
  DeviceError: EXIT.infrastructure,
  InvariantError: EXIT.defect,
};

export interface Failure {
  readonly code: number;
  readonly text: string;
}

/** What a person is told: what happened, where, and what to do. The stack only where it is asked for. */
export function failureOf(error: unknown, language: Language, debug: boolean): Failure {
  const stack = debug && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  if (isMeteringError(error)) return { code: CODE_OF[error.kind], text: say(error, language) + stack };
  if (error instanceof z.ZodError) return { code: EXIT.usage, text: sayInput(error, language) + stack };
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? EXIT.fine : EXIT.usage, text: '' };
  if (error instanceof AggregateError) {
    const parts = error.errors.map((part: unknown) => failureOf(part, language, debug));
    return { code: Math.max(...parts.map(({ code }) => code)), text: parts.map(({ text }) => text).join('') };
  }
  return { code: EXIT.defect, text: sayDefect(error, language, debug) };
}

function say(error: MeteringError, language: Language): string {
  const chinese = language === 'zh' ? errorTexts().get(error.code)?.zh : undefined;
  const place = error.place === undefined ? '' : `${language === 'zh' ? '  位置：' : '  where: '}${error.place}\n`;
  if (!chinese) {
    const cure = error.cure === undefined ? '' : `  cure:  ${error.cure}\n`;
    return `error: ${error.message} [${error.code}]\n${place}${cure}`;
  }
  const known = error.known.length === 0 ? '' : `：${error.known.join('、')}`;
  return `错误：${chinese.what} [${error.code}]\n  详情：${error.message}\n${place}  办法：${chinese.cure}${known}\n`;
}

function sayInput(error: z.ZodError, language: Language): string {
  return error.issues
    .map(({ path, message }) => {
      const option = path
        .map(String)
        .join('.')
        .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const name = option.startsWith('args') ? '' : `--${option}: `;
      return language === 'zh' ? `错误：${name}${message}\n` : `error: ${name}${message}\n`;
    })
    .join('');
}

function sayDefect(error: unknown, language: Language, debug: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  return language === 'zh'
    ? `程序缺陷：${message}\n  办法：请连同 --debug 的输出一起报告；已写入的数据不受影响。\n${stack}`
    : `a defect of the program: ${message}\n  cure:  please report it with the output of --debug; what was written stands.\n${stack}`;
}
