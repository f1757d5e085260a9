import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { errorTexts } from '../../api/cli/error-texts.ts';
import {
  CARRIER_LABELS,
  EVENT_LABELS,
  EVERYDAY,
  FINDING_LABELS,
  QUALITY_LABELS,
  ROLE_LABELS,
  WORDS,
} from '../../api/cli/labels.ts';
import { cliPage } from '../support/cli-page.ts';
import { devicesPage } from '../support/devices-page.ts';

const tracked = (...patterns: string[]): readonly string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && existsSync(file));

const sources = tracked('collectors/*.ts', 'pipeline/*.ts', 'rules/*.ts', 'api/*.ts', 'api/*.tsx', 'fixtures/*.ts');
const MAKERS = 'config|device|store|request|catalogue|invariant';

/** Codes that a variable hands on: the API's, as the running program gave them. */
const HANDED_ON = ['REQUEST_REFUSED'];

const codesInCode = (): ReadonlySet<string> => {
  const calls = new RegExp(`\\b(?:${MAKERS})Error\\(\\s*'([A-Z_0-9]+)'`, 'g');
  return new Set(
    sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(calls)].map(([, code = '']) => code)),
  );
};

test('every error code of the code stands on the errors page, and the other way round', () => {
  const inCode = codesInCode();
  expect(inCode.size).toBeGreaterThan(80);
  expect([...errorTexts().keys()].toSorted()).toEqual([...new Set([...inCode, ...HANDED_ON])].toSorted());
});

test('every error says in both languages what happened and what to do', () => {
  for (const [code, { zh, en }] of errorTexts()) {
    expect(
      [zh.what, zh.cure, en.what, en.cure].every((text) => text.length > 0),
      code,
    ).toBe(true);
    expect(/\p{Script=Han}/u.test(zh.what + zh.cure), code).toBe(true);
  }
});

const glossary = (): readonly (readonly [string, string])[] =>
  [...readFileSync('docs/glossary.md', 'utf8').matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|/gm)]
    .map(([, term = '', chinese = '']) => [term, chinese] as const)
    .filter(([term]) => term !== 'term' && !term.startsWith('-'));

test('the glossary has one word per thing in both languages', () => {
  const terms = glossary();
  expect(terms.length).toBeGreaterThan(60);
  expect(new Set(terms.map(([term]) => term)).size).toBe(terms.length);
  expect(new Set(terms.map(([, chinese]) => chinese)).size).toBe(terms.length);
});

test('the labels of the command line are the words of the glossary', () => {
  const words = Object.fromEntries(Object.entries(WORDS).filter(([key]) => !EVERYDAY.includes(key)));
  const known = glossary().map(([term, chinese]) => `${term} ${chinese}`);
  for (const labels of [CARRIER_LABELS, ROLE_LABELS, QUALITY_LABELS, FINDING_LABELS, EVENT_LABELS, words]) {
    for (const { zh, en } of Object.values(labels)) expect(known).toContain(`${en} ${zh}`);
  }
});

test('the page of the command line is the one that the commands make', () => {
  expect(readFileSync('docs/cli.md', 'utf8') === cliPage(), 'run npm run fix').toBe(true);
});

test('the page of the device models is the one that their files make', () => {
  expect(readFileSync('docs/devices.md', 'utf8') === devicesPage(), 'run npm run fix').toBe(true);
});

test('every link of a document leads somewhere', () => {
  const pages = tracked('*.md');
  expect(pages.length).toBeGreaterThan(10);
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

/** What sections of a page are cited by: their number where they have one, else their name. */
const sectionsOf = (page: string): readonly string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#{2,3} (?:(\d+(?:\.\d+)?)\.? )?(.+)$/gm)].map(
    ([, number, name = '']) => number ?? name,
  );

/** `ledger.md, 3.1`, `architecture.md, Books`; in a page also a link with `, section 3.1` after it. */
const CITATION =
  /\b(ledger|architecture)\.md(?:\]\([^)\s]*\))?(?:,? (?:section )?(\d+(?:\.\d+)?)|, ([A-Z]\w*(?: \w+)*))/g;
const COMMENT_LINE_BREAK = /\n\s*(?:\*|\/\/|--)?\s*/g;

test('a section of docs/ledger.md or docs/architecture.md that is cited exists', () => {
  const sections = { ledger: sectionsOf('docs/ledger.md'), architecture: sectionsOf('docs/architecture.md') };
  const files = tracked('*.ts', '*.tsx', '*.md', '*.sql').map((file) => ({
    file,
    text: readFileSync(file, 'utf8').replaceAll(COMMENT_LINE_BREAK, ' '),
  }));
  const cited = files.flatMap(({ file, text }) =>
    [...text.matchAll(CITATION)].map(([whole, page, number, name = '']) => ({
      where: `${file}: ${whole}`,
      exists: sections[page === 'ledger' ? 'ledger' : 'architecture'].some((section) =>
        number === undefined ? name === section || name.startsWith(`${section} `) : number === section,
      ),
    })),
  );
  expect(cited.length).toBeGreaterThan(55);
  expect(cited.filter(({ exists }) => !exists).map(({ where }) => where)).toEqual([]);
  // in code a page is named with its section, in this form
  const bare = files
    .filter(({ file }) => !file.endsWith('.md'))
    .flatMap(({ file, text }) =>
      [...text.replaceAll(CITATION, '').matchAll(/(?<![\w/])(?:ledger|architecture)\.md.{0,20}/g)].map(
        ([mention]) => `${file}: ${mention}`,
      ),
    );
  expect(bare).toEqual([]);
});

test('every top-level folder has a README', () => {
  const folders = new Set(
    tracked('*/*')
      .map((file) => file.split('/')[0] ?? '')
      .filter((name) => !name.startsWith('.')),
  );
  expect([...folders].toSorted()).toEqual([
    'api',
    'collectors',
    'deploy',
    'docs',
    'fixtures',
    'pipeline',
    'rules',
    'test',
  ]);
  for (const folder of folders) expect(existsSync(join(folder, 'README.md')), folder).toBe(true);
});
