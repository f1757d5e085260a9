import { expect, test } from 'vitest';
import { deviceError } from '#domain';
import type { Clock } from '#platform';
import { deviceOf, type OpcUaDevice } from '../../../collectors/opcua/device.ts';
import { fillGaps } from '../../../collectors/opcua/gaps.ts';
import type { HistoryPiece, HistoryRequest, Session } from '../../../collectors/opcua/session.ts';
import { recordingContext, type RecordingContext } from '../../support/collector-context.ts';
import { METER } from '../../support/opcua/collecting.ts';

const T = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CONNECTION = { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://x', security: 'none', timeoutMs: 1_000 } as const;

/** Fills a gap of the energy from a server with these answers; every sleep ends at once. */
async function fill(
  gap: { readonly from: number; readonly to: number },
  answer: (request: HistoryRequest, asked: number) => HistoryPiece,
): Promise<{
  readonly context: RecordingContext;
  readonly unit: OpcUaDevice;
  readonly requests: readonly HistoryRequest[];
}> {
  const requests: HistoryRequest[] = [];
  const clock: Clock = { now: () => T + 400 * HOUR, sleep: () => Promise.resolve() };
  const context = recordingContext({ clock });
  const device = {
    id: 'm1',
    connection: 'ua',
    model: METER.id,
    intervalMs: MINUTE,
    namespace: 'urn:x',
    nodePrefix: '',
  };
  const unit = deviceOf(device, new Map([[METER.id, METER]]), 0, context);
  const [node] = unit.nodes;
  if (!node) throw new Error('a node');
  unit.gaps = [{ node, ...gap }];
  const session = {
    history: (request: HistoryRequest): Promise<HistoryPiece> => {
      requests.push(request);
      return Promise.resolve().then(() => answer(request, requests.length));
    },
  } satisfies Partial<Session>;
  const never = new AbortController().signal;
  const place = new Map([[unit, [{ unit, node, nodeId: 'ns=1;s=e1', notifiedAt: -Infinity }]]]);
  const whole: Session = {
    ...session,
    namespaces: () => Promise.resolve([]),
    read: () => Promise.resolve([]),
    subscribe: () => Promise.resolve([]),
    browse: () => Promise.resolve([]),
    lost: never,
    hurry: () => undefined,
    close: () => Promise.resolve(),
  };
  await fillGaps(whole, place, { connection: CONNECTION, context }, never, never);
  return { context, unit, requests };
}

/** A value each minute that counts minutes. */
const everyMinute = ({ from, to, limit }: HistoryRequest): HistoryPiece => {
  const first = Math.ceil((from - T) / MINUTE);
  const last = Math.floor((to - T) / MINUTE);
  const count = Math.max(0, Math.min(limit, last - first + 1));
  const samples = Array.from({ length: count }, (_, i) => ({
    status: 0,
    statusName: 'Good',
    value: first + i,
    type: 'Double',
    sourceAt: T + (first + i) * MINUTE,
  }));
  return { status: 0, statusName: 'Good', samples };
};
const refusal = (statusName: string): HistoryPiece => ({ status: 0x8000_0000, statusName, samples: [] });
const waits = (context: RecordingContext): number => context.events.filter((e) => e.event === 'opcuaGapWaits').length;

test('three days come slice by slice, each value once, oldest first, and stored before more is asked for', async () => {
  const { context, unit, requests } = await fill({ from: T, to: T + 72 * HOUR }, everyMinute);
  expect(context.frames.map(({ at, r }) => [at, r])).toEqual(
    Array.from({ length: 72 * 60 + 1 }, (_, n) => [T + n * MINUTE, [['e1', n]]]),
  );
  expect(Math.max(...requests.map(({ from, to }) => to - from))).toBeLessThanOrEqual(6 * HOUR);
  expect(unit.gaps).toEqual([]);
  expect(context.events.filter((e) => e.event === 'opcuaGapFilled')).toMatchObject([
    { fields: { values: 72 * 60 + 1 } },
  ]);
});

test('a server that gives no answer half-way is asked again, from where it stopped', async () => {
  const { context, unit } = await fill({ from: T, to: T + 12 * HOUR }, (request, asked) => {
    if (asked === 4) throw deviceError('OPCUA_NO_ANSWER', 'no answer');
    return everyMinute(request);
  });
  expect(waits(context)).toBe(1);
  expect(unit.gaps).toEqual([]);
  expect(new Set(context.frames.map(({ at }) => at)).size).toBe(12 * 60 + 1);
  expect(context.frames).toHaveLength(12 * 60 + 1);
});

test.each([
  ['refuses', () => refusal('BadHistoryOperationUnsupported'), 'BadHistoryOperationUnsupported'],
  ['answers well, with nothing', () => ({ status: 0, statusName: 'Good', samples: [] }), 'no values'],
])('a server that %s keeps no history: the gap stays, and nothing is made up', async (_how, answer, reason) => {
  const { context, unit } = await fill({ from: T, to: T + HOUR }, answer);
  expect(context.frames).toEqual([]);
  expect(unit.gaps).toEqual([]);
  expect(context.events.filter((e) => e.event === 'opcuaGapStays')).toMatchObject([{ fields: { reason } }]);
  expect(context.events.some((e) => e.event === 'opcuaGapFilled')).toBe(false);
});
