import { closeSync, createReadStream, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
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

/** Line by line, since all of a long run makes no string. */
export async function readObligations(file: string): Promise<readonly Obligation[]> {
  const sent: { readonly offeredAt: number; readonly value: Uint8Array }[] = [];
  const accepted = new Set<number>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [word, ...rest] = line.split(' ');
    if (word === 'accepted') for (let i = Number(rest[0]); i < Number(rest[1]); i++) accepted.add(i);
    else sent.push({ offeredAt: Number(word), value: Buffer.from(rest[0] ?? '', 'base64') });
  }
  return sent.map((each, i) => ({ ...each, accepted: accepted.has(i) }));
}
