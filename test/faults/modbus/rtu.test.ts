import { expect, test } from 'vitest';
import { drivenClock } from '../../support/modbus-clock.ts';
import { storm } from '../../support/modbus-storm.ts';
import { rtuLine } from '../../support/modbus-storm-lines.ts';
import { CALMS, flawsOf, LONGEST_MS, POLLS } from './check-storm.ts';

const KINDS = 23;

test(
  `${POLLS} polls of RTU lines: no value in the wrong place, each value read again in the next round`,
  async () => {
    const clock = drivenClock();
    const driven = { clock, runUntil: clock.runUntil };
    expect(
      flawsOf(await storm({ lines: 8, line: rtuLine(clock), polls: POLLS, calms: CALMS, driven }), POLLS, KINDS),
    ).toEqual([]);
  },
  LONGEST_MS,
);
