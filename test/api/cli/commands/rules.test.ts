import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convertAnswerSchema, factorsAnswerSchema } from '../../../../pipeline/answers-rules.ts';
import { systemClock } from '../../../../pipeline/platform/index.ts';
import { cli } from '../../../support/cli.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'civicmeter-rules-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const converted = async (...more: readonly string[]) => {
  const run = await cli(['convert', '--year', '2024', '--json', '--data', join(folder, 'none'), ...more]);
  return { ...run, answer: run.code === 0 ? convertAnswerSchema.parse(JSON.parse(run.out)) : undefined };
};

describe('the calculator, without any books', () => {
  test('gives power in both calibers and as carbon, every factor with its source', async () => {
    const { answer } = await converted(
      ...'--carrier electricity --quantity 1000 --unit kWh --region 620000'.split(' '),
    );
    expect(answer?.coalEquivalent).toMatchObject({ kgce: 122.9, caliber: 'national-statistics' });
    expect(answer?.coalEquivalentQuota.map(({ caliber }) => caliber)).toContain('shandong-quota');
    expect(answer?.carbon).toMatchObject({ scope: 2, factor: { region: '620000', confidence: 'A', verified: true } });
    expect(answer?.missing).toEqual([]);
    for (const { source } of answer?.carbon?.rows ?? []) expect(source.document).not.toBe('');
  });

  test.each([
    ['natural-gas', 'm3'],
    ['coal', 't'],
    ['petrol', 'L'],
    ['diesel', 'L'],
    ['lpg', 'kg'],
    ['heat', 'GJ'],
  ])('knows %s in %s', async (carrier, unit) => {
    const { answer } = await converted('--carrier', carrier, '--quantity', '10', '--unit', unit);
    expect(answer?.coalEquivalent?.kgce).toBeGreaterThan(0);
    expect(answer?.carbon?.kgCO2).toBeGreaterThan(0);
  });

  test('names in missing what lacks a factor', async () => {
    const { code, answer } = await converted('--carrier', 'cooling', '--quantity', '1', '--unit', 'GJ');
    expect(code).toBe(0);
    expect(answer?.carbon ?? answer?.coalEquivalent).toBeNull();
    expect(answer?.missing.length).toBeGreaterThan(0);
  });

  test('says in Chinese what is missing, and why', async () => {
    const asked = ['convert', '--year', '2024', '--carrier', 'cooling', '--quantity', '1', '--unit', 'GJ'];
    const { out } = await cli([...asked, '--lang', 'zh', '--data', join(folder, 'none')]);
    expect(out).toMatch(/：目录中没有有出处的系数 \[FACTOR_MISSING\]\n {6}详情：.+\n {6}办法：\p{Script=Han}/u);
  });

  test.each([
    ['unit', ['--carrier', 'electricity', '--quantity', '1', '--unit', 'furlong'], 'UNIT_UNKNOWN'],
    ['carrier', ['--carrier', 'hay', '--quantity', '1', '--unit', 'kg'], 'CARRIER_UNKNOWN'],
    ['region', ['--carrier', 'heat', '--quantity', '1', '--unit', 'GJ', '--region', '990000'], 'REGION_INVALID'],
    ['region', ['--carrier', 'heat', '--quantity', '1', '--unit', 'GJ', '--region', 'gansu'], 'REGION_INVALID'],
    ['quantity', ['--carrier', 'heat', '--quantity', '-1', '--unit', 'GJ'], 'QUANTITY_INVALID'],
  ])('refuses a wrong %s with place and cure', async (place, argv, error) => {
    const { code, err, out } = await converted(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(new RegExp(`\\[${error}\\]\\n {2}where: ${place}\\n {2}cure: `));
    const chinese = await converted(...argv, '--lang', 'zh');
    expect(chinese.err).toMatch(/^错误：\p{Script=Han}/u);
  });

  test.each([
    ['unit', ['--carrier', 'electricity', '--quantity', '1', '--unit', 'furlong'], '使用列出的单位：Wh、kWh、'],
    ['carrier', ['--carrier', 'hay', '--quantity', '1', '--unit', 'kg'], '使用列出的能源品种：anthracite、'],
  ])('lists in Chinese as well which %s there is', async (_place, argv, cure) => {
    expect((await converted(...argv, '--lang', 'zh')).err).toContain(`办法：${cure}`);
  });

  test.each(['1e400', '1e19'])('refuses %s kWh as too large, in place of figures without end', async (quantity) => {
    const run = await converted('--carrier', 'electricity', '--quantity', quantity, '--unit', 'kWh');
    expect({ code: run.code, said: run.err }).toEqual({ code: 2, said: expect.stringContaining('is too large') });
  });

  test('is asked for the running year of China, which begins while UTC is in the old one', async () => {
    const newYear = { now: () => Date.parse('2026-01-01T00:30:00+08:00'), sleep: systemClock.sleep };
    const argv = 'convert --carrier electricity --quantity 1 --unit kWh --json --data'.split(' ');
    const { out } = await cli([...argv, join(folder, 'none')], { clock: newYear });
    expect(convertAnswerSchema.parse(JSON.parse(out)).year).toBe(2026);
  });

  test('speaks to people in both languages', async () => {
    const argv = ['convert', '--carrier', 'electricity', '--quantity', '1000', '--unit', 'kWh', '--year', '2024'];
    expect((await cli([...argv, '--lang', 'zh'])).out).toContain('标准煤');
    expect((await cli([...argv, '--lang', 'en'])).out).toContain('coal equivalent');
    expect((await cli([...argv, '--csv'])).out).toMatch(/^\uFEFFfigure,/);
  });
});

test('the catalogue can be asked without any books', async () => {
  const { code, out } = await cli([
    ...'factors --kind electricity-co2 --region 620000 --json --data'.split(' '),
    join(folder, 'none'),
  ]);
  expect(code).toBe(0);
  const { rows, total } = factorsAnswerSchema.parse(JSON.parse(out));
  expect(total).toBe(rows.length);
  expect(new Set(rows.map(({ kind, region }) => `${kind} ${region}`))).toEqual(new Set(['electricity-co2 620000']));
});

test('a file without the columns of quantities is refused before the books are opened', async () => {
  const file = join(folder, 'wrong.csv');
  writeFileSync(file, 'a,b\n1,2\n');
  const { code, err } = await cli(['import', 'quantities', file, '--by', 'wang', '--data', join(folder, 'none')]);
  expect(code).toBe(2);
  expect(err).toContain('IMPORT_COLUMNS_UNKNOWN');
});
