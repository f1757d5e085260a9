import { isMeteringError } from '#domain';

/** SQLSTATE classes that pass: connection, transaction rollback, resources (disk, memory, connections), operator intervention. */
const PASSING_CLASSES = new Set(['08', '40', '53', '57']);
/** A transaction that stood still, a standby that is not promoted yet, and what the system says of a server, its machine or the way to it. */
const PASSING_CODES = new Set(
  `25P03 25006 ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN
  EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN EADDRNOTAVAIL`.split(/\s+/),
);

/** Whether a statement gave up waiting for a lock: SQLSTATE 55P03, lock_not_available. */
export const isLockRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '55P03';

/** SQLSTATE 53100, disk_full. */
export const isServerDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '53100';

/** Whether a failure of the books passes by itself: the server restarts, the disk is freed, the line comes back. */
export function isPassing(error: unknown): boolean {
  if (isMeteringError(error)) return error.retryable;
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (PASSING_CODES.has(code) || (code.length === 5 && PASSING_CLASSES.has(code.slice(0, 2)))) return true;
  // pg gives these no code
  return /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed))/.test(
    error.message,
  );
}
