import { DAY, firstDayOfMonth, localDay, monthOfDay, type Zone, dayStart } from '#domain';
import type { Spool } from '../../../collectors/spool/port.ts';
import { history, type World } from '../../../fixtures/simulator/index.ts';
import type { Service } from '../../../pipeline/service.ts';

/** The simulated past begins with the first day of the month so many months before this one. */
export const historyStart = (now: number, months: number, zone: Zone): number =>
  dayStart(firstDayOfMonth(monthOfDay(localDay(now, zone)) - months), zone);

/** The last instant that the books know of each device, so that a second start goes on where the first ended. */
export async function lastKnown(service: Service, site: string): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  for (const { device, at } of await service.live(site)) {
    if (at !== null) last.set(device, Math.max(last.get(device) ?? -Infinity, Date.parse(at)));
  }
  return last;
}

export interface BackfillOptions {
  readonly world: World;
  readonly spool: Spool;
  readonly from: number;
  readonly to: number;
  readonly resume: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
  readonly report: (done: number, total: number) => void;
}

/** Writes the past of the simulated compound to the spool, day by day, from where it goes on through the ordinary path. */
export async function backfill({ world, spool, from, to, resume, signal, report }: BackfillOptions): Promise<number> {
  const days = Math.ceil((to - from) / DAY);
  let frames = 0;
  let day = 0;
  for (const batch of history(world, { from, to, resume })) {
    signal.throwIfAborted();
    await spool.append(batch);
    frames += batch.length;
    report(++day, days);
  }
  report(days, days);
  return frames;
}
