import { type LocalText, type Mounting, type Point, say, UNALLOCATED } from '#domain';
import type { ShareRun } from './shares.ts';

/** A series whose first value has no date holds from the first day that is counted. */
const ALWAYS = '1970-01-01';

const BASES: Readonly<Record<string, LocalText>> = {
  area: say('按面积', 'by area'),
  headcount: say('按人数', 'by headcount'),
  fixed: say('按固定比例', 'by fixed shares'),
  'sub-meter': say('按分表', 'by sub-meters'),
};

const UNRULED = say('未定分摊规则', 'no rule');

export const UNALLOCATED_NAME = say('未分摊', 'unallocated');

/** Sentences of a trace in both languages, here and below: each tells a person how to add its step again. */
export const sumWords = (name: LocalText, terms: number): LocalText =>
  say(`${name.zh}：下列 ${terms} 项之和`, `${name.en}: sum of the ${counted(terms, 'part')} below`);

export function pointWords({ name, role }: Point, terms: number): LocalText {
  return role === 'formula'
    ? say(
        `${name.zh}：${terms} 个计量点按符号相加`,
        `${name.en}: ${counted(terms, 'point')} added with ${terms === 1 ? 'its sign' : 'their signs'}`,
      )
    : say(`${name.zh}：${terms} 只表计之和`, `${name.en}: sum of ${counted(terms, 'meter')}`);
}

export const meterWords = ({ serial, device, register }: Mounting, spans: number): LocalText =>
  say(
    `表号 ${serial}（${device}/${register}）：${spans} 段读数之和`,
    `Meter ${serial} (${device}/${register}): sum of ${spans} stretch${spans === 1 ? '' : 'es'} of its register`,
  );

export function shareWords(
  party: LocalText,
  point: Point,
  { ratio, basis, since }: Pick<ShareRun, 'ratio' | 'basis' | 'since'>,
  { days, unit }: { readonly days: number; readonly unit: string },
): LocalText {
  const by = BASES[basis] ?? UNRULED;
  const [zh, en] =
    since === ''
      ? ['', '']
      : since === ALWAYS
        ? ['，启用以来', ', since the start']
        : [`，自 ${since} 起`, `, since ${since}`];
  const [part, share] = ratio === 'daily' ? ['逐日的份额', 'its share of each day'] : [` ${ratio}`, ratio];
  return say(
    `${party.zh}承担${point.name.zh}的${part}（${by.zh}${zh}）；${days} 天逐日按 ${unit} 取整，余数归最大零头`,
    `${party.en} bears ${share} of ${point.name.en} (${by.en}${en}); on each of ${counted(days, 'day')} in whole ${unit}, remainders to the largest fractions`,
  );
}

export const spanWords = (formula: string, admitted: boolean): LocalText =>
  admitted ? say(`采信的量：${formula}`, `admitted amount: ${formula}`) : say(formula, formula);

/** Of an institution, or of what nobody bears. */
export const partyName = (
  institutions: readonly { readonly id: string; readonly name: LocalText }[],
  party: string,
): LocalText =>
  party === UNALLOCATED ? UNALLOCATED_NAME : (institutions.find(({ id }) => id === party)?.name ?? say(party, party));

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
