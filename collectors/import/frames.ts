import type { FrameDraft, FrameEntry } from '#domain';

export interface Reading {
  readonly device: string;
  readonly register: string;
  readonly at: number;
  readonly value: number;
}

export interface Framed {
  readonly frames: readonly FrameDraft[];
  /** Distinct readings, and how many stood there once more. */
  readonly readings: number;
  readonly duplicates: number;
}

const compare = (a: Reading, b: Reading): number =>
  a.at - b.at || byText(a.device, b.device) || byText(a.register, b.register) || a.value - b.value;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * One frame per device and time, in the order of time, whatever the order of the readings. Equal readings count once; different values of
 * one register at one time go into frames of their own, for the ledger to judge.
 */
export function framesOf(site: string, unsorted: readonly Reading[]): Framed {
  const frames: FrameDraft[] = [];
  let [duplicates, entries]: [number, FrameEntry[]] = [0, []];
  let before: Reading | undefined;
  for (const reading of [...unsorted].sort(compare)) {
    if (before && compare(before, reading) === 0) {
      duplicates++;
      continue;
    }
    const { device, register, at, value } = reading;
    const joins = before?.at === at && before.device === device && before.register !== register;
    if (!joins) {
      entries = [];
      frames.push({ site, device, at, r: entries });
    }
    entries.push([register, value]);
    before = reading;
  }
  return { frames, readings: unsorted.length - duplicates, duplicates };
}
