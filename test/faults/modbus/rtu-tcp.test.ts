import { expect, test } from 'vitest';
import { storm } from '../../support/modbus-storm.ts';
import { hasty, rtuTcpLine } from '../../support/modbus-storm-lines.ts';
import { CALMS, flawsOf, LONGEST_MS, POLLS } from './check-storm.ts';

const KINDS = 22;

test(
  `${POLLS} polls of RTU through sockets: no value in the wrong place, each value read again in the next round`,
  async () => {
    expect(flawsOf(await storm({ lines: 40, line: rtuTcpLine(), polls: POLLS, calms: CALMS }), POLLS, KINDS)).toEqual(
      [],
    );
  },
  LONGEST_MS,
);

test('the storm finds a transport that asks again without silence', async () => {
  const outcome = await storm({ lines: 20, line: rtuTcpLine(hasty), polls: 4_000, calms: 0 });
  expect(outcome.misattributed).toBeGreaterThan(0);
});
