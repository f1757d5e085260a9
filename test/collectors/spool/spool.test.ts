import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Frame, type FrameDraft, frameSchema, seqSetOf, seqsOutside } from '#domain';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { refuseOldSqlite } from '../../../collectors/spool/file.ts';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openSpool, type SpoolOptions } from '../../../collectors/spool/spool.ts';

const T0 = 1_767_225_600_000;
const draft = (i: number, device = 'dev-01'): FrameDraft => ({
  site: 'gz-xzzx',
  device,
  at: T0 + i * 900_000,
  r: [
    ['e1', 1_000 + i],
    ['p1', 41_250, 'g'],
  ],
});
const drafts = (count: number, device?: string): FrameDraft[] =>
  Array.from({ length: count }, (_, i) => draft(i, device));

let folder: string;
let file: string;
const opened: SpoolFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
  file = join(folder, 'deep', 'er', 'spool.db');
});
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<SpoolOptions> = {}): Promise<SpoolFile> {
  const telemetry = createTelemetry(silentLogger());
  const spool = await openSpool({ file, clock: systemClock, telemetry, lockTimeoutMs: 50, ...options });
  opened.push(spool);
  return spool;
}

async function close(spool: SpoolFile): Promise<void> {
  opened.splice(opened.indexOf(spool), 1);
  await spool.close();
}

async function frames(spool: SpoolFile): Promise<Frame[]> {
  const all: Frame[] = [];
  for (let at = spool.bounds().low; at < spool.bounds().high;) {
    const read = await spool.read(at, 700);
    for (const { value } of read) all.push(frameSchema.parse(JSON.parse(Buffer.from(value).toString())) as Frame);
    at += read.length;
  }
  return all;
}

describe('the spool', () => {
  it('gives frames their source and a seq without gaps, also to concurrent callers', async () => {
    const spool = await open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => spool.append(drafts(i % 4, `dev-${i % 7}`))));
    const all = await frames(spool);
    expect(spool.src).toMatch(/^[0-9a-f]{8}$/);
    expect(all.map((f) => f.seq)).toEqual(all.map((_, i) => i));
    expect(new Set(all.map((f) => f.src))).toEqual(new Set([spool.src]));
    expect(all).toHaveLength(12 * 6 + 0 + 1);
  });

  it('gives back what was offered, whatever the values', async () => {
    const spool = await open();
    const entry = fc.tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/), fc.maxSafeInteger());
    const shape = fc.record(
      {
        site: fc.constant('s-1'),
        device: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
        at: fc.maxSafeInteger(),
        got: fc.maxSafeInteger(),
        r: fc.array(entry, { maxLength: 6 }),
      },
      { requiredKeys: ['site', 'device', 'at', 'r'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 5 }), async (offered) => {
        const from = spool.bounds().high;
        await spool.append(offered as unknown as FrameDraft[]);
        const read = await spool.read(from, 10);
        const expected = offered.map((d, i) => ({ v: 1, src: spool.src, seq: from + i, ...d }));
        expect(read.map(({ value }) => JSON.parse(Buffer.from(value).toString()))).toEqual(
          JSON.parse(JSON.stringify(expected)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('offers the oldest that are not acknowledged, and forgets them after', async () => {
    const spool = await open({ clock: { ...systemClock, now: () => 5_000 } });
    await spool.append(drafts(10));
    expect((await spool.peek([0, 3])).map((f) => f.seq)).toEqual([0, 1, 2]);
    expect(spool.depth()).toMatchObject({ frames: 10, oldestAt: 5_000 });
    await spool.acknowledge([0, 7]);
    expect((await spool.peek([7, 99])).map((f) => [f.seq, f.device])).toEqual([7, 8, 9].map((seq) => [seq, 'dev-01']));
    expect(spool.bounds()).toEqual({ low: 7, high: 10 });
    await spool.acknowledge([7, 10]);
    expect(spool.depth()).toMatchObject({ frames: 0, oldestAt: undefined });
    await spool.acknowledge([10, 999]);
    await spool.append([draft(0)]);
    expect((await spool.peek([10, 19])).map((f) => f.seq)).toEqual([10]);
  });

  it('goes on counting after reopening, also when it was emptied', async () => {
    const first = await open();
    await first.append(drafts(4));
    await first.acknowledge([0, 4]);
    await close(first);
    const second = await open();
    expect(second.src).toBe(first.src);
    await second.append([draft(4)]);
    expect(second.pending()).toEqual([[4, 5]]);
  });

  it('has another source when its file was made anew', async () => {
    const first = await open();
    const { src } = first;
    await close(first);
    rmSync(join(folder, 'deep'), { recursive: true });
    expect((await open()).src).not.toBe(src);
  });

  it('forgets only what is both committed and old enough', async () => {
    let now = 1_000;
    const spool = await open({ clock: { ...systemClock, now: () => now } });
    for (now of [1_000, 2_000, 3_000, 4_000]) await spool.append(drafts(5));
    expect(await spool.trim(2_500, 7)).toBe(7);
    expect(spool.bounds()).toEqual({ low: 7, high: 20 });
    expect(await spool.trim(2_500, 20)).toBe(3);
    expect(await spool.trim(2_500, 20)).toBe(0);
    expect(spool.depth().frames).toBe(0);
    expect((await spool.read(0, 1))[0]?.offset).toBe(10);
  });

  it('keeps bytes that are not JSON as they are', async () => {
    const spool = await open();
    const poison = [Buffer.from([0, 255, 10, 13, 0]), Buffer.alloc(0), Buffer.from('{"v":1')];
    await spool.appendValues(poison.map((value) => ({ device: 'x', value })));
    expect((await spool.read(0, 9)).map((r) => Buffer.from(r.value))).toEqual(poison);
  });

  it('refuses a draft that could never be a frame, and writes nothing of the call', async () => {
    const spool = await open();
    const bad = [
      { ...draft(1), device: 'no spaces' },
      { ...draft(1), at: 0.5 },
      { ...draft(1), r: [['e1', Number.NaN]] as const },
      { ...draft(1), r: Array.from({ length: 513 }, () => ['e1', 1] as const) },
    ];
    for (const one of bad)
      await expect(spool.append([draft(0), one])).rejects.toMatchObject({ code: 'FRAME_MALFORMED' });
    expect(spool.bounds()).toEqual({ low: 0, high: 0 });
  });
});

describe('acknowledging in any order', () => {
  it('keeps exactly what is not acknowledged, also after reopening, and forgets the rest', async () => {
    const first = await open();
    await first.append(drafts(100));
    await Promise.all([first.acknowledge([90, 100]), first.acknowledge([40, 50]), first.acknowledge([60, 70])]);
    expect(first.pending()).toEqual([
      [0, 40],
      [50, 60],
      [70, 90],
    ]);
    expect(first.depth().frames).toBe(70);
    expect((await first.peek([50, 60])).map(({ seq }) => seq)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
    expect(await first.peek([40, 50])).toEqual([]);
    await close(first);
    const second = await open();
    await second.acknowledge([0, 45]);
    expect(second.pending()).toEqual([
      [50, 60],
      [70, 90],
    ]);
    expect(second.bounds().low).toBe(50);
    await second.acknowledge([50, 90]);
    expect(second.pending()).toEqual([]);
    await second.append([draft(1)]);
    expect(second.pending()).toEqual([[100, 101]]);
  });

  it('leaves what any sequence of calls leaves of a set', async () => {
    const range = fc.tuple(fc.nat(60), fc.nat(12)).map(([from, length]) => [from, from + length] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 8 }), async (ranges) => {
        rmSync(join(folder, 'deep'), { recursive: true, force: true });
        const spool = await open();
        await spool.append(drafts(60));
        for (const one of ranges) await spool.acknowledge(one);
        const left = seqSetOf(ranges);
        await close(spool);
        const again = await open();
        expect(again.pending()).toEqual(seqsOutside(left, [0, 60]));
        await close(again);
      }),
      { numRuns: 15 },
    );
  });
});

describe('a spool that cannot be opened says why', () => {
  it('when another holder has it', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_LOCKED', place: file });
  });

  it('when the file is no database, and leaves it as it was', async () => {
    file = join(folder, 'notes.txt');
    writeFileSync(file, 'minutes of the meeting '.repeat(100));
    await expect(open()).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_NOT_OURS' });
  });

  it('when the file is somebody else’s database', async () => {
    file = join(folder, 'theirs.db');
    const theirs = new DatabaseSync(file);
    theirs.exec('create table frame (seq integer)');
    theirs.close();
    await expect(open()).rejects.toMatchObject({ code: 'SPOOL_NOT_OURS', place: file });
  });

  it('when the folder cannot be made, or is a file', async () => {
    writeFileSync(join(folder, 'deep'), '');
    await expect(open()).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_UNWRITABLE', place: file });
  });

  it('when a newer program wrote it', async () => {
    await close(await open());
    const db = new DatabaseSync(file);
    db.exec('pragma user_version = 99');
    db.close();
    await expect(open()).rejects.toMatchObject({ code: 'SPOOL_TOO_NEW' });
  });

  it('when SQLite is older than 3.51.3', () => {
    for (const version of ['3.51.2', '3.50.9', '2.99.9']) expect(() => refuseOldSqlite(version)).toThrow(/3\.51\.3/);
    for (const version of ['3.51.3', '3.52.0', '4.0.0']) expect(() => refuseOldSqlite(version)).not.toThrow();
  });
});

describe('a full spool', () => {
  const small = { maxBytes: 64 * 1024 };
  const fill = async (spool: SpoolFile): Promise<number> => {
    for (let i = 0; ; i++) {
      try {
        await spool.append(drafts(20));
      } catch (error) {
        expect(error).toMatchObject({ kind: 'StoreError', code: 'SPOOL_FULL', place: file, retryable: true });
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
  const [here, away] = [join(folder, 'deep'), join(folder, 'away')];
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
  const bytes = readFileSync(file);
  const page = 8_192 * Math.floor(bytes.indexOf('(3000)') / 8_192);
  writeFileSync(file, bytes.fill(0xff, page, page + 8_192), { flag: 'r+' });
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
    const script = fileURLToPath(new URL('appending-child.ts', import.meta.url));
    let confirmed = 0;
    for (let round = 0; round < 20; round++) {
      const child = fork(script, [file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
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
