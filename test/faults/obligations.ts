import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Offer } from './load.ts';

/** One record that was offered, or was about to be. */
export interface Obligation {
  readonly offeredAt: number;
  readonly value: Uint8Array;
  /** The log said that it has it. */
  readonly accepted: boolean;
}

/** What was sent, on disk before it is offered, so that nothing under test can have a say in it. */
export interface Obligations {
  readonly offer: (offers: readonly Offer[]) => void;
  /** All that was offered so far was taken. */
  readonly accept: () => void;
  readonly count: () => number;
  readonly close: () => void;
}

/** Lines: `<epoch ms> <base64>`, or `accepted <count>`. */
export function openObligations(file: string): Obligations {
  const fd = openSync(file, 'a');
  let count = 0;
  const write = (text: string): void => {
    writeSync(fd, text);
    fdatasyncSync(fd);
  };
  return {
    offer: (offers) => {
      const now = Date.now();
      write(offers.map(({ value }) => `${now} ${Buffer.from(value).toString('base64')}\n`).join(''));
      count += offers.length;
    },
    accept: () => write(`accepted ${count}\n`),
    count: () => count,
    close: () => closeSync(fd),
  };
}

export function readObligations(file: string): readonly Obligation[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const accepted = Number(lines.findLast((line) => line.startsWith('accepted '))?.slice('accepted '.length) ?? 0);
  return lines
    .filter((line) => /^\d/.test(line))
    .map((line, i) => {
      const [at, value = ''] = line.split(' ');
      return { offeredAt: Number(at), value: Buffer.from(value, 'base64'), accepted: i < accepted };
    });
}
