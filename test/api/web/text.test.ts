import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { institutionText } from '../../../api/web/src/institution-text.ts';
import { TEXTS } from '../../../api/web/src/text.ts';

type Leaf = readonly [path: string, text: string];

/** Every text with its place; those with gaps are filled with what their gaps are called. */
function leaves(value: unknown, path: string): readonly Leaf[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [[path, String(value('1', '2', '3', '4'))]];
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => leaves(one, `${path}.${key}`))
    : [[path, '']];
}

describe('the words of the page', () => {
  it('stand in both languages, each in its own', () => {
    const [zh, en] = [leaves(TEXTS.zh, ''), leaves(TEXTS.en, '')];
    expect(en.map(([path]) => path).toSorted()).toEqual(zh.map(([path]) => path).toSorted());
    for (const [path, text] of en) expect([path, /\p{Script=Han}/u.test(text)]).toEqual([path, false]);
    for (const [path, text] of [...zh, ...en]) expect([path, text.trim()]).not.toEqual([path, '']);
  });

  it('are those of the glossary', () => {
    const known = new Set(
      [...readFileSync('docs/glossary.md', 'utf8').matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|/gm)].map(
        ([, term = '', chinese = '']) => `${term.toLowerCase()} ${chinese}`,
      ),
    );
    const { zh, en } = TEXTS;
    const terms = ({ carriers, quality, finding, event, node, meter, column, ...text }: typeof zh) => ({
      ...carriers,
      ...quality,
      ...finding,
      ...event,
      institution: text.institution,
      ofTree: node.institution,
      site: node.site,
      premises: node.premises,
      building: text.building,
      place: column.place,
      item: node.item,
      unallocated: text.unallocated,
      coverage: text.coverage,
      provisional: text.provisional,
      carrier: column.carrier,
      register: column.register,
      multiplierOf: meter.multiplier,
      modulus: meter.modulus,
      face: column.value,
    });
    const [chinese, english] = [terms(zh), terms(en)];
    const pairs = Object.entries(chinese).map(([key, word]): readonly [string, string] => [
      String(Object.entries(english).find(([one]) => one === key)?.[1]),
      word,
    ]);
    const [ours, theirs] = [institutionText('zh').verdict, institutionText('en').verdict];
    for (const verdict of ['advanced', 'reasonable', 'compliant', 'over'] as const)
      pairs.push([theirs[verdict], ours[verdict]]);
    expect(pairs.map(([term, word]) => `${term.toLowerCase()} ${word}`).filter((one) => !known.has(one))).toEqual([]);
  });
});
