import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stderr (standard output belongs to answers), or in a file. */
export const createLogger = (options: { readonly level?: string; readonly file?: string } = {}): Logger =>
  pino(
    { level: options.level ?? 'info', redact: ['password', '*.password', '*.secret'] },
    pino.destination(options.file ? { dest: options.file, mkdir: true, sync: false } : { fd: 2, sync: true }),
  );

export const silentLogger = (): Logger => pino({ level: 'silent' });
