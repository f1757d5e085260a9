import type { LogRecord } from '../../pipeline/log/port.ts';
import type { Coverage } from './coverage.ts';
import type { GatewaySite } from './gateway.ts';

const DAY = 24 * 3_600_000;

/** What of a frame the simulation looks at. */
interface Arrived {
  readonly src: string;
  readonly seq: number;
  readonly device: string;
  readonly at: number;
  readonly appendedAt: number;
}

const FRAME = /^\{"v":1,"src":"([0-9a-f]{8})","site":"[^"]*","device":"([^"]*)","seq":(\d+),"at":(\d+)/;

/** The frames among the records; poison is none. */
export const arrivedOf = (records: readonly LogRecord[]): readonly Arrived[] =>
  records.flatMap(({ appendedAt, value }): Arrived[] => {
    const [, src, device, seq, at] = FRAME.exec(Buffer.from(value).toString()) ?? [];
    return src && device ? [{ src, device, seq: Number(seq), at: Number(at), appendedAt }] : [];
  });

/** By the spools' own numbers: what was acknowledged to a collector is below `next`, and each below it is in the log, still waits, or was torn off before that. */
export function lostFrames(arrived: readonly Arrived[], sites: readonly GatewaySite[]): number {
  const seen = new Set(arrived.map(({ src, seq }) => `${src}:${seq}`));
  return sites.reduce((lost, { disk, torn, accepted }) => {
    const waiting = new Set(disk.frames.map(({ seq }) => seq));
    const missing = Array.from({ length: disk.next }, (_, seq) => seq).filter(
      (seq) => !seen.has(`${disk.src}:${seq}`) && !waiting.has(seq) && !torn.has(seq),
    );
    return lost + missing.length + Math.max(0, accepted - (disk.next - torn.size));
  }, 0);
}

/** The ways in which the log is no neat list, counted; `srcs` are the gateways'. */
export function countArrivals(arrived: readonly Arrived[], srcs: ReadonlySet<string>, coverage: Coverage): void {
  const latest = new Map<string, number>();
  const greatest = new Map<string, number>();
  const stamps = new Map<string, Map<number, number>>();
  for (const { src, seq, device, at, appendedAt } of arrived) {
    if (at < (latest.get(device) ?? -Infinity)) coverage.hit('seen arrivedOutOfOrder');
    latest.set(device, Math.max(at, latest.get(device) ?? -Infinity));
    if (Math.floor(at / DAY) < Math.floor(appendedAt / DAY)) coverage.hit('seen lateToClosedDay');
    if (!srcs.has(src)) continue;
    const before = greatest.get(src) ?? -1;
    const own = stamps.get(src) ?? new Map<number, number>();
    stamps.set(src, own);
    if (own.has(seq)) coverage.hit('seen sentAgain');
    else if (seq < before) coverage.hit('seen sentNewestFirst');
    if (at < (own.get(seq - 1) ?? -Infinity)) coverage.hit('seen clockWentBack');
    own.set(seq, at);
    greatest.set(src, Math.max(seq, before));
  }
}
