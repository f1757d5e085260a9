import { configError, invariantError, type MeteringError, storeError } from '#domain';
import type { SpoolFailure } from './protocol.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = { busy: 5, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, notadb: 26 } as const;

const FREE_SPACE =
  'Free space on the disk or give the spool more; what is in it stays, and appending goes on by itself.';

/** What the operator is told. `failure` comes from the spool's thread, `file` is the place. */
export function toMeteringError(failure: SpoolFailure, file: string): MeteringError {
  const details = { place: file, context: { code: failure.code, reason: failure.reason } };
  switch (failure.reason) {
    case 'not-a-spool':
      return notOurs(file, failure.message);
    case 'too-new':
      return configError('SPOOL_TOO_NEW', failure.message, { ...details, cure: 'Start the newer program again.' });
    case 'sqlite-too-old':
      return configError('SPOOL_SQLITE_TOO_OLD', failure.message, {
        ...details,
        cure: 'Start with the Node that the program installs (node_modules/.bin/node).',
      });
    case 'io':
      if (isSystemError(failure.code)) return diskFailed(file, failure);
      return failure.code === 'SPOOL_THREAD_ENDED'
        ? storeError('SPOOL_THREAD_ENDED', failure.message, {
            ...details,
            cure: 'Start the program again.',
            retryable: false,
          })
        : invariantError('SPOOL_FAILED', failure.message, { ...details, cure: 'Report this with the log.' });
    case 'sqlite':
      return fromSqlite(Number(failure.code) & 0xff, failure.message, file);
  }
}

function fromSqlite(code: number, message: string, file: string): MeteringError {
  const details = { place: file, context: { code } };
  switch (code) {
    case SQLITE.busy:
      return configError('SPOOL_LOCKED', 'another process has this spool open', {
        ...details,
        cure: 'Stop the other process, or give this one a data folder of its own.',
      });
    case SQLITE.notadb:
      return notOurs(file, 'the file is not a database');
    case SQLITE.readonly:
    case SQLITE.cantopen:
      return unwritable(file, message);
    case SQLITE.full:
      return storeError('SPOOL_FULL', 'the spool is full', { ...details, cure: FREE_SPACE, retryable: true });
    case SQLITE.ioerr:
      return diskFailed(file, { code, message });
    case SQLITE.corrupt:
      return storeError('SPOOL_CORRUPT', `the spool is damaged: ${message}`, {
        ...details,
        cure: 'Keep the file for recovery, move it away, and start again: a new spool is made.',
        retryable: false,
      });
    default:
      return storeError('SPOOL_FAILED', `the spool failed: ${message}`, { ...details, cure: 'Look at the log.' });
  }
}

/** EIO, ENOENT: what the operating system says, and not Node (ERR_…). */
const isSystemError = (code: number | string): boolean => /^E[A-Z0-9]+$/.test(String(code));

const diskFailed = (file: string, { code, message }: Pick<SpoolFailure, 'code' | 'message'>): MeteringError =>
  storeError('SPOOL_DISK_FAILED', `the disk refused the spool: ${message}`, {
    place: file,
    context: { code },
    cure: 'Look at the disk and at the system log; appending is tried again.',
    retryable: true,
  });

export const unwritable = (file: string, why: string): MeteringError =>
  configError('SPOOL_UNWRITABLE', `the spool cannot be written: ${why}`, {
    place: file,
    cure: "Let the program's user write in this folder, or choose another data folder.",
  });

const notOurs = (file: string, why: string): MeteringError =>
  configError('SPOOL_NOT_OURS', `${why}; nothing was changed in it`, {
    place: file,
    cure: 'Choose another data folder, or move this file away.',
  });

export const spoolClosed = (file: string): MeteringError =>
  storeError('SPOOL_CLOSED', 'the spool was closed before these frames were durable', {
    place: file,
    cure: 'Read the devices again after the next start.',
    retryable: false,
  });
