import { describe, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../../api/cli/commands/index.ts';
import { optionsOf } from '../../../api/cli/program.ts';
import { cli } from '../../support/cli.ts';

const HAN = /\p{Script=Han}/u;
const NAMES = COMMANDS.map(({ name }) => name);

test('the commands are those that were asked for', () => {
  const events = ['replacement', 'reset', 'multiplier', 'exclude', 'admit', 'confirm', 'list'].map(
    (kind) => `event ${kind}`,
  );
  const asked =
    'start, collect, stream, serve, check, apply, import readings, close, backup, restore, usage, trace, quarantine list, quarantine replay, reconcile, status, simulate, devices, devices check, registers';
  expect(NAMES).toEqual(expect.arrayContaining([...asked.split(', '), ...events]));
});

test('every text stands in both languages', () => {
  const texts = [
    ...Object.values(GROUPS),
    ...COMMANDS.flatMap((spec) => [
      spec.summary,
      ...spec.args.map(({ text }) => text),
      ...optionsOf(spec).map(({ text }) => text),
      ...spec.examples.map(({ text }) => text),
    ]),
  ];
  expect(texts.length).toBeGreaterThan(150);
  for (const { zh, en } of texts) {
    expect(zh).toMatch(HAN);
    expect(en).not.toMatch(HAN);
    expect(en.length).toBeGreaterThan(1);
  }
});

describe.each(NAMES)('%s --help', (name) => {
  test('explains every option and gives examples, in either language', async () => {
    const spec = COMMANDS.find((one) => one.name === name);
    for (const [language, heading] of [
      ['en', 'Examples:'],
      ['zh', '示例：'],
    ] as const) {
      const { code, out } = await cli([...name.split(' '), '--help', '--lang', language]);
      expect(code).toBe(0);
      expect(out).toContain(heading);
      for (const { flags } of spec ? optionsOf(spec) : []) expect(out).toContain(flags);
      expect(out.split(heading)[1]).toMatch(/(civicmeter|npm) /);
    }
  });

  test('says nothing in English where Chinese is asked for', async () => {
    const { out } = await cli([...name.split(' '), '--help', '--lang', 'zh']);
    expect(out).not.toMatch(/Usage:|Options:|Arguments:|\[options\]|display help/);
  });
});

test('the language is that of the surroundings unless it is named', async () => {
  expect((await cli(['--help'], { env: { LANG: 'zh_CN.UTF-8' } })).out).toMatch(HAN);
  expect((await cli(['--help', '--lang', 'en'], { env: { LANG: 'zh_CN.UTF-8' } })).out).not.toMatch(HAN);
  expect((await cli(['--help'], { env: { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' } })).out).not.toMatch(HAN);
  expect((await cli(['--help'], { env: {} })).out).not.toMatch(HAN);
});
