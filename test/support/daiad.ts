import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Registry } from '#domain';
import { resolveRegister } from '../../collectors/devices/index.ts';
import { checkSite } from '../../collectors/site/index.ts';

/**
 * Real water registers (DAIAD project, CC BY-SA 4.0), kept beside the checkout and not part of it. 16 registers about
 * hourly for a year, 15 read each quarter for 24 years; both with wall clocks of Europe/Madrid.
 */
const folder = new URL('../../../shared/data/daiad_water/', import.meta.url);
export const daiadFile = (name: string): string => fileURLToPath(new URL(name, folder));

export const DAIAD_HOURLY = daiadFile('registers_16_meters.csv.gz');
export const DAIAD_QUARTERLY = daiadFile('quarterly_registers_m3_1993_2017.csv');

/** Tests on these data: `describe.skipIf(!daiadPresent)(`…${daiadNote}`, …)`; the note says why they are skipped. */
export const daiadPresent = existsSync(DAIAD_HOURLY) && existsSync(DAIAD_QUARTERLY);
if (!daiadPresent && process.env['CI'] === 'true') {
  throw new Error(`${daiadFile('.')} is missing: in CI the real recordings must be there`);
}
export const daiadNote = daiadPresent ? '' : ' (skipped: ../shared/data/daiad_water is not there)';

/** Most that one of these connections can draw: DN15, Q4 = 3.125 m³/h (SOURCE.md; ledger.md, 4). */
export const DAIAD_MAX_RATE = 3_125;

/**
 * Text of the hourly file: of the stretch that the reference is about (`trial`, 2016-03-01 to 2017-02-28), or with the months
 * after it. `modulus` cuts the faces to that many litres, as a register with fewer digits would have shown them.
 */
export function daiadHourlyCsv(part: 'trial' | 'all' = 'trial', modulus?: number): string {
  const [header = '', ...rows] = gunzipSync(readFileSync(DAIAD_HOURLY)).toString('utf8').trim().split('\n');
  const kept = rows.filter((row) => part === 'all' || row.split(',')[1] === part);
  if (modulus === undefined) return [header, ...kept].join('\n');
  const cut = (row: string): string =>
    row
      .split(',')
      .map((cell, i) => (i === 3 ? String(Number(cell) % modulus) : cell))
      .join(',');
  return [header, ...kept.map(cut)].join('\n');
}

export interface DaiadHourly {
  readonly rows: number;
  readonly first: readonly [string, number];
  readonly last: readonly [string, number];
  /** Litres. */
  readonly last_minus_first_l: number;
}

export const daiadReference = (): Readonly<Record<string, DaiadHourly>> =>
  JSON.parse(readFileSync(daiadFile('reference.json'), 'utf8'));

export interface DaiadDrop {
  readonly meter: string;
  readonly prev_date: string;
  readonly prev: number;
  readonly date: string;
  readonly register: number;
}

export interface DaiadQuarterly {
  readonly rows: number;
  readonly exact_duplicate_rows: number;
  readonly distinct_rows: number;
  readonly meters: number;
  /** The 30 replacements, m³. */
  readonly register_drops_after_removing_duplicates: readonly DaiadDrop[];
}

export const daiadQuarterlyReference = (): DaiadQuarterly =>
  JSON.parse(readFileSync(daiadFile('quarterly_reference.json'), 'utf8'));

export interface DaiadSite {
  /** Serial numbers; the point is `w-<serial>`, its register `hand.w-<serial>/r`. */
  readonly serials: readonly string[];
  /** Litres per hour; absent: unrated. */
  readonly maxRate?: number | undefined;
  /** As a site file has it: "6 digits", "1000000 L". */
  readonly modulus?: string | undefined;
  readonly unit?: 'L' | 'm3' | undefined;
  readonly slot?: '15 min' | '30 min' | '60 min' | undefined;
}

/** Text of a site file with one hand-read water register a serial number. */
export const daiadSiteText = ({ serials, maxRate, modulus, unit = 'L', slot = '60 min' }: DaiadSite): string => `
site: { id: daiad, name: DAIAD, zone: Europe/Madrid, slot: ${slot} }
institutions: [{ id: household, name: Households }]
points:
${serials
  .map(
    (serial) => `  - id: w-${serial}
    name: ${JSON.stringify(serial)}
    carrier: water
    role: main
    institution: household
    meters:
      - { serial: ${JSON.stringify(serial)}, unit: ${unit}${maxRate === undefined ? '' : `, rating: { flow: ${maxRate} L/h }`}${modulus === undefined ? '' : `, modulus: ${modulus}`} }
`,
  )
  .join('')}`;

export function daiadRegistry(site: DaiadSite): Registry {
  const checked = checkSite(daiadSiteText(site), { file: 'daiad.yaml', models: new Map(), resolveRegister });
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.registry;
}

/** The 16 hourly registers, rated. */
export const daiadHourlyRegistry = (): Registry =>
  daiadRegistry({ serials: Object.keys(daiadReference()), maxRate: DAIAD_MAX_RATE });

/** The 15 quarterly registers, unrated. */
export function daiadQuarterlyRegistry(): Registry {
  const rows = readFileSync(DAIAD_QUARTERLY, 'utf8').trim().split('\n').slice(1);
  return daiadRegistry({
    serials: [...new Set(rows.map((row) => row.split(',')[0] ?? ''))],
    unit: 'm3',
    slot: '60 min',
  });
}
