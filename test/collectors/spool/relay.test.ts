import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FrameDraft, seqSetOf, storeError } from '#domain';
import { type Clock, createTelemetry, silentLogger, type Telemetry } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { type RelayOptions, runRelay, toLog } from '../../../collectors/spool/relay.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';

const drafts = (count: number): FrameDraft[] =>
  Array.from({ length: count }, (_, i) => ({ site: 's', device: `d-${i % 5}`, at: i, r: [['e1', i]] as const }));

let folder: string;
let spool: SpoolFile;
let telemetry: Telemetry;
let stopping: AbortController;
let running: Promise<void> | undefined;
/** Naps that the relay took, in ms; each passes at once. */
let naps: number[];
let now: number;
const clock: Clock = {
  now: () => now,
  sleep: (ms) => {
    naps.push(ms);
    now += ms;
    return Promise.resolve();
  },
};
/** What the log got, as seqs, in order; repeated ones included. */
let taken: number[];
type Append = Parameters<typeof toLog>[0]['append'];
const take: Append = async (records) => {
  for (const { value } of records) taken.push((JSON.parse(Buffer.from(value).toString()) as { seq: number }).seq);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-'));
  telemetry = createTelemetry(silentLogger());
  [naps, taken, now] = [[], [], 1_000];
  stopping = new AbortController();
  running = undefined;
  spool = await openSpool({ file: join(folder, 'spool.db'), clock, telemetry });
});
afterEach(async () => {
  stopping.abort();
  await running;
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (append: Append, more: Partial<RelayOptions> = {}): void => {
  running = runRelay(
    { spool, deliver: toLog({ append }), clock, random: () => 1, telemetry, ...more },
    stopping.signal,
  );
};
const untilAborted = (signal?: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
const seqs = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the relay', () => {
  it('brings every frame to the log, the newest first, and empties the spool, also of what comes later', async () => {
    await spool.append(drafts(9_000));
    start(take);
    await expect.poll(() => taken.length).toBe(9_000);
    await spool.append(drafts(10));
    await expect.poll(() => spool.depth().frames).toBe(0);
    const backwards = [...seqs(9_000).slice(5_000), ...seqs(5_000).slice(1_000), ...seqs(1_000)];
    expect(taken).toEqual([...backwards, ...seqs(9_010).slice(9_000)]);
    expect(naps).toEqual([]);
  });

  it('offers the same frames again until the log takes them, more and more seldom, and says so once', async () => {
    await spool.append(drafts(20));
    let refusals = 9;
    start((records) => {
      expect(spool.depth().frames).toBe(20);
      return refusals-- > 0 ? Promise.reject(storeError('LOG_APPEND_FAILED', 'no broker')) : take(records);
    });
    await expect.poll(() => spool.depth().frames).toBe(0);
    expect(taken).toEqual(seqs(20));
    expect(naps).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(await telemetry.counts()).toMatchObject({
      civicmeter_relay_stalled_total: 1,
      civicmeter_relay_resumed_total: 1,
    });
  });

  it('says it again where the reason has become another: a line that came back to a key that was revoked', async () => {
    await spool.append(drafts(20));
    const told: unknown[] = [];
    const heard: Telemetry = {
      ...telemetry,
      emit: (event, _spec, fields) => void told.push([event, fields?.['code']]),
    };
    const reasons = ['CENTRE_SILENT', 'CENTRE_SILENT', 'CENTRE_KEY_REFUSED', 'CENTRE_KEY_REFUSED'];
    start(
      (records) => {
        const reason = reasons.shift();
        return reason === undefined ? take(records) : Promise.reject(storeError(reason, 'no'));
      },
      { telemetry: heard },
    );
    await expect.poll(() => spool.depth().frames).toBe(0);
    expect(told.slice(0, 3)).toEqual([
      ['relayStalled', 'CENTRE_SILENT'],
      ['relayStalled', 'CENTRE_KEY_REFUSED'],
      ['relayResumed', undefined],
    ]);
  });

  it('repeats, and never loses, what the log took just before an answer went missing', async () => {
    await spool.append(drafts(30));
    let answered = false;
    start(async (records) => {
      await take(records);
      if (answered) return;
      answered = true;
      throw new Error('connection reset');
    });
    await expect.poll(() => spool.depth().frames).toBe(0);
    expect(taken).toEqual([...seqs(30), ...seqs(30)]);
  });

  it('keeps to its rate', async () => {
    await spool.append(drafts(1_000));
    start(take, { framesPerSecond: 250 });
    await expect.poll(() => spool.depth().frames).toBe(0);
    expect(naps).toEqual([1_000, 1_000, 1_000]);
  });

  it('comes through a line so slow that a whole batch does not get through it before its time is over', async () => {
    const [msPerFrame, timeoutMs] = [1_500, 60_000];
    await spool.append(drafts(300));
    let tries = 0;
    start(
      async (records) => {
        if (++tries > 100) stopping.abort();
        now += Math.min(timeoutMs, records.length * msPerFrame);
        if (records.length * msPerFrame > timeoutMs) throw storeError('CENTRE_SILENT', 'the line is too slow');
        await take(records);
      },
      { framesPerSecond: 500 },
    );
    await expect.poll(() => tries > 100 || spool.depth().frames === 0).toBe(true);
    expect(taken.toSorted((a, b) => a - b)).toEqual(seqs(300));
  });

  it('leaves what the log refused in the spool, offers the rest, and the refused again later', async () => {
    await spool.append(drafts(100));
    let refusing = true;
    running = runRelay(
      {
        spool,
        deliver: async (frames) => {
          const accepted = frames.filter(({ seq }) => !refusing || seq < 40 || seq >= 60);
          await take(accepted);
          return seqSetOf(accepted.map(({ seq }) => [seq, seq + 1]));
        },
        clock: { now: () => now, sleep: (_ms, signal) => untilAborted(signal) },
        random: () => 1,
        telemetry,
      },
      stopping.signal,
    );
    await expect.poll(() => spool.pending()).toEqual([[40, 60]]);
    await spool.append(drafts(5));
    await expect.poll(() => spool.pending()).toEqual([[40, 60]]);
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_frames_left_total{reason="refused"}': 20 });
    refusing = false;
    now += 11 * 60_000;
    await spool.append(drafts(1));
    await expect.poll(() => spool.pending()).toEqual([]);
    expect(taken.toSorted((a, b) => a - b)).toEqual(seqs(106));
  });

  it('is not stopped by a clock that is set, whichever way', async () => {
    await spool.append(drafts(1_000));
    const steps = [-1_000, 1_000, -3_600_000, 3_600_000, -31_536_000_000, 31_536_000_000];
    start(
      async (records) => {
        await take(records);
        now += steps.shift() ?? 0;
      },
      { framesPerSecond: 100 },
    );
    await expect.poll(() => spool.depth().frames, { timeout: 10_000 }).toBe(0);
    expect(taken.toSorted((a, b) => a - b)).toEqual(seqs(1_000));
    expect(naps.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(20_000);
  });

  it('stops at once while it waits, and leaves the rest in the spool', async () => {
    start(take);
    stopping.abort();
    await running;
    await spool.append(drafts(3));
    expect(spool.depth().frames).toBe(3);
  });
});
