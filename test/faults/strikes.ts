import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Course, until } from './course.ts';
import type { Member } from './fleet.ts';
import { isCommit, isOffsetMove } from './proxy.ts';

/** Kills when COMMIT is on its way to the server, which never tells; false where the worker committed nothing for long. */
export async function killInCommit({ proxy, worker }: Member): Promise<boolean> {
  const seen = Promise.withResolvers<boolean>();
  proxy.setWeather({
    onBytes: (bytes, direction, link) => {
      if (direction === 'up' && isCommit(bytes)) {
        link.swallow('down');
        seen.resolve(true);
      }
      return undefined;
    },
  });
  const patient = setTimeout(() => seen.resolve(false), 20_000);
  const committed = await seen.promise;
  clearTimeout(patient);
  // the bytes go on in this turn of the loop; the server has them a moment later
  await wait(5);
  await worker().end('SIGKILL');
  return committed;
}

/** SIGSTOP when the statement that takes the lock is sent. It arrives at once, or only when another worker holds the partition. */
export async function freezeInTransaction(victim: Member, others: readonly Member[], withLock: boolean): Promise<void> {
  const { proxy, worker } = victim;
  const frozen = Promise.withResolvers<void>();
  const claims = (): number => others.reduce((sum, member) => sum + member.count('claimed'), 0);
  proxy.setWeather({
    onBytes: async (bytes, direction) => {
      if (direction === 'down' || !isOffsetMove(bytes)) return undefined;
      worker().signal('SIGSTOP');
      proxy.setWeather({});
      frozen.resolve();
      const before = claims();
      if (!withLock) await until('another to claim the partition', () => claims() > before);
      return undefined;
    },
  });
  await frozen.promise;
}

/** Commits that were not let through: another epoch stands, or the transaction was ended over their head. */
export const refusedAttempts = (member: Member): number =>
  member.count('commitFenced') + member.count('workInterrupted');

type Asked = Pick<Course, 'books'>;

/** Answers how many there were. */
export async function endConnections({ books }: Asked): Promise<number> {
  const { rows } = await sql<{ ended: boolean }>`
    select pg_terminate_backend(pid) as ended from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(books.db);
  return rows.filter(({ ended }) => ended).length;
}

/** The parent of the process that serves us. */
export async function postmaster({ books }: Asked): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(books.db);
  const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${rows[0]?.pid}/status`, 'utf8'))?.[1];
  if (parent === undefined) throw new Error('the server has no process here');
  return Number(parent);
}
