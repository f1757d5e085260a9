import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createTelemetry, silentLogger } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { drafts, frames, spoolFolder, T0 } from './spool-folder.ts';

const { folder, file, open, close } = spoolFolder();

describe('a full spool', () => {
  const small = { maxBytes: 64 * 1024 };
  const fill = async (spool: SpoolFile): Promise<number> => {
    for (let i = 0; ; i++) {
      try {
        await spool.append(drafts(20));
      } catch (error) {
        expect(error).toMatchObject({ kind: 'StoreError', code: 'SPOOL_FULL', place: file(), retryable: true });
        return i * 20;
      }
    }
  };

  it('rejects where configured so, keeps what it has, and goes on once it was drained', async () => {
    const spool = await open({ ...small, whenFull: 'reject' });
    const taken = await fill(spool);
    expect(taken).toBeGreaterThan(100);
    expect(await frames(spool)).toHaveLength(taken);
    await spool.acknowledge([0, taken]);
    await spool.append(drafts(20));
    expect(spool.pending()).toEqual([[taken, taken + 20]]);
  });

  it('holds its callers up where configured so, in order, and drops nothing', async () => {
    const naps: (() => void)[] = [];
    const telemetry = createTelemetry(silentLogger());
    const clock = { now: () => T0, sleep: () => new Promise<void>((wake) => naps.push(wake)) };
    const taken = await (async () => {
      const spool = await open({ ...small, whenFull: 'reject' });
      const count = await fill(spool);
      await close(spool);
      return count;
    })();
    const spool = await open({ ...small, clock, telemetry });
    const late = [spool.append(drafts(20, 'late-1')), spool.append(drafts(20, 'late-2'))];
    await expect.poll(() => naps.length).toBe(1);
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_spool_stalled_total{code="SPOOL_FULL"}': 1 });
    await spool.acknowledge([0, taken]);
    naps.shift()?.();
    await Promise.all(late);
    const devices = (await spool.peek([taken, taken + 99])).map((f) => f.device);
    expect(devices).toEqual([...Array<string>(20).fill('late-1'), ...Array<string>(20).fill('late-2')]);
  });

  it('lets go of the callers it holds up when the program ends, and still takes what there is room for', async () => {
    const filled = await open({ ...small, whenFull: 'reject' });
    const taken = await fill(filled);
    await close(filled);
    const spool = await open(small);
    const append = spool.append(drafts(20));
    append.catch(() => undefined);
    spool.holdNoMore();
    await expect(append).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
    await spool.acknowledge([0, taken]);
    await spool.append(drafts(20));
    expect(spool.pending()).toEqual([[taken, taken + 20]]);
  });

  it('tells the callers it still holds up when it is closed', async () => {
    const spool = await open({ ...small, whenFull: 'reject' });
    await fill(spool);
    await close(spool);
    const waiting = await open(small);
    const append = waiting.append(drafts(20));
    append.catch(() => undefined);
    await close(waiting);
    await expect(append).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
    await expect(waiting.append(drafts(1))).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
  });
});

it('holds its callers up while the disk under it is away, and goes on by itself', async () => {
  const telemetry = createTelemetry(silentLogger());
  const spool = await open({ telemetry });
  const [here, away] = [join(folder(), 'deep'), join(folder(), 'away')];
  renameSync(here, away);
  const append = spool.append(drafts(20));
  append.catch(() => undefined);
  await expect
    .poll(() => telemetry.counts())
    .toMatchObject({
      'civicmeter_spool_stalled_total{code="SPOOL_DISK_FAILED"}': 1,
    });
  renameSync(away, here);
  await append;
  expect(spool.pending()).toEqual([[0, 20]]);
});

it('says of frames that it has stored that they are stored, also where the oldest that waits cannot be read', async () => {
  // more than the file's reader keeps in memory
  const values = Array.from({ length: 6_000 }, (_, i) => ({ device: 'x', value: Buffer.from(`(${i})`.padEnd(1_000)) }));
  const first = await open({ keepMs: Infinity });
  await first.appendValues(values);
  await close(first);
  const spool = await open({ keepMs: Infinity });
  await spool.acknowledge([0, 3_000]);
  const bytes = readFileSync(file());
  const page = 8_192 * Math.floor(bytes.indexOf('(3000)') / 8_192);
  writeFileSync(file(), bytes.fill(0xff, page, page + 8_192), { flag: 'r+' });
  await spool.appendValues(values);
  expect(spool.bounds().high).toBe(12_000);
  expect(spool.depth()).toMatchObject({ frames: 9_000, oldestAt: undefined });
  await expect(spool.read(3_000, 1)).rejects.toMatchObject({ code: 'SPOOL_CORRUPT' });
});

describe('a thread of the spool', () => {
  const withThread = async (): Promise<{ readonly spool: SpoolFile; readonly thread: Worker }> => {
    const started = once(process, 'worker');
    const spool = await open();
    // the event brings the thread that was started (node:process)
    const [thread] = (await started) as [Worker];
    return { spool, thread };
  };
  const ended = { code: 'SPOOL_THREAD_ENDED', place: expect.any(String), retryable: false };

  it('that ends is told to whoever holds the spool, and to its callers; no waiting cures it', async () => {
    const { spool, thread } = await withThread();
    await spool.append(drafts(3));
    await thread.terminate();
    expect(spool.lost.reason).toMatchObject(ended);
    await expect(spool.append(drafts(1))).rejects.toMatchObject(ended);
    await close(spool);
    expect((await open()).pending()).toEqual([[0, 3]]);
  });

  it('an answer of which is lost ends: the answers after it would be given to the wrong callers', async () => {
    const { spool, thread } = await withThread();
    thread.emit('messageerror', new Error('an answer that cannot be read'));
    await expect(spool.append(drafts(1))).rejects.toMatchObject(ended);
    await expect.poll(() => thread.threadId).toBe(-1);
    expect(spool.lost.aborted).toBe(true);
  });

  it('that was closed is not lost', async () => {
    const { spool, thread } = await withThread();
    await close(spool);
    expect([thread.threadId, spool.lost.aborted]).toEqual([-1, false]);
  });
});

describe('kill -9 of the process that appends', () => {
  it('loses nothing that was acknowledged, leaves no half call and no lock', { timeout: 240_000 }, async () => {
    const script = fileURLToPath(new URL('killed-child.ts', import.meta.url));
    let confirmed = 0;
    for (let round = 0; round < 20; round++) {
      const child = fork(script, [file()], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
      const target = confirmed + 20 + 17 * round;
      await once(child, 'message');
      await expect(open()).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
      child.on('message', (high: number) => {
        confirmed = Math.max(confirmed, high);
        if (confirmed >= target) child.kill('SIGKILL');
      });
      await once(child, 'exit');
      const spool = await open();
      const { low, high } = spool.bounds();
      expect(low).toBe(0);
      expect(high).toBeGreaterThanOrEqual(confirmed);
      expect(high % 10).toBe(0);
      expect((await frames(spool)).map((f) => f.seq)).toEqual(Array.from({ length: high }, (_, i) => i));
      await close(spool);
    }
    expect(confirmed).toBeGreaterThan(1_000);
  });
});
