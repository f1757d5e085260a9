import { expect, test } from 'vitest';
import { createPoller } from '../../../collectors/modbus/poller.ts';
import type { ReadFault, ReadResult } from '../../../collectors/modbus/transport.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { litres, modbusModel } from '../../support/modbus-model.ts';

const T = Date.UTC(2026, 2, 2);
const [MINUTE, DAY] = [60_000, 86_400_000];

test.each<readonly [string, ReadFault]>([
  ['refuses', { kind: 'exception', code: 2 }],
  ['is silent on', { kind: 'timeout' }],
])('a register that a device %s is asked for again within minutes after the clock was set back', async (_, fault) => {
  let now = T;
  const context = recordingContext({ clock: { now: () => now, sleep: () => Promise.resolve() }, random: () => 1 });
  const device = { id: 'm1', connection: 'line', model: 'test-meter', intervalMs: MINUTE, unit: 1 };
  // two requests: the gap between them is not read
  const poller = createPoller(device, modbusModel([litres('a', 0), litres('b', 100)]), context);
  let well = false;
  const poll = async () =>
    poller.poll(
      async ({ address }): Promise<ReadResult> =>
        address === 0 || well ? { ok: true, words: [7] } : { ok: false, fault },
      new AbortController().signal,
    );
  expect((await poll()).entries).toEqual([['a', 7]]);
  well = true;
  now -= 30 * DAY;
  expect((await poll()).entries).toEqual([
    ['a', 7],
    ['b', 7],
  ]);
});
