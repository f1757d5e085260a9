import { expect, test } from 'vitest';
import { systemClock } from '#platform';
import { deviceOf } from '../../../collectors/opcua/device.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { METER, NAMESPACE } from '../../support/opcua/collecting.ts';

const T = Date.UTC(2026, 2, 2);
const HOUR = 3_600_000;

test('the last answer of a device is never after now, also where our clock was set back', () => {
  let now = T + HOUR;
  const context = recordingContext({ clock: { ...systemClock, now: () => now } });
  const device = {
    id: 'm1',
    connection: 'ua',
    model: METER.id,
    intervalMs: 1_000,
    namespace: NAMESPACE,
    nodePrefix: '',
  };
  const unit = deviceOf(device, new Map([[METER.id, METER]]), 0, context);
  const [node] = unit.nodes;
  if (!node) throw new Error('the meter has no node');
  const offer = (sourceAt: number): number | undefined => {
    unit.offer(node, { status: 0, statusName: 'Good', value: 1, type: 'Double', sourceAt });
    return unit.lastAnswerAt;
  };
  expect(offer(now)).toBe(T + HOUR);
  now = T;
  // a value that its source has given long ago
  expect(offer(T - HOUR)).toBe(T - HOUR);
  expect(offer(T - 2 * HOUR)).toBe(T - HOUR);
  // a source that is ahead of us
  expect(offer(T + HOUR)).toBe(T);
});
