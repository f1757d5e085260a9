import { expect, test } from 'vitest';
import type { Clock } from '#platform';
import { createOpcUaCollector } from '../../../collectors/opcua/index.ts';
import type { Sample } from '../../../collectors/opcua/sample.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { METER, NAMESPACE } from '../../support/opcua/collecting.ts';

const T = Date.UTC(2026, 2, 2);
const [ENERGY, POWER] = ['ns=1;s=m1.Energy', 'ns=1;s=m1.Power'];

/** A server that sends the energy on its own shortly before each round, counting seconds, and keeps the rest as it is. */
async function attend(intervalMs: number, rounds: number) {
  let now = T;
  let notify: ((position: number, sample: Sample) => void) | undefined;
  const reads: (readonly string[])[] = [];
  const abort = new AbortController();
  const sample = (value: number): Sample => ({ status: 0, statusName: 'Good', value, type: 'Double', sourceAt: now });
  const clock: Clock = {
    now: () => now,
    sleep: (ms) => {
      now += ms;
      notify?.(0, { ...sample((now - T) / 1_000), sourceAt: now - 100 });
      if (reads.length >= rounds) abort.abort();
      return Promise.resolve();
    },
  };
  const session: Session = {
    namespaces: () => Promise.resolve(['', NAMESPACE]),
    read: (nodeIds) => {
      reads.push(nodeIds);
      return Promise.resolve(nodeIds.map(() => sample(7)));
    },
    subscribe: (_items, changed) => {
      notify = changed;
      return Promise.resolve([]);
    },
    history: () => Promise.resolve({ status: 0x8000_0000, statusName: 'BadHistoryOperationUnsupported', samples: [] }),
    browse: () => Promise.resolve([]),
    lost: new AbortController().signal,
    close: () => Promise.resolve(),
  };
  const context = recordingContext({ clock });
  await createOpcUaCollector(
    { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://x', security: 'none', timeoutMs: 1_000 },
    [{ id: 'm1', connection: 'ua', model: METER.id, intervalMs, namespace: NAMESPACE, nodePrefix: 'm1.' }],
    new Map([[METER.id, METER]]),
    context,
    { certificates: '/nowhere', open: () => Promise.resolve(session) },
  ).run(abort.signal);
  return { context, asked: (nodeId = '') => reads.filter((nodeIds) => nodeIds.includes(nodeId)).length, reads };
}

test('at short intervals what the subscription has just brought is not read again, and every interval has its frame', async () => {
  const { asked, context, reads } = await attend(1_000, 20);
  expect(asked(POWER)).toBe(20);
  // the first, and the one right after it, whose notification was of before the first
  expect(asked(ENERGY)).toBe(2);
  // the clock and the start of the server are asked for each time: only an answer proves that it lives
  expect(reads.every((nodeIds) => nodeIds.length >= 2)).toBe(true);
  expect(context.frames.filter(({ r }) => r.some(([name]) => name === 'e1')).length).toBeGreaterThanOrEqual(20);
});

test('at long intervals everything is read, so that a reading stands close to each boundary', async () => {
  const { asked } = await attend(900_000, 20);
  expect([asked(POWER), asked(ENERGY)]).toEqual([20, 20]);
});
