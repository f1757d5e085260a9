import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FrameDraft, storeError } from '#domain';
import { type Clock, createTelemetry, silentLogger, type Telemetry } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { type RelayOptions, runRelay } from '../../../collectors/spool/relay.ts';
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
const take: RelayOptions['log']['append'] = async (records) => {
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

const start = (append: RelayOptions['log']['append'], more: Partial<RelayOptions> = {}): void => {
  running = runRelay({ spool, log: { append }, clock, random: () => 1, telemetry, ...more }, stopping.signal);
};
const seqs = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the relay', () => {
  it('brings every frame to the log in order, and empties the spool, also of what comes later', async () => {
    await spool.append(drafts(9_000));
    start(take);
    await expect.poll(() => taken.length).toBe(9_000);
    await spool.append(drafts(10));
    await expect.poll(() => spool.depth().frames).toBe(0);
    expect(taken).toEqual(seqs(9_010));
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
    expect(naps).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  it('stops at once while it waits, and leaves the rest in the spool', async () => {
    start(take);
    stopping.abort();
    await running;
    await spool.append(drafts(3));
    expect(spool.depth().frames).toBe(3);
  });
});
