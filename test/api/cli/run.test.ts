import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSchema } from '../../../api/cli/shapes.ts';
import { cli } from '../../support/cli.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'civicmeter-cli-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a wrong command, option or value is bad usage, said in the language asked for', async () => {
  expect(await cli(['nix'])).toMatchObject({ code: 2, err: expect.stringContaining("unknown command 'nix'") });
  expect(await cli(['nix', '--lang', 'zh'])).toMatchObject({ code: 2, err: expect.stringContaining('没有命令 nix') });
  expect(await cli(['status', '--nix', '--lang', 'zh'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('没有选项 --nix'),
  });
  const wrong = await cli(['start', '--port', 'x']);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('--port');
  expect((await cli(['usage', '--by', 'week', '--lang', 'zh'])).err).toMatch(/^错误：--by: .*\p{Script=Han}/u);
  expect((await cli(['check'])).code).toBe(2);
});

test('the language is that of the surroundings, of which an empty one says nothing', async () => {
  const said = async (env: Readonly<Record<string, string>>) => (await cli(['nix'], { env })).err;
  expect(await said({ LANG: 'zh_CN.UTF-8' })).toContain('没有命令');
  expect(await said({ LC_ALL: '', LC_MESSAGES: '', LANG: 'zh_CN.UTF-8' })).toContain('没有命令');
  expect(await said({ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' })).toContain('unknown command');
});

test('a language that there is not is refused with those that there are, in that of the surroundings', async () => {
  for (const argv of [
    ['check', 'fixtures/sites/one-office.yaml', '--lang', 'fr'],
    ['check', 'fixtures/sites/one-office.yaml', '--lang=ZH'],
    ['status', '--help', '--lang', ''],
  ]) {
    expect(await cli(argv)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/--lang.*choices are zh, en/),
    });
    const chinese = await cli(argv, { env: { LANG: 'zh_CN.UTF-8' } });
    expect(chinese).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/选项 --lang.*只能是 zh, en/) });
  }
});

test('a data folder without books is the caller’s to mend: message, place and cure', async () => {
  const { code, err, out } = await cli(['usage', '--data', join(folder, 'none')]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^error: .*\[NO_BOOKS\]\n {2}where: .*none\n {2}cure: {2}/);
  const chinese = await cli(['usage', '--data', join(folder, 'none'), '--lang', 'zh']);
  expect(chinese.err).toMatch(/^错误：数据目录中没有账簿 \[NO_BOOKS\]\n {2}详情：.*\n {2}位置：.*\n {2}办法：/);
});

test('no stack is shown unless --debug asks for it', async () => {
  const argv = ['check', join(folder, 'none.yaml')];
  expect((await cli(argv)).err).not.toContain('    at ');
  expect((await cli([...argv, '--debug'])).err).toContain('    at ');
});

test('check finds every mistake, exits with 1 and prints one document on request', async () => {
  const file = join(folder, 'broken.yaml');
  writeFileSync(file, 'site: { id: X, name: a, zone: Asia/Nowhere }\ninstitutions: 3\n');
  const { code, out } = await cli(['check', file, '--json']);
  expect(code).toBe(1);
  const answer = checkSchema.parse(JSON.parse(out));
  expect(answer.problems.length).toBeGreaterThan(1);
  const people = await cli(['check', file, '--lang', 'zh']);
  expect(people.out.split('\n').filter((line) => line.startsWith(`${file}:`))).toHaveLength(answer.problems.length);
  expect(people.out).toMatch(/\p{Script=Han}/u);
});

test('check finds nothing in the example sites', async () => {
  for (const site of ['one-office', 'compound']) {
    const { code, out } = await cli(['check', `fixtures/sites/${site}.yaml`, '--json']);
    expect(code).toBe(0);
    expect(checkSchema.parse(JSON.parse(out)).problems).toEqual([]);
  }
});

test('a site file with mistakes stops start before anything is written', async () => {
  const file = join(folder, 'broken-start.yaml');
  writeFileSync(file, 'site: 3\n');
  const { code, err } = await cli(['start', '--site', file, '--data', join(folder, 'untouched')]);
  expect(code).toBe(3);
  expect(err).toContain('SITE_INVALID');
});

test('roles of a cluster name what they miss', async () => {
  expect((await cli(['stream'])).err).toContain('BOOKS_NOT_NAMED');
  expect((await cli(['stream', '--books', 'postgres://localhost/x'])).err).toContain('KAFKA_NOT_NAMED');
  expect((await cli(['serve'])).code).toBe(3);
});

test('the truth of the simulation is written as JSON lines', async () => {
  const file = join(folder, 'truth.jsonl');
  const { code } = await cli(['simulate', '--truth', file, '--from', '2026-03-05', '--faults', 'silent,spike']);
  expect(code).toBe(0);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.filter((line) => line.includes('"what":"hour"'))).toHaveLength(24 * 26);
  expect(lines.some((line) => line.includes('"kind":"spike"'))).toBe(true);
});

test('the truth that cannot be written is the caller’s to mend', async () => {
  const file = join(folder, 'none', 'truth.jsonl');
  const { code, err } = await cli(['simulate', '--truth', file, '--from', '2026-03-05']);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('[FILE_NOT_WRITTEN]') });
});
