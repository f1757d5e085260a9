import { expect, it } from 'vitest';
import { type Point, UNALLOCATED } from '#domain';
import { partyName, pointWords, shareWords, spanWords, sumWords } from '../../../pipeline/rollup/trace-words.ts';

const point = (role: Point['role']): Point => ({
  id: 'w-main',
  name: { zh: '自来水总表', en: 'water main' },
  carrier: 'water',
  role,
  allocations: [],
});
const office = { id: 'office', name: { zh: '机关事务管理局', en: 'Offices' } };
const total = { days: 31, unit: 'L' };

it('says of a share who bears what, by which rule, since when, and how it is rounded', () => {
  const share = { ratio: '1/3', basis: 'area', since: '2026-03-01' };
  expect(shareWords(office.name, point('main'), share, total)).toEqual({
    zh: '机关事务管理局承担自来水总表的 1/3（按面积，自 2026-03-01 起）；31 天逐日按 L 取整，余数归最大零头',
    en: 'Offices bears 1/3 of water main (by area, since 2026-03-01); on each of 31 days in whole L, remainders to the largest fractions',
  });
});

it('says so of shares that change by the day, of those without a date, and of what no rule gives', () => {
  const said = (share: Parameters<typeof shareWords>[2]): string =>
    shareWords(partyName([office], UNALLOCATED), point('main'), share, { days: 1, unit: 'L' }).zh;
  expect(said({ ratio: 'daily', basis: 'sub-meter', since: '1970-01-01' })).toContain(
    '未分摊承担自来水总表的逐日的份额（按分表，启用以来）',
  );
  expect(said({ ratio: '1', basis: 'no rule', since: '' })).toContain('的 1（未定分摊规则）');
});

it('counts one as one', () => {
  expect(sumWords(office.name, 1).en).toBe('Offices: sum of the 1 part below');
  expect(pointWords(point('main'), 1).en).toBe('water main: sum of 1 meter');
  expect(pointWords(point('formula'), 2)).toEqual({
    zh: '自来水总表：2 个计量点按符号相加',
    en: 'water main: 2 points added with their signs',
  });
});

it('says of an amount that people admitted that it is one', () => {
  expect(spanWords('7 − 2 = 5 L', true).zh).toBe('采信的量：7 − 2 = 5 L');
  expect(spanWords('7 − 2 = 5 L', false)).toEqual({ zh: '7 − 2 = 5 L', en: '7 − 2 = 5 L' });
});
