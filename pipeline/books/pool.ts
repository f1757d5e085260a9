import { Client, Pool, type PoolConfig, types } from 'pg';
import { configError, invariantError, isMeteringError, type MeteringError, storeError } from '#domain';
import type { EventSpec, Telemetry } from '#platform';

/** Object ids of PostgreSQL's types. */
const [INT8, NUMERIC] = [20, 1700];

/** int8 and sums of it as numbers; all of ours are safe integers, another is a defect. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(text)) return value;
  throw invariantError('NUMBER_UNSAFE', `${text} from the books is beyond 2^53`, {
    cure: 'report it with the command that showed it',
  });
}

const parsers: NonNullable<PoolConfig['types']> = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (oid === INT8 || oid === NUMERIC) && format !== 'binary'
      ? parseWhole
      : types.getTypeParser(oid, format)) as typeof types.getTypeParser, // its overloads cannot be written as one arrow function
};

/**
 * A statement that begins with a name in a comment is one that readers ask for all the time: the server plans it once for each connection, since planning takes longer
 * than finding what a short question is about. A name stands for one text.
 */
const NAMED = /^\/\* (\S+) \*\//;

function named(text: unknown): unknown {
  const name = typeof text === 'string' ? NAMED.exec(text)?.[1] : undefined;
  return name === undefined ? text : { name, text };
}

/**
 * Asks with a callback where the caller wants a promise: by the driver's own promises each answer stays reachable from the next one until all of memory is
 * collected, so that every collection of young objects copies what nobody wants any more (8 ms each where months by hour are read; 1 ms without).
 */
class BooksClient extends Client {
  // its overloads cannot be written as one arrow function
  override query = ((text: unknown, ...rest: readonly unknown[]) => {
    const ask = super.query.bind(this) as (text: unknown, ...rest: readonly unknown[]) => unknown;
    const wantsPromise = typeof text === 'string' && !rest.some((each) => typeof each === 'function');
    if (!wantsPromise) return ask(named(text), ...rest);
    return new Promise((resolve, reject) => {
      ask(named(text), ...rest, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)));
    });
  }) as Client['query'];
}

/** A server that vanished without a word (its machine off, the line's state forgotten) is noticed some 10 s later; the system alone would wait for two hours. */
const PROBED_AFTER_MS = 10_000;

export function openPool(dsn: string, telemetry: Telemetry): Pool {
  const pool = new Pool({
    connectionString: dsn,
    application_name: 'civicmeter',
    max: 10,
    connectionTimeoutMillis: 15_000,
    idleTimeoutMillis: 60_000,
    // a worker that was stopped in mid-transaction must not hold its rows for ever
    idle_in_transaction_session_timeout: 300_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: PROBED_AFTER_MS,
    types: parsers,
    Client: BooksClient,
  });
  // a connection that dies is replaced at the next use; without a listener, idle or not, it would end the process
  const lost = (error: Error): void =>
    telemetry.emit('booksConnectionLost', CONNECTION_LOST, { reason: error.message });
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost));
  return pool;
}

const CONNECTION_LOST: EventSpec = { level: 'warn', message: 'a connection to the books was lost' };

/** host:port/database, without the password. */
export function placeOf(dsn: string): string {
  try {
    const { hostname, port, pathname } = new URL(dsn);
    return `${hostname}:${port || '5432'}${pathname}`;
  } catch {
    return 'the DSN of the books';
  }
}

/** What a failure of the database means for who must act, by its SQLSTATE or socket code. */
export function booksError(cause: unknown, dsn: string): MeteringError {
  if (isMeteringError(cause)) return cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const details = { place: placeOf(dsn), cause };
  if (code === '53100' || code === 'ENOSPC') {
    const cure = 'free space there; the program goes on by itself and nothing committed is lost';
    return storeError('DISK_FULL', 'no space left on the disk of the books', { ...details, cure });
  }
  if (code === '28P01' || code === '28000') {
    const cure = 'give user and password in the DSN: postgres://user:password@host:5432/database';
    return configError('BOOKS_LOGIN_REFUSED', 'the database refuses this user or password', { ...details, cure });
  }
  if (code === '3D000') {
    const cure = 'create it (create database …), or correct the DSN';
    return configError('BOOKS_MISSING', 'there is no such database', { ...details, cure });
  }
  const text = cause instanceof Error ? cause.message || code : String(cause);
  const cure = 'check that the server runs and can be reached from here; the program tries again';
  return storeError('BOOKS_UNREACHABLE', `the books do not answer: ${text}`, { ...details, cure });
}
