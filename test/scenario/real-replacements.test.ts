import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importReportSchema } from '../../api/http/import-port.ts';
import { findingListSchema } from '../../api/cli/shapes.ts';
import { cli, type CliRun } from '../support/cli.ts';
import {
  DAIAD_QUARTERLY,
  type DaiadDrop,
  daiadNote,
  daiadPresent,
  daiadQuarterlyReference,
  daiadSiteText,
} from '../support/daiad.ts';
import { litresOf, madridDay, withBooks } from '../support/daiad-books.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../support/postgres.ts';

const LITRES = 1_000;
const [FROM, TO] = [madridDay('1993-01-01'), madridDay('2018-01-01')];

interface Row {
  readonly meter: string;
  readonly date: string;
  readonly litres: number;
}

const readRows = (): readonly Row[] =>
  readFileSync(DAIAD_QUARTERLY, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [meter = '', date = '', value = ''] = line.split(',');
      return { meter, date, litres: Number(value) * LITRES };
    });

/** By definition: what a meter's register advanced over each stretch between two drops. */
function litresOfStretches(rows: readonly Row[]): Readonly<Record<string, number>> {
  const litres: Record<string, number> = {};
  for (const [meter, own] of Map.groupBy(rows, (row) => row.meter)) {
    const ordered = own.toSorted((a, b) => a.date.localeCompare(b.date) || a.litres - b.litres);
    litres[meter] = ordered.slice(1).reduce((sum, row, i) => {
      const advance = row.litres - (ordered[i]?.litres ?? 0);
      return advance > 0 ? sum + advance : sum;
    }, 0);
  }
  return litres;
}

const asBreak = ({ meter, prev_date, prev, date, register }: DaiadDrop): string =>
  `${meter} ${prev_date} ${prev * LITRES} → ${date} ${register * LITRES}`;

const asListed = ({ out }: CliRun): readonly string[] =>
  findingListSchema
    .parse(JSON.parse(out))
    .items.map(
      ({ device, from, to, fromValue, toValue }) =>
        `${device.slice('hand.w-'.length)} ${from.slice(0, 10)} ${fromValue} → ${to.slice(0, 10)} ${toValue}`,
    )
    .toSorted();

describe.skipIf(!daiadPresent)(`15 water meters, read each quarter for 24 years, 30 times replaced${daiadNote}`, () => {
  const drops = daiadPresent ? daiadQuarterlyReference().register_drops_after_removing_duplicates : [];
  const rows = daiadPresent ? readRows() : [];
  const truth = litresOfStretches(rows);
  const serials = Object.keys(truth);
  let data = '';
  let fresh: FreshBooks | undefined;
  let imported: CliRun;

  const civicmeter = (...args: readonly string[]): Promise<CliRun> =>
    cli([...args, '--data', data, '--books', fresh?.dsn ?? '', '--json']);
  const breaks = async (): Promise<readonly string[]> =>
    asListed(await civicmeter('findings', '--kind', 'break', '--limit', '100'));
  const inBooks = <T>(work: Parameters<typeof withBooks<T>>[1]): Promise<T> => withBooks(fresh?.dsn ?? '', work);
  const litres = (): Promise<Readonly<Record<string, number>>> =>
    inBooks(async (service) => {
      const found: Record<string, number> = {};
      for (const serial of serials) found[serial] = await litresOf(service, serial, FROM, TO);
      return found;
    });

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'civicmeter-water-'));
    const site = join(data, 'site.yaml');
    await writeFile(site, daiadSiteText({ serials, unit: 'm3' }));
    fresh = await freshBooks();
    await civicmeter('apply', site, '--by', 'test', '--reason', 'test');
    imported = await civicmeter('import', 'readings', DAIAD_QUARTERLY);
  }, 120_000);
  afterAll(async () => {
    await fresh?.close();
    await stopPostgres();
    await rm(data, { recursive: true, force: true });
  });

  test('every row is taken or counted as a duplicate', () => {
    const { rows: all, distinct_rows, exact_duplicate_rows } = daiadQuarterlyReference();
    expect(imported.code).toBe(0);
    expect(importReportSchema.parse(JSON.parse(imported.out))).toMatchObject({
      rows: all,
      readings: distinct_rows,
      duplicates: exact_duplicate_rows,
      refused: [],
    });
  });

  test('each drop is a break with its amount, and books nothing', async () => {
    expect(drops).toHaveLength(30);
    expect(await breaks()).toEqual(drops.map(asBreak).toSorted());
    await inBooks(async (service) => {
      for (const { meter, prev_date, date } of drops) {
        const [from, to] = [madridDay(prev_date), madridDay(date)];
        expect([meter, await litresOf(service, meter, from, to)]).toEqual([meter, 0]);
      }
    });
    expect(await litres()).toEqual(truth);
  });

  test('30 replacements entered, no break is left and the totals stand', { timeout: 300_000 }, async () => {
    for (const [i, { meter, date }] of drops.entries()) {
      const what = ['--point', `w-${meter}`, '--at', date, '--serial', `${meter}-${i}`];
      const end = await civicmeter('event', 'replacement', ...what, '--by', 'test', '--reason', 'the register fell');
      expect({ meter, date, code: end.code }).toEqual({ meter, date, code: 0 });
    }
    await inBooks(async (_service, { findings }) => {
      expect([...new Set(findings.map(({ kind }) => kind))]).toEqual(['gap']);
    });
    expect(await litres()).toEqual(truth);
  });

  test('a correction that knows the faces adds what the new meter had counted', { timeout: 60_000 }, async () => {
    const [drop] = drops;
    if (!drop) throw new Error('the reference has no drop');
    const { meter, prev_date, prev, register } = drop;
    const events = JSON.parse((await civicmeter('event', 'list')).out).events;
    const first = events.find(({ event }: { event: { point: string } }) => event.point === `w-${meter}`);
    const faces = ['--final', `${prev} m3`, '--initial', '0 m3', '--supersedes', String(first.id)];
    const what = ['--point', `w-${meter}`, '--at', `${prev_date}T12:00`, '--serial', `${meter}-0`, ...faces];
    const end = await civicmeter('event', 'replacement', ...what, '--by', 'test', '--reason', 'slip of the fitter');
    expect(end.code).toBe(0);
    expect(await litres()).toEqual({ ...truth, [meter]: (truth[meter] ?? 0) + register * LITRES });
    expect(await breaks()).toEqual([]);
    await inBooks(async (service) => {
      expect((await service.reconcile('daiad')).differences).toBe(0);
    });
  });
});
