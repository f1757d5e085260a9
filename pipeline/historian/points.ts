import { REGISTER_PATTERN } from '#domain';
import type { LogRecord } from '../log/port.ts';
import { parseFrame } from '../ledger/admission.ts';
import type { HistorianPoint } from './port.ts';

export interface RecordPoints {
  readonly points: readonly HistorianPoint[];
  /** Records that are no frames, values that are no integers, names that no register has and times that no server takes: quarantined by the ledger, and no points here. */
  readonly refused: number;
}

/** Epoch ms within 64 bits of nanoseconds, up to the year 2262. One point beyond and the server refuses all that come with it. */
const FURTHEST_MS = 9_223_372_036_000;

/** The points of log records, whatever the registry says of them: the historian keeps what was read, the ledger judges it. Pure. */
export function pointsOf(records: readonly LogRecord[]): RecordPoints {
  const points: HistorianPoint[] = [];
  let refused = 0;
  for (const { value: bytes } of records) {
    const parsed = parseFrame(bytes);
    if (!parsed.ok) {
      refused += 1;
      continue;
    }
    const { site, device, at, r } = parsed.frame;
    for (const [register, value, flags = ''] of r) {
      if (Number.isSafeInteger(value) && Math.abs(at) <= FURTHEST_MS && REGISTER_PATTERN.test(register)) {
        points.push({ site, device, register, kind: flags.includes('g') ? 'gauge' : 'counter', at, value });
      } else refused += 1;
    }
  }
  return { points, refused };
}
