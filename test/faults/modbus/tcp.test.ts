import { expect, test } from 'vitest';
import { modbusTcp } from '../../../collectors/modbus/tcp.ts';
import { storm } from '../../support/modbus-storm.ts';
import { tcpLine } from '../../support/modbus-storm-lines.ts';
import { CALMS, flawsOf, LONGEST_MS, POLLS } from './check-storm.ts';

const KINDS = 17;

test.each([
  ['our own transport', tcpLine(), POLLS],
  ['the library', tcpLine(modbusTcp), POLLS / 4],
])(
  'polls of Modbus TCP by %s: no value in the wrong place, each value read again in the next round',
  async (_name, line, polls) => {
    expect(flawsOf(await storm({ lines: 32, line, polls, calms: CALMS }), polls, KINDS)).toEqual([]);
  },
  LONGEST_MS,
);
