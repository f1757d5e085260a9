import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  barometerThresholds,
  catalogueOf,
  coalFactor,
  density,
  electricityFactor,
  fuelFactor,
  heatFactor,
  loadCatalogue,
  packsFor,
  quotaFor,
  quotasFor,
  targetsFor,
  zoneFor,
  type CatalogueEntry,
} from '../../../rules/catalogue/index.ts';
import type { Answer, Metric, Profile } from '../../../rules/contract.ts';

const catalogue = loadCatalogue();
const value = <T>(answer: Answer<T>): T => {
  if (!answer.ok) throw new Error(answer.missing.reason);
  return answer.value;
};
const lacking = (answer: Answer<unknown>): string | undefined => (answer.ok ? undefined : answer.missing.what);
const date = '2024-06-30';

describe('coal factors', () => {
  test('differ by set, and name the row', () => {
    const gas = (set: string) => value(coalFactor(catalogue, { set, carrier: 'natural-gas', date }));
    expect(gas('national-statistics')).toMatchObject({ value: 1.33, confidence: 'B', verified: false });
    expect(gas('shandong-quota')).toMatchObject({ value: 1.2143, id: 'coal/shandong-quota-natural-gas-m3' });
  });

  test('that a set lacks are missing, never borrowed from another set', () => {
    const answer = coalFactor(catalogue, { set: 'shanghai-commerce', carrier: 'natural-gas', date });
    expect(lacking(answer)).toBe('coal factor:shanghai-commerce:natural-gas');
    expect(answer.ok ? '' : answer.missing.reason).toMatch(/^FACTOR_MISSING/);
    expect(answer.ok ? '' : answer.missing.cure.zh).not.toBe('');
  });

  test('of two kinds of gas are ambiguous until one is named', () => {
    const ask = { set: 'gbt-2589', carrier: 'natural-gas', date } as const;
    expect(() => coalFactor(catalogue, ask)).toThrow(/several rows/);
    expect(value(coalFactor(catalogue, { ...ask, variant: 'gas-field' })).value).toBe(1.2143);
  });

  test('of steam stand per GJ, and per kg where the pressure is named', () => {
    const ask = { set: 'gbt-2589', carrier: 'steam', date } as const;
    expect(value(coalFactor(catalogue, ask))).toMatchObject({ value: 34.12, per: 'GJ' });
    expect(value(coalFactor(catalogue, { ...ask, per: 'kg' })).value).toBe(0.1286);
  });

  test('before the first day of a row are missing', () => {
    expect(
      lacking(coalFactor(catalogue, { set: 'shandong-quota', carrier: 'electricity', date: '2018-12-31' })),
    ).toBeDefined();
    expect(
      value(coalFactor(catalogue, { set: 'shandong-quota', carrier: 'electricity', date: '2019-01-01' })).value,
    ).toBe(0.31);
  });

  test('by year: the supply coal rate of 2020 does not speak for 2021', () => {
    const ask = { set: 'equivalent', carrier: 'electricity' } as const;
    expect(value(coalFactor(catalogue, { ...ask, date: '2020-12-31' })).value).toBe(0.3055);
    expect(lacking(coalFactor(catalogue, { ...ask, date: '2021-01-01' }))).toBeDefined();
  });
});

describe('electricity factors', () => {
  const ask = (region: string, year: number, basis: 'average' | 'residual' = 'average') =>
    value(electricityFactor(catalogue, { region, year, basis }));

  test('of a county are its province’s', () => {
    expect(ask('620102', 2023)).toMatchObject({ row: { value: 0.4471 }, fellBack: 'none', yearUsed: 2023 });
  });

  test('take the closest earlier year, and say so', () => {
    const choice = ask('620000', 2026);
    expect(choice).toMatchObject({ yearUsed: 2023, fellBack: 'none' });
    expect(choice.said.en).toContain('nothing is published for 2026');
    expect(choice.said.zh).toContain('2026 年尚无公布值');
  });

  test('never take a later year', () => {
    expect(lacking(electricityFactor(catalogue, { region: '620000', year: 2020, basis: 'average' }))).toBe(
      'electricity carbon factor:average:620000:2020',
    );
  });

  test('of 西藏 are those of its grid region, which is said with the row of its membership', () => {
    const choice = ask('540000', 2023);
    expect(choice).toMatchObject({ row: { value: 0.2472, region: 'grid:southwest' }, fellBack: 'region' });
    expect(choice.used.map((row) => row.id)).toEqual(['electricity-co2/2023-grid-southwest-average', 'grid/540000']);
  });

  test('of 内蒙古, which has no grid, and of a residual basis fall to the nation', () => {
    expect(ask('150000', 2023, 'residual')).toMatchObject({ row: { value: 0.6096 }, fellBack: 'nation' });
    expect(ask('370000', 2022, 'residual').said.en).toContain('national factor');
  });

  test('of the nation itself are no fallback', () => {
    expect(ask('000000', 2022)).toMatchObject({ row: { value: 0.5366 }, fellBack: 'none' });
    expect(ask('000000', 2022).said.en).not.toContain('province');
  });

  test('law: the year used is never after the year asked for, and the choice rests on its row', () => {
    const regions = catalogue.rows.flatMap((row) => (row.kind === 'grid' ? [row.region] : []));
    fc.assert(
      fc.property(fc.constantFrom(...regions), fc.integer({ min: 2021, max: 2040 }), (region, year) => {
        const choice = ask(region, year);
        expect(choice.yearUsed).toBe(Math.min(year, 2023));
        expect(choice.used[0]).toBe(choice.row);
      }),
    );
  });
});

test('fuel, heat and density are those of JS/T 303-2026 unless another set is named', () => {
  expect(value(fuelFactor(catalogue, { carrier: 'diesel', date })).value).toBe(2.718);
  expect(value(fuelFactor(catalogue, { carrier: 'diesel', date, set: 'provincial-inventory' })).value).toBe(3.0959);
  expect(value(fuelFactor(catalogue, { carrier: 'coal', date }))).toMatchObject({ value: 2.429, confidence: 'B' });
  expect(value(heatFactor(catalogue, { date })).value).toBe(110);
  expect(value(heatFactor(catalogue, { date, set: 'shanghai-ets' })).value).toBe(60);
  expect(value(density(catalogue, { carrier: 'petrol', date })).value).toBe(0.73);
});

describe('quotas', () => {
  const court: Profile = { institution: 'court', type: 'organ', level: 'county', division: '370602' };
  const pick = (profile: Profile, metric: Metric, pack = 'shandong') =>
    quotaFor(catalogue, { pack, profile, metric, date });

  test('are found by type, level and the zone of the city that the county lies in', () => {
    const choice = value(pick(court, 'non-heating-per-area'));
    expect(choice.row.limits).toEqual({ constraint: 20, base: 11.9, guide: 6.5 });
    expect(choice.zone).toMatchObject({ place: '烟台', zone: 'A' });
  });

  test('ask for the fact that is unknown, with the choices, and for nothing that does not matter', () => {
    expect(lacking(pick({ institution: 'x' }, 'energy-per-person'))).toBe('profile.type');
    const levelless = pick({ institution: 'x', type: 'organ', division: '370602' }, 'energy-per-person');
    expect(lacking(levelless)).toBe('profile.level');
    expect(levelless.ok ? '' : levelless.missing.cure.en).toContain('province, city, county');
    expect(lacking(pick({ ...court, division: undefined }, 'energy-per-person'))).toBe('profile.division');
    expect(lacking(pick(court, 'heating-per-heated-area'))).toBe('profile.heating');
    expect(pick({ institution: 'x', type: 'organ' }, 'data-centre-eue').ok).toBe(true);
    expect(pick({ institution: 'x', type: 'organ' }, 'water-per-person').ok).toBe(true);
  });

  test('of heat billed by area and of own coal boilers are those of metered district heat, for venues alone', () => {
    const limits = (type: 'theatre' | 'organ', heating: string) =>
      pick({ ...court, type, heating }, 'heating-per-heated-area');
    const metered = value(limits('theatre', 'district-metered')).row.limits;
    expect(value(limits('theatre', 'district-by-area')).row.limits).toEqual(metered);
    expect(value(limits('theatre', 'coal-boiler')).row.limits).toEqual(metered);
    expect(lacking(limits('organ', 'district-by-area'))).toContain('district-by-area');
  });

  test('that the pack lacks are missing, not a neighbour’s', () => {
    expect(lacking(pick({ ...court, type: 'service-centre' }, 'energy-per-area'))).toContain('service-centre');
    expect(lacking(pick({ ...court, level: 'province' }, 'energy-per-person'))).toContain('zone A');
    expect(lacking(pick({ ...court, type: 'theatre', heating: 'boiler' }, 'heating-per-heated-area'))).toContain(
      'boiler',
    );
    expect(lacking(pick({ ...court, division: '511500' }, 'energy-per-person'))).toContain('climate zone');
  });

  test('of two packs can be laid side by side on one institution', () => {
    expect(packsFor(catalogue, { region: '370602', date }).map(({ pack }) => pack)).toEqual(['shandong', 'gbt-51161']);
    const national = value(pick({ ...court, class: 'A' }, 'electricity-per-area', 'gbt-51161'));
    expect(national.row).toMatchObject({ confidence: 'C', verified: false, limits: { constraint: 55, guide: 45 } });
    expect(national.corrections.map(({ parameter }) => parameter)).toEqual(['hours-per-year', 'area-per-person']);
    expect(value(pick(court, 'electricity-per-area')).row.limits.constraint).toBe(67.4);
  });

  test('are of the packs in force on the day: none before the first, a revised one once', () => {
    const shandong = catalogue.rows.find((row) => row.kind === 'pack' && row.pack === 'shandong');
    if (shandong?.kind !== 'pack') throw new Error('no pack');
    const others = catalogue.rows.filter(({ id }) => id !== shandong.id);
    const ended = { ...shandong, to: '2027-01-01' };
    const revised = { ...shandong, id: 'test/revised', from: '2027-01-01', zoneScheme: 'gb-50189' };
    const ask = { pack: 'shandong', profile: court };
    const packsOn = (rows: readonly CatalogueEntry[], day: string) =>
      packsFor(catalogueOf([...others, ...rows]), { region: '370602', date: day }).map(({ id }) => id);
    expect(packsOn([shandong], '2018-12-31')).toEqual(['packs/gbt-51161']);
    expect(packsOn([shandong], '2015-12-31')).toEqual([]);
    expect(packsOn([ended], '2027-12-31')).toEqual(['packs/gbt-51161']);
    for (const rows of [
      [ended, revised],
      [revised, ended],
    ]) {
      expect(packsOn(rows, '2026-12-31')).toEqual(['packs/shandong', 'packs/gbt-51161']);
      expect(packsOn(rows, '2027-12-31')).toEqual(['test/revised', 'packs/gbt-51161']);
      const quotaOn = (day: string) =>
        quotaFor(catalogueOf([...others, ...rows]), { ...ask, metric: 'electricity-per-area', date: day });
      expect(value(quotaOn('2026-12-31')).zone?.scheme).toBe('shandong');
      expect(lacking(quotaOn('2027-12-31'))).toMatch(/:zone severe-cold-and-cold$/);
    }
  });

  test('quotasFor gives every metric of the pack for the type', () => {
    const all = quotasFor(catalogue, { pack: 'shandong', profile: { ...court, heating: 'boiler' }, date });
    expect(all.map(({ metric }) => metric)).toEqual([
      'non-heating-per-area',
      'energy-per-person',
      'electricity-per-area',
      'heating-per-heated-area',
      'data-centre-eue',
      'water-per-person',
    ]);
    expect(all.every(({ answer }) => answer.ok)).toBe(true);
  });

  test('that two standards of a pack both give are an error, not a choice', () => {
    const row = value(pick(court, 'data-centre-eue')).row;
    const twice = catalogueOf([...catalogue.rows, { ...row, id: 'test/other', standard: 'another' }]);
    const ask = { pack: 'shandong', profile: court, metric: 'data-centre-eue', date } as const;
    expect(() => quotaFor(twice, ask)).toThrow(/several quotas fit/);
  });

  test('of a whole municipality share a zone', () => {
    expect(value(zoneFor(catalogue, { scheme: 'gb-50189', division: '310115', date }))).toMatchObject({
      zone: 'hot-summer-cold-winter',
    });
  });

  test('take the zone in force on the day, and before the first table its first', () => {
    const weifang = value(zoneFor(catalogue, { scheme: 'shandong', division: '370700', date }));
    const [old, revised] = [
      { ...weifang, to: '2027-01-01' },
      { ...weifang, id: 'test/revised', from: '2027-01-01', zone: 'B' },
    ];
    const others = catalogue.rows.filter(({ id }) => id !== weifang.id);
    for (const rows of [
      [old, revised],
      [revised, old],
    ]) {
      const zoneOn = (day: string) =>
        value(zoneFor(catalogueOf([...others, ...rows]), { scheme: 'shandong', division: '370700', date: day })).zone;
      expect(['2019-06-30', '2026-12-31', '2027-01-01'].map(zoneOn)).toEqual(['A', 'A', 'B']);
    }
  });
});

describe('targets', () => {
  test('are the region’s own, else its province’s, else the nation’s', () => {
    const of = (region: string, year: number) =>
      value(targetsFor(catalogue, { region, year, metric: 'energy-per-area' }));
    expect(of('320500', 2023)).toMatchObject({ of: 'province', rows: [{ change: -0.06 }] });
    expect(of('510100', 2023)).toMatchObject({ of: 'nation', rows: [{ change: -0.05 }] });
    expect(of('620100', 2017)).toMatchObject({ of: 'region', rows: [{ change: -0.022 }] });
    expect(of('510100', 2028).rows).toMatchObject([{ plan: 'five-year-15', verified: false }]);
  });

  test('of a county are those of its city before those of its province', () => {
    const answer = value(targetsFor(catalogue, { region: '620102', year: 2017, metric: 'energy-per-area' }));
    expect(answer).toMatchObject({ of: 'city', rows: [{ region: '620100', change: -0.022 }] });
  });

  test('that were revised count from the first day of the new row, whichever stands first', () => {
    const [row] = value(targetsFor(catalogue, { region: '510100', year: 2028, metric: 'energy-per-area' })).rows;
    if (!row) throw new Error('no row');
    const [old, revised] = [
      { ...row, to: '2028-01-01' },
      { ...row, id: 'test/revised', from: '2028-01-01', change: -0.06 },
    ];
    const others = catalogue.rows.filter(({ id }) => id !== row.id);
    for (const rows of [
      [old, revised],
      [revised, old],
    ]) {
      const changes = (year: number) =>
        value(
          targetsFor(catalogueOf([...others, ...rows]), { region: '510100', year, metric: 'energy-per-area' }),
        ).rows.map(({ change }) => change);
      expect([2027, 2028].map(changes)).toEqual([[-0.05], [-0.06]]);
    }
  });

  test('of a class of prefectures stand before those for all', () => {
    const ask = { region: '510000', year: 2018, metric: 'energy-per-area', plan: 'five-year-13' } as const;
    expect(
      value(targetsFor(catalogue, { ...ask, jurisdictionClass: 'class-3' })).rows.map(({ change }) => change),
    ).toEqual([-0.09]);
    expect(value(targetsFor(catalogue, ask)).rows.map(({ change }) => change)).toEqual([-0.1]);
  });

  test('that nobody has set are missing', () => {
    expect(lacking(targetsFor(catalogue, { region: '620000', year: 2035 }))).toBe('target:any:620000:2035');
  });
});

test('thresholds of the barometer are ours until a region has its own', () => {
  const ask = { comparison: 'yearly-task', region: '510100', date } as const;
  const ours = value(barometerThresholds(catalogue, ask));
  expect(ours.source.document).toBe('CivicMeter default');
  const own = catalogueOf([...catalogue.rows, { ...ours, id: 'test/own', region: '510000', level1: 0.5 }]);
  expect(value(barometerThresholds(own, ask)).level1).toBe(0.5);
});
