import { expect, test } from 'vitest';
import { recentFrames } from '../../../pipeline/intake/recent.ts';

const value = (seq: number): Uint8Array => Buffer.from(`frame ${seq}`);

test('what is kept of all spools together has a bound: those that were silent longest are forgotten first', () => {
  const recent = recentFrames(100, 1_000);
  // gateways whose folder does not outlive a restart come with a new spool each time
  for (let spool = 0; spool < 500; spool += 1) {
    recent.note('faithful', spool, value(spool));
    for (let seq = 0; seq < 20; seq += 1) recent.note(`spool-${spool}`, seq, value(seq));
  }
  const known = Array.from({ length: 500 }, (_, spool) =>
    Array.from({ length: 20 }, (__, seq) => recent.look(`spool-${spool}`, seq, value(seq))),
  ).flat();
  expect(known.filter((one) => one === 'repeated').length).toBeLessThanOrEqual(1_000);
  expect(recent.look('spool-499', 19, value(19))).toBe('repeated');
  expect(recent.look('spool-0', 19, value(19))).toBe('new');
  expect(recent.look('faithful', 499, value(499))).toBe('repeated');
});
