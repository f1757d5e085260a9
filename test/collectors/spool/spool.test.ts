import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameDraft, seqSetOf, seqsOutside } from '#domain';
import { systemClock } from '#platform';
import { refuseOldSqlite } from '../../../collectors/spool/file.ts';
import { draft, drafts, frames, spoolFolder } from './spool-folder.ts';

const { folder, file, open, close } = spoolFolder();

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
    rmSync(join(folder(), 'deep'), { recursive: true });
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
        rmSync(join(folder(), 'deep'), { recursive: true, force: true });
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
    await expect(open()).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_LOCKED', place: file() });
  });

  it('when the file is no database, and leaves it as it was', async () => {
    const notes = join(folder(), 'notes.txt');
    const minutes = 'minutes of the meeting '.repeat(100);
    writeFileSync(notes, minutes);
    await expect(open({ file: notes })).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_NOT_OURS' });
    expect(readFileSync(notes, 'utf8')).toBe(minutes);
  });

  it('when the file is somebody else’s database', async () => {
    const place = join(folder(), 'theirs.db');
    const theirs = new DatabaseSync(place);
    theirs.exec('create table frame (seq integer)');
    theirs.close();
    await expect(open({ file: place })).rejects.toMatchObject({ code: 'SPOOL_NOT_OURS', place });
  });

  it('when the folder cannot be made, or is a file', async () => {
    writeFileSync(join(folder(), 'deep'), '');
    await expect(open()).rejects.toMatchObject({ kind: 'ConfigError', code: 'SPOOL_UNWRITABLE', place: file() });
  });

  it('when a newer program wrote it', async () => {
    await close(await open());
    const db = new DatabaseSync(file());
    db.exec('pragma user_version = 99');
    db.close();
    await expect(open()).rejects.toMatchObject({ code: 'SPOOL_TOO_NEW' });
  });

  it('when SQLite is older than 3.51.3', () => {
    for (const version of ['3.51.2', '3.50.9', '2.99.9']) expect(() => refuseOldSqlite(version)).toThrow(/3\.51\.3/);
    for (const version of ['3.51.3', '3.52.0', '4.0.0']) expect(() => refuseOldSqlite(version)).not.toThrow();
  });
});
