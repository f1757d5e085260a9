import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSpoolFile } from '../../../collectors/spool/file.ts';
import type { SpoolFileHandle } from '../../../collectors/spool/operate.ts';

/** In memory where there is some: what is cut is the file, not the disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const BEFORE = 40;
/** Every byte in CI, 0.8 ms of CPU each; elsewhere every so many. */
const STEP = process.env['CI'] ? 1 : 61;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(PLACE, 'torn-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (file: string): SpoolFileHandle =>
  openSpoolFile({ file, now: 0, maxBytes: undefined, lockTimeoutMs: 0, reserveBytes: 0 });
const append = (spool: SpoolFileHandle, from: number, count: number): void => {
  const lines = Array.from({ length: count }, (_, i) => `s\nd\n"at":${from + i},"r":[["e1",${from + i}]]}`);
  spool.append([{ kind: 'drafts', at: from, lines: lines.join('\n'), count }]);
};
const framesIn = (spool: SpoolFileHandle): string[] => {
  const { bytes, ends } = spool.read(0, 1_000, false);
  const whole = Buffer.from(bytes);
  return Array.from(ends, (end, i) => whole.subarray(ends[i - 1] ?? 0, end).toString());
};

interface Recorded {
  readonly src: string;
  readonly frames: readonly string[];
  readonly base: Buffer;
  readonly wal: Buffer;
  /** Size of the write-ahead log after each commit, and how many records there are from then on. */
  readonly commits: readonly { readonly bytes: number; readonly records: number }[];
}

/** A spool whose write-ahead log holds its last records alone, by so many commits. */
function record(name: string, commits: number, perCommit: number): Recorded {
  const file = join(folder, name);
  const first = open(file);
  append(first, 0, BEFORE);
  first.close();
  const spool = open(file);
  const done = Array.from({ length: commits }, (_, i) => {
    append(spool, BEFORE + i * perCommit, perCommit);
    return { bytes: statSync(`${file}-wal`).size, records: BEFORE + (i + 1) * perCommit };
  });
  const { src } = spool.state();
  const recorded = {
    src,
    frames: framesIn(spool),
    base: readFileSync(file),
    wal: readFileSync(`${file}-wal`),
    commits: done,
  };
  spool.close();
  return recorded;
}

/** Opens the file with its write-ahead log cut to so many bytes, and answers how many records there are. */
function openCut(name: string, { src, frames, base, wal, commits }: Recorded, bytes: number, look: boolean): number {
  const copy = join(folder, name);
  writeFileSync(copy, base);
  writeFileSync(`${copy}-wal`, wal.subarray(0, bytes));
  rmSync(`${copy}-next`, { force: true });
  const cut = open(copy);
  const expected = commits.findLast((commit) => commit.bytes <= bytes)?.records ?? BEFORE;
  const { next, low, src: found } = cut.state();
  if (next !== expected || found !== src || low !== 0) {
    throw new Error(`cut at ${bytes}: ${next} records of ${found} from ${low}, not ${expected} of ${src}`);
  }
  if (look && framesIn(cut).join('\n') !== frames.slice(0, expected).join('\n')) {
    throw new Error(`cut at ${bytes}: the records are not the first ${expected}`);
  }
  cut.close();
  return expected;
}

it(
  'cut at any byte of its last 200 records it opens by itself, with every record committed before the cut and no other',
  { timeout: 600_000 },
  () => {
    const recorded = record('spool.db', 2, 100);
    expect(recorded.frames).toHaveLength(BEFORE + 200);
    const seen = new Set<number>();
    for (let bytes = recorded.wal.length; bytes >= 0; bytes -= STEP) {
      seen.add(openCut('cut.db', recorded, bytes, bytes % 499 === 0));
    }
    expect([...seen]).toEqual([BEFORE + 200, BEFORE + 100, BEFORE]);
  },
);

it(
  'nor does it where each of the 200 was a commit of its own: cut at, before and after every end of one, and in between',
  { timeout: 300_000 },
  () => {
    const recorded = record('single.db', 200, 1);
    const ends = recorded.commits.flatMap(({ bytes }) => [bytes - 1, bytes, bytes + 1, bytes + 4_099]);
    const seen = ends
      .filter((bytes) => bytes <= recorded.wal.length)
      .map((bytes) => openCut('cut.db', recorded, bytes, bytes % 7 === 0));
    expect(new Set(seen).size).toBe(201);
  },
);

it('what was cut is told, and is a gap in seq: its numbers are not given again', () => {
  const file = join(folder, 'gap.db');
  const spool = open(file);
  append(spool, 0, 10);
  spool.close();
  const again = open(file);
  append(again, 10, 10);
  const [base, wal, next] = [readFileSync(file), readFileSync(`${file}-wal`), readFileSync(`${file}-next`)];
  again.close();
  writeFileSync(file, base);
  writeFileSync(`${file}-wal`, wal.subarray(0, wal.length - 1));
  writeFileSync(`${file}-next`, next);
  const cut = open(file);
  expect(cut.state()).toMatchObject({ next: 20, acknowledged: 0, sent: [[10, 20]], gaps: [[10, 20]], lost: 10 });
  append(cut, 20, 1);
  expect(framesIn(cut)).toHaveLength(10);
  expect(cut.read(20, 9, false).ends).toHaveLength(1);
  cut.close();
  const reopened = open(file);
  expect(reopened.state()).toMatchObject({ next: 21, acknowledged: 0, sent: [[10, 20]], gaps: [[10, 20]], lost: 0 });
  reopened.close();
});
