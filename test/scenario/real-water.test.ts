import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImportReport, importReportSchema } from '../../api/http/import-port.ts';
import { reconcileAnswerSchema } from '../../pipeline/answers.ts';
import { cli, type CliRun } from '../support/cli.ts';
import {
  DAIAD_HOURLY,
  DAIAD_MAX_RATE,
  daiadHourlyCsv,
  daiadNote,
  daiadPresent,
  daiadReference,
  daiadSiteText,
  type DaiadSite,
} from '../support/daiad.ts';
import {
  type BooksContent,
  linesOf,
  litresByReference,
  shuffled,
  withBooks,
  withFolder,
} from '../support/daiad-books.ts';
import { runProcess } from '../support/daiad-cli.ts';
import { freshBooks, stopPostgres } from '../support/postgres.ts';

const reference = daiadPresent ? daiadReference() : {};
const serials = Object.keys(reference);
const truth = Object.fromEntries(serials.map((serial) => [serial, reference[serial]?.last_minus_first_l]));

const folders: string[] = [];
async function folderWith(site: DaiadSite, csv?: string): Promise<{ data: string; site: string; csv: string }> {
  const data = await mkdtemp(join(tmpdir(), 'civicmeter-water-'));
  folders.push(data);
  const files = { data, site: join(data, 'site.yaml'), csv: join(data, 'readings.csv') };
  await writeFile(files.site, daiadSiteText(site));
  if (csv !== undefined) await writeFile(files.csv, csv);
  return files;
}
afterAll(async () => {
  await stopPostgres();
  for (const data of folders) await rm(data, { recursive: true, force: true });
});

const reportOf = ({ out, err }: CliRun): ImportReport => {
  if (out === '') throw new Error(err);
  return importReportSchema.parse(JSON.parse(out));
};
const foldedOf = ({ status }: BooksContent): number => status.partitions.reduce((sum, p) => sum + p.folded, 0);
const readingsOf = ({ status }: BooksContent): number => status.partitions.reduce((sum, p) => sum + p.readings, 0);
const quarantinedOf = ({ status }: BooksContent): number =>
  status.partitions.reduce((sum, p) => sum + p.quarantined, 0);
/** `serial local time: value`, in the order of time. */
const listed = (content: BooksContent, kind: string): readonly string[] =>
  content.findings
    .filter((finding) => finding.kind === kind)
    .map(({ device, from, fromValue, toValue }) => {
      const values = fromValue === toValue ? String(fromValue) : `${fromValue}, ${toValue}`;
      return `${device.slice('hand.w-'.length)} ${from}: ${values}`;
    })
    .toSorted();

describe.skipIf(!daiadPresent)(`16 real water registers by civicmeter import readings${daiadNote}`, () => {
  let data = '';
  let codes: readonly number[];
  let report: ImportReport;
  let content: BooksContent;
  let lines: readonly string[];
  let litres: Readonly<Record<string, number>>;

  beforeAll(async () => {
    const files = await folderWith({ serials, maxRate: DAIAD_MAX_RATE });
    data = files.data;
    const applied = await runProcess('apply', files.site, '--data', data, '--by', 'test', '--reason', 'test');
    const imported = await runProcess('import', 'readings', DAIAD_HOURLY, '--data', data, '--json');
    codes = [applied.code, imported.code];
    report = reportOf(imported);
    await withFolder(data, async (service, found, books) => {
      content = found;
      lines = await linesOf(books);
      litres = await litresByReference(service, serials);
    });
  }, 300_000);

  test('every row is taken, counted as a duplicate or refused; every reading is folded or quarantined', () => {
    expect(codes).toEqual([0, 0]);
    expect(report).toMatchObject({ rows: 135_557, readings: 135_546, duplicates: 11, refused: [] });
    expect(report.registers).toHaveLength(16);
    expect([readingsOf(content), foldedOf(content), quarantinedOf(content)]).toEqual([135_546, 135_546, 0]);
    expect(content.status.partitions.map(({ lag, missing }) => [lag, missing])).toEqual([[0, 0]]);
  });

  test('usage is last − first for 16 of 16', () => {
    expect(litres).toEqual(truth);
  });

  test('interleaved, glitched and stale readings are listed and not believed', () => {
    expect(listed(content, 'outlier')).toEqual([
      '05be51c3 2016-06-11T11:53:59+02:00: 381158',
      '12913a45 2016-04-13T11:22:13+02:00: 66288',
      '12913a45 2016-04-27T19:21:46+02:00: 70186',
      '12913a45 2016-06-12T07:20:13+02:00: 85275',
      '1de2cf65 2016-09-30T11:34:40+02:00: 295487',
      '1de2cf65 2016-09-30T12:34:40+02:00: 304712',
      '9348c9bb 2017-01-17T12:34:08+01:00: 456017',
      '9348c9bb 2017-01-17T13:34:08+01:00: 456273',
      '9348c9bb 2017-01-17T14:34:08+01:00: 456353',
      '9348c9bb 2017-01-17T15:34:08+01:00: 456427',
      '94dbaa99 2016-07-08T18:23:43+02:00: 174111',
    ]);
    expect(listed(content, 'break')).toEqual([]);
    expect(listed(content, 'pending')).toEqual([]);
  });

  test('two values at one time of the hour that the clocks showed twice are a conflict at its first instant', () => {
    expect(listed(content, 'conflict')).toEqual([
      '1de2cf65 2016-10-30T02:11:08+02:00: 314057, 314051',
      '94dbaa99 2016-10-30T02:12:36+02:00: 227833, 227823',
    ]);
  });

  test('the same file once more changes nothing', { timeout: 120_000 }, async () => {
    const again = reportOf(await runProcess('import', 'readings', DAIAD_HOURLY, '--data', data, '--json'));
    expect(again).toEqual(report);
    await withFolder(data, async (_service, after, books) => {
      expect(foldedOf(after)).toBe(2 * foldedOf(content));
      expect(await linesOf(books)).toEqual(lines);
    });
  });

  test('the trial balance is even, down to the log', { timeout: 120_000 }, async () => {
    const { code, out } = await runProcess('reconcile', '--data', data, '--json');
    const { differences, layers } = reconcileAnswerSchema.parse(JSON.parse(out));
    expect({ code, differences }).toEqual({ code: 0, differences: 0 });
    const fromLog = layers.find(({ layer }) => layer === 'brackets-log');
    expect(fromLog?.rows).toBeGreaterThan(6_000);
  });
});

/** Rows that must be refused, by the file or by the ledger. */
const WRONG = [
  '1f7b2064,wrong,27/03/2016 02:30:00,283000.0,0',
  'deadbeef,wrong,01/04/2016 10:00:00,283000.0,0',
  '1f7b2064,wrong,01/04/2016 10:00:00,n/a,0',
  '1f7b2064,wrong,31/04/2016 10:00:00,283000.0,0',
  '1f7b2064,wrong,01/01/1970 10:00:00,283000.0,0',
  '1f7b2064,wrong,01/01/2099 10:00:00,283000.0,0',
  '1f7b2064,wrong,02/04/2016 10:00:00,-5,0',
];

describe.skipIf(!daiadPresent)(`the order of rows${daiadNote}`, () => {
  /** Imports rows into books of their own; the rows refused by their text, and what is in the books. */
  async function importing(rows: readonly string[]) {
    const { books, dsn, close } = await freshBooks();
    await books.close();
    const [header = ''] = daiadHourlyCsv().split('\n');
    const files = await folderWith({ serials, maxRate: DAIAD_MAX_RATE }, [header, ...rows].join('\n'));
    const place = ['--data', files.data, '--books', dsn] as const;
    await cli(['apply', files.site, ...place, '--by', 'test', '--reason', 'test']);
    const end = await cli(['import', 'readings', files.csv, ...place, '--json']);
    const report = reportOf(end);
    const outcome = await withBooks(dsn, async (service, content, opened) => ({
      end,
      report,
      content,
      lines: await linesOf(opened),
      litres: await litresByReference(service, serials),
      quarantine: (await service.quarantine({ limit: 100 })).items.map(
        ({ reason, at, value }) => `${reason} ${at} ${value}`,
      ),
    }));
    await close().catch(() => undefined);
    return outcome;
  }

  test('changes neither the books nor what is refused; nothing is lost', { timeout: 300_000 }, async () => {
    const rows = [...WRONG, ...daiadHourlyCsv().split('\n').slice(1)];
    const mixed = shuffled(rows, 1);
    const [ordered, disturbed] = [await importing(rows), await importing(mixed)];
    const at = (list: readonly string[]) => (row: string) => list.indexOf(row) + 2;
    for (const [outcome, rowOf] of [
      [ordered, at(rows)],
      [disturbed, at(mixed)],
    ] as const) {
      expect(outcome.end.code).toBe(1);
      expect(outcome.litres).toEqual(truth);
      const refused = WRONG.slice(0, 4).map((row, i) => ({
        row: rowOf(row),
        reason: expect.stringContaining(['TIME_SKIPPED', 'REGISTER_UNKNOWN', 'VALUE_INVALID', 'TIME_INVALID'][i] ?? ''),
        column: null,
        text: row.split(',').join(' | '),
      }));
      expect(outcome.report.refused).toEqual(refused.toSorted((a, b) => a.row - b.row));
      const { readings, duplicates } = outcome.report;
      expect(readings + duplicates + refused.length).toBe(rows.length);
      expect([readingsOf(outcome.content), foldedOf(outcome.content) + quarantinedOf(outcome.content)]).toEqual([
        readings,
        readings,
      ]);
      expect(quarantinedOf(outcome.content)).toBe(3);
    }
    expect(disturbed.lines).toEqual(ordered.lines);
    expect(disturbed.quarantine.toSorted()).toEqual(ordered.quarantine.toSorted());
  });
});

describe.skipIf(!daiadPresent)(`the register that crosses 1,000,000${daiadNote}`, () => {
  const serial = 'df789230';

  test('cut to six digits, gives last − first by one wrap', { timeout: 120_000 }, async () => {
    const { books, dsn, close } = await freshBooks();
    await books.close();
    const [header = '', ...rows] = daiadHourlyCsv('trial', 1_000_000).split('\n');
    const own = rows.filter((row) => row.startsWith(serial));
    const site = { serials: [serial], maxRate: DAIAD_MAX_RATE, modulus: '6 digits' };
    const files = await folderWith(site, [header, ...own].join('\n'));
    const place = ['--data', files.data, '--books', dsn] as const;
    await cli(['apply', files.site, ...place, '--by', 'test', '--reason', 'test']);
    const end = await cli(['import', 'readings', files.csv, ...place, '--json']);
    expect(reportOf(end).refused).toEqual([]);
    const last = own.at(-1)?.split(',')[3];
    expect(Number(last)).toBeLessThan(Number(own[0]?.split(',')[3]));
    await withBooks(dsn, async (service, { findings }) => {
      expect(await litresByReference(service, [serial])).toEqual({ [serial]: 232_782 });
      expect(findings.filter(({ kind }) => kind !== 'gap')).toEqual([]);
    });
    await close();
  });
});
