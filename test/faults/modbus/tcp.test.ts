import { expect, test } from 'vitest';
import { storm } from '../../support/modbus-storm.ts';
import { tcpLine } from '../../support/modbus-storm-lines.ts';
import { CALMS, flawsOf, LONGEST_MS, POLLS } from './check-storm.ts';

const KINDS = 17;

// modbus-serial is not held to this: docs/adr/0100 has what it did
test(
  'polls of Modbus TCP: no value in the wrong place, each value read again in the next round',
  async () => {
    expect(flawsOf(await storm({ lines: 32, line: tcpLine(), polls: POLLS, calms: CALMS }), POLLS, KINDS)).toEqual([]);
  },
  LONGEST_MS,
);
