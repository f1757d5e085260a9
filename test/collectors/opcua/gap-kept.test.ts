import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceError } from '#domain';
import { createOpcUaCollector } from '../../../collectors/opcua/index.ts';
import type { Sample } from '../../../collectors/opcua/sample.ts';
import type { HistoryPiece, HistoryRequest, Session } from '../../../collectors/opcua/session.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { METER, NAMESPACE } from '../../support/opcua/collecting.ts';

const MINUTE = 60_000;
const NO_ANSWER = deviceError('OPCUA_NO_ANSWER', 'no answer');
const CONNECTION = { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://x', security: 'none', timeoutMs: 1_000 } as const;

let folder = '';
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'civicmeter-gap-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

interface Served {
  /** Whether the answers to reads come, by how many came before. */
  readonly answers?: (reads: number) => boolean;
  readonly history: (request: HistoryRequest) => Promise<HistoryPiece>;
}

const NOTHING: HistoryPiece = { status: 0, statusName: 'Good', samples: [] };

/** A collector whose sessions fare as these do, one after the other; the last is for the rest. */
function collect(sessions: readonly Served[]) {
  const sampleNow = (): Sample => {
    const now = Date.now();
    return { status: 0, statusName: 'Good', value: now % 1_000, type: 'Double', sourceAt: now };
  };
  let opened = 0;
  const open = async (): Promise<Session> => {
    const { answers = () => true, history } = sessions[Math.min(opened, sessions.length - 1)] ?? {
      history: async () => NOTHING,
    };
    opened += 1;
    let reads = 0;
    return {
      namespaces: async () => ['', NAMESPACE],
      read: async (nodeIds) => {
        if (!answers(reads++)) throw NO_ANSWER;
        return nodeIds.map(sampleNow);
      },
      subscribe: async (items, changed) => {
        items.forEach((_, position) => changed(position, sampleNow()));
        return [];
      },
      history,
      browse: async () => [],
      lost: new AbortController().signal,
      hurry: () => undefined,
      close: async () => undefined,
    };
  };
  const context = recordingContext();
  const device = { id: 'm1', connection: 'ua', model: METER.id, intervalMs: 100, namespace: NAMESPACE, nodePrefix: '' };
  const options = { certificates: folder, marks: folder, backoff: { minMs: 10, maxMs: 20 }, open };
  const collector = createOpcUaCollector(CONNECTION, [device], new Map([[METER.id, METER]]), context, options);
  const ending = new AbortController();
  const run = collector.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort(new Error('the test ends'));
    await run;
  };
  closing.push(stop);
  return { context, opened: () => opened, stop };
}

/** Of the energy: what was asked for first. */
const firstFrom = (asked: readonly HistoryRequest[]): number | undefined =>
  asked.find(({ nodeId }) => nodeId.endsWith('Energy'))?.from;

test('a break is a gap also where the first session after it brings values and breaks before its first answer', async () => {
  const stored = Date.now() - 60 * MINUTE;
  await writeFile(join(folder, 'ua.json'), JSON.stringify({ m1: { e1: stored } }));
  const asked: HistoryRequest[] = [];
  const history = async (request: HistoryRequest): Promise<HistoryPiece> => {
    asked.push(request);
    return NOTHING;
  };
  const { context } = collect([{ answers: () => false, history }, { history }]);
  await until('a gap that stays', () => context.events.some(({ event }) => event === 'opcuaGapStays'));
  expect(firstFrom(asked)).toBe(stored + 1);
});

test('a gap that was not filled when the program ended is filled by the next', async () => {
  const stored = Date.now() - 60 * MINUTE;
  await writeFile(join(folder, 'ua.json'), JSON.stringify({ m1: { e1: stored } }));
  const silent = collect([{ history: () => Promise.reject(NO_ANSWER) }]);
  await until('a gap that waits', () => silent.context.events.some(({ event }) => event === 'opcuaGapWaits'));
  await silent.stop();
  const asked: HistoryRequest[] = [];
  const history = async (request: HistoryRequest): Promise<HistoryPiece> => {
    asked.push(request);
    return NOTHING;
  };
  const { context } = collect([{ history }]);
  await until('a gap that stays', () => context.events.some(({ event }) => event === 'opcuaGapStays'));
  expect(firstFrom(asked)).toBe(stored + 1);
});

test('a session that breaks while a gap waits is followed by another', async () => {
  await writeFile(join(folder, 'ua.json'), JSON.stringify({ m1: { e1: Date.now() - 60 * MINUTE } }));
  const { opened } = collect([{ answers: (reads) => reads < 2, history: () => Promise.reject(NO_ANSWER) }]);
  await expect.poll(opened).toBeGreaterThan(1);
});
