import { describe, expect, it } from 'vitest';
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
});
