import { describe, expect, test } from 'vitest';
import type { Clock } from '#platform';
import { deviceError } from '#domain';
import { createLine } from '../../../collectors/modbus/line.ts';
import type { OpenTransport, ReadRequest, ReadResult } from '../../../collectors/modbus/transport.ts';

const ASKED: ReadRequest = { unit: 1, fc: 3, address: 0, words: 1 };
const OK: ReadResult = { ok: true, words: [1] };

/** Time that passes only by sleeping. */
function stepClock(): Clock & { readonly slept: number[] } {
  let now = 1_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      slept.push(ms);
      now += ms;
      await Promise.resolve();
      if (signal?.aborted) throw signal.reason;
    },
  };
}

/** A transport in memory that answers as told and counts what happens on it. */
function memoryTransports(answers: () => ReadResult) {
  const seen = { opened: 0, closed: 0, inFlight: 0, most: 0, asked: [] as ReadRequest[] };
  const open: OpenTransport = async () => {
    seen.opened += 1;
    let alive = true;
    return {
      isOpen: () => alive,
      close: () => {
        if (alive) seen.closed += 1;
        alive = false;
      },
      read: async (request) => {
        seen.asked.push(request);
        seen.most = Math.max(seen.most, ++seen.inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        seen.inFlight -= 1;
        return answers();
      },
    };
  };
  return { open, seen };
}

const WATCH = {
  opened: () => undefined,
  notOpened: () => undefined,
  poisoned: () => undefined,
  foreign: () => undefined,
};
const signal = new AbortController().signal;

describe('a line', () => {
  test('has one request in flight however many are asked at once, in their order', async () => {
    const { open, seen } = memoryTransports(() => OK);
    const line = createLine(open, { pauseMs: 0 }, { clock: stepClock(), random: () => 0 }, WATCH);
    await line.ready(signal);
    await Promise.all([0, 1, 2, 3, 4].map((address) => line.read({ ...ASKED, address })));
    expect(seen.most).toBe(1);
    expect(seen.asked.map((r) => r.address)).toEqual([0, 1, 2, 3, 4]);
  });

  test('is read again after a read that failed in a way that nobody foresaw', async () => {
    let asked = 0;
    const { open } = memoryTransports(() => {
      asked += 1;
      if (asked === 1) throw new Error('a defect');
      return OK;
    });
    const line = createLine(open, { pauseMs: 0 }, { clock: stepClock(), random: () => 0 }, WATCH);
    await line.ready(signal);
    await expect(line.read(ASKED)).rejects.toThrow('a defect');
    line.close();
    await line.ready(signal);
    expect(await line.read(ASKED)).toEqual(OK);
  });

  test('pauses between requests', async () => {
    const clock = stepClock();
    const { open } = memoryTransports(() => OK);
    const line = createLine(open, { pauseMs: 30 }, { clock, random: () => 0 }, WATCH);
    await line.ready(signal);
    for (let i = 0; i < 3; i++) await line.read(ASKED);
    expect(clock.slept).toEqual([30, 30]);
  });

  test.each<[string, ReadResult, number]>([
    ['a time-out', { ok: false, fault: { kind: 'timeout' } }, 1],
    ['a garbled reply', { ok: false, fault: { kind: 'framing', detail: 'x' } }, 1],
    ['an exception', { ok: false, fault: { kind: 'exception', code: 2 } }, 0],
    ['a good reply', OK, 0],
  ])('after %s closes its connection %#', async (_what, answer, closed) => {
    const { open, seen } = memoryTransports(() => answer);
    const poisoned: string[] = [];
    const line = createLine(
      open,
      { pauseMs: 0 },
      { clock: stepClock(), random: () => 0 },
      {
        ...WATCH,
        poisoned: (kind) => poisoned.push(kind),
      },
    );
    await line.ready(signal);
    await line.read(ASKED);
    expect(seen.closed).toBe(closed);
    expect(poisoned).toHaveLength(closed);
    expect(line.state().state).toBe(closed === 1 ? 'closed' : 'open');
  });

  test('a request queued behind one that poisoned the line is not sent on it', async () => {
    const { open, seen } = memoryTransports(() => ({ ok: false, fault: { kind: 'timeout' } }));
    const line = createLine(open, { pauseMs: 0 }, { clock: stepClock(), random: () => 0 }, WATCH);
    await line.ready(signal);
    const [, second] = await Promise.all([line.read(ASKED), line.read(ASKED)]);
    expect(second).toMatchObject({ fault: { kind: 'closed' } });
    expect(seen.asked).toHaveLength(1);
    expect(await line.ready(signal)).toBe(true);
    expect(line.state()).toEqual({ state: 'open', reopened: 1, foreignReplies: 0 });
  });

  test('counts the replies that were not meant for what was asked', async () => {
    const answers: ReadResult[] = [OK, { ok: false, fault: { kind: 'framing', detail: 'unit 7' } }];
    const { open } = memoryTransports(() => answers.shift() ?? { ok: false, fault: { kind: 'timeout' } });
    const line = createLine(open, { pauseMs: 0 }, { clock: stepClock(), random: () => 0 }, WATCH);
    for (let asked = 0; asked < 3; asked++) {
      await line.ready(signal);
      await line.read(ASKED);
    }
    expect(line.state()).toMatchObject({ reopened: 1, foreignReplies: 1 });
  });

  test('is opened again and again with growing pauses until it opens', async () => {
    const clock = stepClock();
    const { open } = memoryTransports(() => OK);
    let refusals = 4;
    const reluctant: OpenTransport = async (s) => {
      if (refusals-- > 0) throw deviceError('LINE_NOT_OPEN', 'refused');
      return open(s);
    };
    const reasons: string[] = [];
    const line = createLine(
      reluctant,
      { pauseMs: 0, backoff: { minMs: 10, maxMs: 60 } },
      { clock, random: () => 0.5 },
      { ...WATCH, notOpened: ({ reason }) => reasons.push(reason) },
    );
    expect(await line.ready(signal)).toBe(true);
    expect(clock.slept).toEqual([15, 30, 45, 45]);
    expect(reasons).toEqual(['refused', 'refused', 'refused', 'refused']);
  });

  test('gives up at once when its signal aborts, with nothing left open', async () => {
    const stop = new AbortController();
    const { open, seen } = memoryTransports(() => OK);
    const line = createLine(
      async (s) => {
        const transport = await open(s);
        stop.abort();
        return transport;
      },
      { pauseMs: 0 },
      { clock: stepClock(), random: () => 0 },
      WATCH,
    );
    expect(await line.ready(stop.signal)).toBe(false);
    expect(seen).toMatchObject({ opened: 1, closed: 1 });
    expect(await line.read(ASKED)).toMatchObject({ fault: { kind: 'closed' } });
  });
});
