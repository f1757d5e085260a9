import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { factorMovesSchema, type FactorMoves, openService } from '../../../pipeline/index.ts';
import { NOTHING } from '../../support/agency.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const DATA = new URL('../../../rules/catalogue/data', import.meta.url).pathname;
const claim = { by: 'wang', commit: true };

let small: SmallSite;
const folders: string[] = [];
beforeEach(async () => {
  small = await openSmallSite(smallRegistry([{ point: 'p' }], { institutions: ['a'] }), '2026-03-01');
  const { rules } = small.service;
  const institutions = [{ id: 'a', division: '620102', ...NOTHING }];
  await rules.applyFacts(
    { site: SITE, institutions, points: [], tariffs: [], targets: [] },
    { ...claim, reason: 'facts' },
  );
  const cells = { institution: 'a', month: '2026-01', kind: 'electricity', quantity: '1000', unit: 'kWh' };
  await rules.importQuantities(SITE, { name: 'f', sha256: '0'.repeat(64), drafts: [{ row: 2, cells }] }, claim);
  await rules.warm();
});
afterEach(() => small.close());
afterAll(async () => {
  await stopPostgres();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** What a later start says, with a data file changed. */
async function movesWith(file: string, change: (text: string) => string): Promise<FactorMoves> {
  const folder = mkdtempSync(path.join(tmpdir(), 'civicmeter-rules-'));
  folders.push(folder);
  cpSync(DATA, folder, { recursive: true });
  const text = readFileSync(path.join(folder, file), 'utf8');
  expect(change(text)).not.toBe(text);
  writeFileSync(path.join(folder, file), change(text));
  const clock = { now: () => local('2026-03-02'), sleep: () => Promise.resolve() };
  const { books, log, telemetry } = small;
  const later = openService({ books, log, clock, telemetry, rulesFolder: folder });
  try {
    return factorMovesSchema.parse(await later.rules.factorMoves(SITE));
  } finally {
    await later.stop();
  }
}

const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
const moved = (measure: string, old: number, next: number) => [
  { month: '2026-01', institution: 'a', measure, old, new: next },
];

describe('moves of open figures', () => {
  it('are told of a row that was added: the electricity factor of a later year', async () => {
    const row = `
  - shared: { kind: electricity-co2, dataYear: 2024, published: '2026-12-31', from: '2024-01-01', basis: average, confidence: B, verified: false }
    named: [dataYear, region, basis]
    rows:
      - { region: '620000', value: 0.4, source: { document: an example, clause: provincial averages, year: 2026 } }
`;
    const { changed, open } = await movesWith('electricity-co2.yaml', (text) => text + row);
    expect(changed).toEqual([{ row: 'electricity-co2/2024-620000-average', old: null, new: hash }]);
    expect(open).toEqual(moved('kgCO2', 447.1, 400));
  });

  it('are told, with the figure as it was, of a row that was ended and of the one that took its place', async () => {
    const line = '      - [electricity, null, kWh, 0.1229, Chongqing 2015';
    const next = `
  - shared: { kind: coal, set: national-statistics, region: '000000', from: '2026-01-01', confidence: B, verified: false }
    rows:
      - { row: national-statistics-electricity-kwh-2026, carrier: electricity, per: kWh, value: 0.13, source: { document: an example, clause: coefficients, year: 2026 } }
`;
    const ended = `
  - shared: { kind: coal, set: national-statistics, region: '000000', from: '2015-01-01', to: '2026-01-01', confidence: B, verified: false }
    named: [set, carrier, variant, per]
    columns: [carrier, variant, per, value, source.document, source.clause, source.year]
    rows:
      - [electricity, null, kWh, 0.1229, an example, coefficients, 2015]
`;
    const { changed, open } = await movesWith('coal.yaml', (text) =>
      [...text.split('\n').filter((one) => !one.startsWith(line)), ended, next].join('\n'),
    );
    expect(changed.toSorted((a, b) => (a.row < b.row ? -1 : 1))).toEqual([
      { row: 'coal/national-statistics-electricity-kwh', old: hash, new: hash },
      { row: 'coal/national-statistics-electricity-kwh-2026', old: null, new: hash },
    ]);
    expect(open).toEqual(moved('kgce', 122.9, 130));
  });
});
