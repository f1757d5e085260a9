import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DestinationStream, type Logger, pino } from 'pino';
import { configError } from '#domain';

export type { Logger } from 'pino';

/** JSON lines on stderr (standard output belongs to answers), or in a file. Throws DATA_UNWRITABLE. */
export const createLogger = (options: { readonly level?: string; readonly file?: string } = {}): Logger =>
  pino(
    { level: options.level ?? 'info', redact: ['password', '*.password', '*.secret'] },
    options.file ? lineFile(options.file) : pino.destination({ fd: 2, sync: true }),
  );

export const silentLogger = (): Logger => pino({ level: 'silent' });

/** A line that the file does not take, as on a full disk, goes to standard error: pino's own file would end the program, and then wait for room. */
function lineFile(file: string): DestinationStream {
  const fd = opened(file);
  return {
    write: (line) => {
      try {
        writeSync(fd, line);
      } catch {
        process.stderr.write(line);
      }
    },
  };
}

function opened(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'a');
  } catch (cause) {
    throw configError('DATA_UNWRITABLE', `the log file cannot be written: ${file}`, {
      place: file,
      cure: 'give this user the right to write there, or name another folder with --data',
      cause,
    });
  }
}
