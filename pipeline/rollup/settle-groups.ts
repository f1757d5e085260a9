import { type Kysely, sql } from 'kysely';
import { DAY } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { WINDOWS_DAYS } from './window.ts';

/** A register, or without a device a point, that waits to be computed again. */
export interface Mark {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  readonly from_at: number;
  readonly rejoin: boolean;
  readonly marks: number;
}

/**
 * What one transaction recomputes at most. Registers' days bound its memory, some 100 MiB beside what waits to be collected, and how long the program does nothing
 * else; devices bound the lists of its statements. A hundred meters of ten registers that are read live are one group.
 */
export const LIMITS: Limits = { registerDays: 5_000, devices: 100 };

export interface Limits {
  readonly registerDays: number;
  readonly devices: number;
}

/** The marks of a site in groups, each for a transaction of its own; those that begin together come together. */
export async function groupsOf(
  db: Kysely<Tables>,
  site: DirectorySite,
  marks: readonly Mark[],
  limits: Limits,
): Promise<readonly (readonly Mark[])[]> {
  return inGroups(marks, await daysToRead(db, site, marks), limits);
}

/** `days`: of each device, that its marks reach. A register alone may be beyond the limit. */
export function inGroups(
  marks: readonly Mark[],
  days: ReadonlyMap<string, number>,
  limits: Limits,
): readonly (readonly Mark[])[] {
  const groups: Mark[][] = [];
  let [registerDays, devices] = [Infinity, new Set<string>()];
  for (const ofDevice of byBeginning(marks)) {
    for (const mark of ofDevice) {
      const own = days.get(mark.device) ?? 1;
      const isFull =
        registerDays + own > limits.registerDays || (devices.size === limits.devices && !devices.has(mark.device));
      if (isFull) {
        groups.push([]);
        [registerDays, devices] = [0, new Set()];
      }
      groups.at(-1)?.push(mark);
      registerDays += own;
      devices.add(mark.device);
    }
  }
  return groups;
}

const beginning = (marks: readonly Mark[]): number => Math.min(...marks.map((mark) => mark.from_at));

const byBeginning = (marks: readonly Mark[]): readonly (readonly Mark[])[] =>
  [...Map.groupBy(marks, (mark) => mark.device).values()]
    .map((ofDevice) => ({ ofDevice, from: beginning(ofDevice) }))
    .sort((a, b) => a.from - b.from)
    .map(({ ofDevice }) => ofDevice);

/** Of each device how many packed rows its marks reach, with those before them in which a window may begin. */
async function daysToRead(
  db: Kysely<Tables>,
  { devices }: DirectorySite,
  marks: readonly Mark[],
): Promise<ReadonlyMap<string, number>> {
  const [before = 0] = WINDOWS_DAYS;
  const asked = [...Map.groupBy(marks, (mark) => mark.device)].flatMap(([device, ofDevice]) => {
    const key = devices.get(device)?.key;
    return key === undefined ? [] : [{ device, key, day: Math.floor(beginning(ofDevice) / DAY) - before }];
  });
  const { rows } = await sql<{ device: string; days: number }>`
    select u.device, (select count(*) from bracket where device_key = u.key and day >= u.day)::int4 as days
    from unnest(${asked.map((a) => a.device)}::text[], ${asked.map((a) => a.key)}::int4[], ${asked.map((a) => a.day)}::int4[]) as u(device, key, day)`.execute(
    db,
  );
  return new Map(rows.map(({ device, days }) => [device, days]));
}
