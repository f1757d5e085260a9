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
  /** Answers how to say that the log has them. */
  readonly offer: (offers: readonly Offer[]) => () => void;
  readonly close: () => void;
}

/** Lines: `<epoch ms> <base64>`, or `accepted <from> <to>`, counted from 0. */
export function openObligations(file: string): Obligations {
  const fd = openSync(file, 'a');
  let count = 0;
  const write = (text: string): void => {
    writeSync(fd, text);
    fdatasyncSync(fd);
  };
  return {
    offer: (offers) => {
      const [now, from] = [Date.now(), count];
      write(offers.map(({ value }) => `${now} ${Buffer.from(value).toString('base64')}\n`).join(''));
      count += offers.length;
      return () => write(`accepted ${from} ${from + offers.length}\n`);
    },
    close: () => closeSync(fd),
  };
}

export function readObligations(file: string): readonly Obligation[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const accepted = new Set<number>();
  for (const line of lines) {
    const [word, from, to] = line.split(' ');
    if (word === 'accepted') for (let i = Number(from); i < Number(to); i++) accepted.add(i);
  }
  return lines
    .filter((line) => /^\d/.test(line))
    .map((line, i) => {
      const [at, value = ''] = line.split(' ');
      return { offeredAt: Number(at), value: Buffer.from(value, 'base64'), accepted: accepted.has(i) };
    });
}
