import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decomposeAnswerSchema } from '../../../../pipeline/answers-rules.ts';
import { cli } from '../../../support/cli.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'civicmeter-decompose-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const ask = async (file: string, ...more: readonly string[]) => {
  const run = await cli(['targets', 'decompose', file, '--data', join(folder, 'none'), ...more]);
  const json = run.code === 0 && more.includes('--json');
  return { ...run, answer: json ? decomposeAnswerSchema.parse(JSON.parse(run.out)) : undefined };
};

const TOTAL = ['--value', '95000.001', '--unit', 'tce', '--year', '2030', '--base-year', '2025'] as const;
const CSV = 'id,parent,base\n620000,,100000\nlanzhou,620000,70000\ntianshui,620000,20000.5\nchengguan,lanzhou,70000\n';
const YAML = `
id: 620000
base: 100000
below:
  - id: lanzhou
    base: 70000
    below:
      - { id: chengguan, base: 70000 }
  - { id: tianshui, base: 20000.5 }
`;

describe('a total target divided by a file, without any books', () => {
  test('is the sum of the parts and the remainder, to the gram, at each level', async () => {
    const { answer } = await ask(fileOf('plan.csv', CSV), ...TOTAL, '--json');
    const at = (id: string) => answer?.parts.find((part) => part.id === id);
    expect(answer).toMatchObject({ site: null, year: 2030, baseYear: 2025, unit: 'tce', baseUnit: 'gce' });
    expect(at('620000')).toMatchObject({ level: 0, parent: null, target: 95_000.001, rule: 'equal-rate' });
    // 95,000.001 ÷ 100,000 of 70,000 and of 20,000.5, the last gram by largest remainder
    expect(at('lanzhou')?.targetAmount).toBe(66_500_000_700);
    const below = (id: string): number =>
      (answer?.parts ?? []).filter(({ parent }) => parent === id).reduce((sum, part) => sum + part.targetAmount, 0);
    const parents = (answer?.parts ?? []).filter(({ rule }) => rule !== null);
    expect(parents.length).toBeGreaterThan(1);
    for (const { id, targetAmount, remainderAmount } of parents)
      expect(below(id) + (remainderAmount ?? NaN)).toBe(targetAmount);
    expect(at('620000')?.remainder).toBeCloseTo(9_499.525, 3);
  });

  test('is the same from YAML as from CSV', async () => {
    const [csv, yaml] = await Promise.all([
      ask(fileOf('same.csv', CSV), ...TOTAL, '--json'),
      ask(fileOf('same.yaml', YAML), ...TOTAL, '--json'),
    ]);
    const order = (answer: typeof csv.answer) => answer?.parts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(order(yaml.answer)).toEqual(order(csv.answer));
  });

  test('may be a row of the catalogue, which the answer names with its source', async () => {
    const file = fileOf('nation.csv', '标识,上级,份额\nnation,,\neast,nation,0.6\nwest,nation,0.3\n');
    const argv = ['--row', 'targets/five-year-14-000000-energy-total', '--rule', 'share', '--json'];
    const { answer, err } = await ask(file, ...argv);
    expect(err).toBe('');
    expect(answer?.rows).toMatchObject([{ id: argv[1], value: 189_000_000, unit: 'tce', verified: true }]);
    expect(answer).toMatchObject({ year: 2025, baseYear: 2020 });
    expect(answer?.parts).toMatchObject([
      { id: 'nation', base: 164_000_000, target: 189_000_000, sum: 170_100_000, remainder: 18_900_000 },
      { id: 'east', target: 113_400_000 },
      { id: 'west', target: 56_700_000 },
    ]);
  });

  test('by classes says who has none', async () => {
    const file = fileOf('classes.csv', 'id,base,class\na,100,class-1\nb,100,class-2\nc,100,\n');
    const argv = [
      '--value',
      '300',
      '--unit',
      'm3',
      '--year',
      '2030',
      '--rule',
      'classes',
      '--changes',
      'class-1=-11%,class-2=-0.09',
    ];
    const { answer } = await ask(file, ...argv, '--json');
    expect(answer?.parts.map(({ id, target }) => [id, target])).toEqual([
      ['total', 300],
      ['a', 89],
      ['b', 91],
    ]);
    expect(answer?.without).toEqual([{ id: 'c', parent: 'total', reason: 'no-class' }]);
    const chinese = await ask(file, ...argv, '--lang', 'zh');
    expect(chinese.out).toMatch(/余额[\s\S]*没有分到目标：\n {2}total \/ c: 没有类别/);
    expect((await ask(file, ...argv, '--lang', 'en')).out).toContain('total / c: it has no class');
    expect((await ask(file, ...argv, '--csv')).out).toMatch(/^\uFEFFholder,above,base,target \(m3\),/);
  });

  test.each([
    ['a,parent\n1,2\n', [], 'IMPORT_COLUMNS_UNKNOWN', 'bad.csv'],
    ['id,base\na,12x\n', [], 'QUANTITY_INVALID', 'bad.csv:2'],
    ['id,base\na,-1\n', [], 'DECOMPOSITION_INVALID', 'bad.csv:2'],
    ['id,base\na,0.0000001\n', [], 'DECOMPOSITION_INVALID', 'bad.csv:2'],
    ['id,base\n,5\n', [], 'DECOMPOSITION_INVALID', 'bad.csv:2'],
    ['id,parent\na,\nb,x\n', [], 'DECOMPOSITION_INVALID', 'bad.csv:3'],
    ['id,rule\na,fair\n', [], 'DECOMPOSITION_INVALID', 'bad.csv:2'],
    ['id,share\na,1.5\n', ['--rule', 'share'], 'DECOMPOSITION_INVALID', 'bad.csv:2'],
    ['id,share\na,0.7\nb,0.4\n', ['--rule', 'share'], 'DECOMPOSITION_INVALID', 'total'],
    ['id\na\n', ['--changes', 'one'], 'DECOMPOSITION_INVALID', '--changes'],
    ['id\na\n', ['--shares', 'a=1'], 'DECOMPOSITION_INVALID', '--shares'],
    ['id\na\n', ['--row', 'targets/none'], 'DECOMPOSITION_INVALID', '--value, --unit, --year'],
  ])('refuses %j with place and cure', async (text, more, code, place) => {
    const { err, out, ...run } = await ask(fileOf('bad.csv', text), ...TOTAL, ...more);
    expect({ code: run.code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`[${code}]\n  where: ${place}\n  cure: `);
  });

  test.each([
    ['a row that there is not', ['--row', 'targets/none'], 'ROW_UNKNOWN', 'row'],
    ['a row of an intensity', ['--row', 'targets/five-year-14-000000-energy-per-area'], 'DECOMPOSITION_INVALID', 'row'],
    ['a unit of something else', ['--value', '1', '--unit', 'kWh', '--year', '2030'], 'UNIT_UNKNOWN', 'unit'],
    ['a value below 0', ['--value=-1', '--unit', 'tce', '--year', '2030'], 'DECOMPOSITION_INVALID', 'value'],
  ])('refuses %s', async (_, argv, code, place) => {
    const { err } = await ask(fileOf('fine.csv', CSV), ...argv);
    expect(err).toContain(`[${code}]\n  where: ${place}\n`);
  });

  test('refuses a tree whose keys it does not know, and text that is no YAML', async () => {
    const wrongKey = await ask(fileOf('key.yaml', 'id: a\nbelow:\n  - { id: b, colour: red }\n'), ...TOTAL);
    expect(wrongKey.err).toContain('[DECOMPOSITION_INVALID]\n  where: key.yaml: below[0]');
    expect((await ask(fileOf('no.yaml', 'id: [\n'), ...TOTAL)).err).toContain('[IMPORT_UNREADABLE]\n  where: no.yaml');
  });
});
