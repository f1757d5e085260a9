import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { statusSchema } from '../../../api/cli/shapes.ts';
import { filesOf } from '../../../api/cli/wiring/data-folder.ts';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { openEmbeddedLog } from '../../../pipeline/log/embedded/log.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { read, until } from '../../contract/log/reader.ts';
import { cli } from '../../support/cli.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../../support/postgres.ts';
import { plant } from '../../support/run-books.ts';
import { smallRegistry } from '../../support/small-site.ts';

const DAYS_400 = 400 * 86_400_000;
/** What lies in the file itself, and what in its write-ahead log, by commits of four. */
const [BEFORE, AFTER] = [40, 20];
const CUTS = 60;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'torn-log-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let opened: SpoolFile | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function open(file: string): Promise<{ readonly spool: SpoolFile; readonly log: FrameLog }> {
  const telemetry = createTelemetry(silentLogger());
  const spool = await openSpool({ file, clock: systemClock, telemetry, keepMs: DAYS_400 });
  opened = spool;
  return { spool, log: openEmbeddedLog({ file: spool }) };
}

const close = async (): Promise<void> => {
  await opened?.close();
  opened = undefined;
};

const values = (from: number, count: number, kind = 'old') =>
  Array.from({ length: count }, (_, i) => ({ device: 'd', value: Buffer.from(`${kind} ${from + i}`) }));
const textOf = ({ value }: { readonly value: Uint8Array }): string => Buffer.from(value).toString();

interface Recorded {
  readonly base: Buffer;
  readonly wal: Buffer;
  readonly next: Buffer;
}

async function record(): Promise<Recorded> {
  const file = join(mkdtempSync(join(folder, 'whole-')), 'spool.db');
  await (await open(file)).spool.appendValues(values(0, BEFORE));
  await close();
  const { spool } = await open(file);
  for (let at = BEFORE; at < BEFORE + AFTER; at += 4) await spool.appendValues(values(at, 4));
  const recorded = {
    base: readFileSync(file),
    wal: readFileSync(`${file}-wal`),
    next: readFileSync(`${file}-next`),
  };
  await close();
  return recorded;
}

/** A reader that begins at `from`, until it has caught up: what it was given. */
async function readFrom(log: FrameLog, from: number): Promise<readonly string[]> {
  const reader = await read(log, { from: () => from });
  await until('the end of the log', () => reader.caughtUp.has(0), reader);
  await reader.consumer.stop();
  return reader.records.map((one) => `${one.offset} ${textOf(one)}`);
}

async function scanned(log: FrameLog): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const batch of log.scan(0, 0)) found.push(...batch.map((one) => `${one.offset} ${textOf(one)}`));
  return found;
}

describe('a log that lost its last records', () => {
  test.each([
    ['and the books have read them', (wal: number) => ({ next: false, read: BEFORE + AFTER, wal })],
    ['and the file beside it knows of them', (wal: number) => ({ next: true, read: 0, wal })],
  ])('%s gives their numbers to no other record, wherever it was cut', { timeout: 240_000 }, async (_, how) => {
    const { base, wal, next } = await record();
    const end = BEFORE + AFTER;
    const kept = new Set<number>();
    for (let cut = 0; cut <= CUTS; cut++) {
      const file = join(folder, 'cut.db');
      const { next: known, read: booked } = how(cut);
      writeFileSync(file, base);
      writeFileSync(`${file}-wal`, wal.subarray(0, Math.floor((wal.length * cut) / CUTS)));
      if (known) writeFileSync(`${file}-next`, next);
      else rmSync(`${file}-next`, { force: true });
      const { spool, log } = await open(file);
      await spool.skip(booked);
      const left = await scanned(log);
      expect(left).toEqual(values(0, left.length).map((one, i) => `${i} ${textOf(one)}`));
      // the end of what there is, not of what was given
      expect((await log.bounds()).get(0)).toEqual({ low: 0, high: left.length });
      await spool.appendValues(values(0, 3, 'new'));
      const fresh = [0, 1, 2].map((i) => `${end + i} new ${i}`);
      // the books, a reader that lagged, a replay
      expect(await readFrom(log, end)).toEqual(fresh);
      expect(await readFrom(log, left.length)).toEqual(fresh);
      expect(await scanned(log)).toEqual([...left, ...fresh]);
      await close();
      const again = await open(file);
      expect(await scanned(again.log)).toEqual([...left, ...fresh]);
      expect(again.spool.depth().frames).toBe(left.length + fresh.length);
      await close();
      kept.add(left.length);
    }
    expect([...kept].sort((a, b) => a - b)).toEqual([40, 44, 48, 52, 56, 60]);
  });
});

describe('books that have read more than the log holds', () => {
  let books: FreshBooks;
  let data: string;
  beforeAll(async () => {
    data = join(folder, 'data');
    mkdirSync(data);
    books = await freshBooks();
    await plant(books.books, smallRegistry([{ point: 'p' }]), []);
  }, 60_000);
  afterAll(async () => {
    await books.close();
    await stopPostgres();
  });

  const run = (...argv: readonly string[]) =>
    cli([...argv, '--json', '--data', data], { env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' } });
  const imported = async (...rows: readonly string[]): Promise<void> => {
    const file = join(folder, 'readings.csv');
    writeFileSync(file, ['register,time,value,unit', ...rows, ''].join('\n'));
    expect(await run('import', 'readings', file)).toMatchObject({ code: 0 });
  };
  const partition = async () => statusSchema.parse(JSON.parse((await run('status')).out)).partitions[0];

  test('take every reading that comes after, and say that the end of the log was lost', async () => {
    const { spool } = filesOf(data);
    const each = (act: (suffix: string) => void): void =>
      ['', '-wal', '-next'].filter((suffix) => existsSync(`${spool}${suffix}`)).forEach(act);
    await imported('d-p/e,2024-03-01 08:00,1000,Wh', 'd-p/e,2024-03-02 08:00,1500,Wh');
    each((suffix) => copyFileSync(`${spool}${suffix}`, join(folder, `copy${suffix}`)));
    await imported('d-p/e,2024-03-03 08:00,1600,Wh', 'd-p/e,2024-03-04 08:00,1700,Wh');
    expect(await partition()).toMatchObject({ nextOffset: 4, high: 4, readings: 4 });
    // the disk did not keep what it had said to have kept
    each((suffix) => rmSync(`${spool}${suffix}`));
    ['', '-wal', '-next']
      .filter((suffix) => existsSync(join(folder, `copy${suffix}`)))
      .forEach((suffix) => copyFileSync(join(folder, `copy${suffix}`), `${spool}${suffix}`));
    expect(statSync(spool).size).toBeGreaterThan(0);
    await imported('d-p/e,2024-03-05 08:00,2000,Wh');
    await imported('d-p/e,2024-03-06 08:00,2100,Wh', 'd-p/e,2024-03-07 08:00,2200,Wh');
    expect(await partition()).toMatchObject({ nextOffset: 7, high: 7, lag: 0, readings: 7, missing: 0 });
    expect(readFileSync(filesOf(data).log, 'utf8')).toContain('"event":"spoolTorn","count":2');
  }, 120_000);
});
