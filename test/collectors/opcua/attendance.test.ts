import { expect, test } from 'vitest';
import type { Clock } from '#platform';
import { prepare, rounds } from '../../../collectors/opcua/attendance.ts';
import { deviceOf } from '../../../collectors/opcua/device.ts';
import type { Sample } from '../../../collectors/opcua/sample.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { METER, NAMESPACE } from '../../support/opcua/collecting.ts';

const T = Date.UTC(2026, 2, 2);
const SECOND = 1_000;
const CONNECTION = { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://x', security: 'none', timeoutMs: 1_000 } as const;

const good = (value: number, at: number): Sample => ({
  status: 0,
  statusName: 'Good',
  value,
  type: 'Double',
  sourceAt: at,
});

/**
 * Ten rounds at an interval of a second with a server whose energy changes each second and is brought `lateMs` after that;
 * volume and power stand still. Before them its energy was brought once, at `broughtAt` of our clock. Answers which nodes each round
 * asked for.
 */
async function asked(lateMs: number, broughtAt?: number) {
  const ending = new AbortController();
  let now = T;
  let bring: (position: number, sample: Sample) => void = () => undefined;
  const wake = (until: number): void => {
    for (let at = Math.floor(now / SECOND) * SECOND; at + lateMs <= until; at += SECOND) {
      if (at + lateMs > now) bring(0, good((at - T) / SECOND, at));
    }
    now = until;
  };
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      wake(now + Math.max(1, ms));
      if (now >= T + 10 * SECOND) ending.abort(new Error('enough'));
    },
  };
  const context = recordingContext({ clock });
  const device = {
    id: 'm1',
    connection: 'ua',
    model: METER.id,
    intervalMs: SECOND,
    namespace: NAMESPACE,
    nodePrefix: '',
  };
  const unit = deviceOf(device, new Map([[METER.id, METER]]), 0, context);
  const reads: (readonly string[])[] = [];
  const session: Session = {
    namespaces: async () => ['', NAMESPACE],
    read: async (nodeIds) => {
      reads.push(nodeIds.filter((id) => id.startsWith('ns=1')));
      return nodeIds.map((id) => good(id.endsWith('Energy') ? Math.floor((now - T) / SECOND) : 5, now));
    },
    subscribe: async (_items, changed) => {
      bring = changed;
      return [];
    },
    history: async () => ({ status: 0, statusName: 'Good', samples: [] }),
    browse: async () => [],
    lost: new AbortController().signal,
    hurry: () => undefined,
    close: async () => undefined,
  };
  const attended = {
    connection: CONNECTION,
    units: [unit],
    context,
    phaseOf: () => 0,
    round: () => undefined,
    stored: async () => undefined,
    serverClock: () => [],
  };
  const place = await prepare(session, attended);
  if (broughtAt !== undefined) {
    now = broughtAt;
    bring(0, good(0, broughtAt));
    now = T;
  }
  const never = new AbortController().signal;
  await rounds(session, place, attended, {
    ended: ending.signal,
    stop: never,
    answered: () => undefined,
    first: () => undefined,
  });
  const energies = context.frames.flatMap(({ at, r }) => r.filter(([name]) => name === 'e1').map(() => at));
  return { energyReads: reads.filter((ids) => ids.some((id) => id.endsWith('Energy'))).length, reads, energies };
}

test.each([50, 600, 999])(
  'at short intervals a node that the subscription brings %i ms late is read only at first, and one that stands still each time',
  async (lateMs) => {
    const { energyReads, reads, energies } = await asked(lateMs);
    expect(reads.length).toBeGreaterThanOrEqual(10);
    expect(energyReads).toBeLessThanOrEqual(2);
    expect(reads.every((ids) => ids.some((id) => id.endsWith('Volume')))).toBe(true);
    // each second has its value in a frame, whether it was brought before the round or after it
    const seconds = new Set(energies.map((at) => Math.floor((at - T) / SECOND)));
    expect([...Array(9).keys()].filter((second) => !seconds.has(second))).toEqual([]);
  },
);

test('a node that was brought before our clock was set back, and then stands still, is read', async () => {
  const { energyReads, reads } = await asked(Infinity, T + 3_600 * SECOND);
  expect(reads.length).toBeGreaterThanOrEqual(10);
  expect(energyReads).toBe(reads.length);
});
