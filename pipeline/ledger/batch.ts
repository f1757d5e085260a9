import type { Frame } from '#domain';
import type { LogRecord } from '../log/port.ts';
import { admit, type Admitted, parseFrame, type Refusal } from './admission.ts';
import type { Admitting, DirectoryDevice } from './directory.ts';

/** A reading or record that the ledger does not take, with everything needed to admit it later. */
export interface Quarantined {
  readonly record: LogRecord;
  /** Position in the frame's list; −1: the whole record. */
  readonly ordinal: number;
  readonly reason: Refusal;
  readonly detail: string;
  readonly frame?: Frame | undefined;
}

export interface AdmittedReading extends Admitted {
  readonly device: DirectoryDevice;
  readonly at: number;
}

/** Log records judged reading by reading: `readings = admitted + quarantined`, a record that is no frame counts as one. */
export interface AdmittedBatch {
  readonly records: number;
  readonly readings: number;
  readonly admitted: readonly AdmittedReading[];
  readonly quarantined: readonly Quarantined[];
  /** seq numbers seen, per src. */
  readonly seqs: ReadonlyMap<string, readonly number[]>;
}

export function admitBatch(records: readonly LogRecord[], directory: Admitting): AdmittedBatch {
  const admitted: AdmittedReading[] = [];
  const quarantined: Quarantined[] = [];
  const seqs = new Map<string, number[]>();
  let readings = 0;
  for (const record of records) {
    const parsed = parseFrame(record.value);
    if (!parsed.ok) {
      readings += 1;
      quarantined.push({ record, ordinal: -1, reason: 'not-a-frame', detail: parsed.detail });
      continue;
    }
    const { frame } = parsed;
    const seen = seqs.get(frame.src);
    if (seen) seen.push(frame.seq);
    else seqs.set(frame.src, [frame.seq]);
    readings += frame.r.length;
    const device = directory.sites.get(frame.site)?.devices.get(frame.device);
    for (const [ordinal, entry] of frame.r.entries()) {
      const result = admit(frame, entry, record.appendedAt, directory);
      if (result.ok && device) admitted.push({ ...result.reading, device, at: frame.at });
      else if (!result.ok) quarantined.push({ record, ordinal, reason: result.reason, detail: result.detail, frame });
    }
  }
  return { records: records.length, readings, admitted, quarantined, seqs };
}

/** seq numbers as ranges [from, to), for a multirange. */
export function rangesOf(seqs: readonly number[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const seq of ascending(seqs)) {
    const last = ranges.at(-1);
    if (last && seq <= last[1]) last[1] = Math.max(last[1], seq + 1);
    else ranges.push([seq, seq + 1]);
  }
  return ranges;
}

/** Mostly they are so already. */
const ascending = (seqs: readonly number[]): readonly number[] =>
  seqs.every((seq, i) => i === 0 || (seqs[i - 1] ?? 0) <= seq) ? seqs : seqs.toSorted((a, b) => a - b);

export const multirange = (ranges: readonly (readonly [number, number])[]): string =>
  `{${ranges.map(([a, b]) => `[${a},${b})`).join(',')}}`;
