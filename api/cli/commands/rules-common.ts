import { z } from 'zod';
import { dayBefore, oneOf, type Registry, requestError, type Zone } from '#domain';
import type { MissingAnswer } from '../../../pipeline/answers-parts.ts';
import { missingLabel } from '../labels-rules.ts';
import type { RowUsed } from '../../../pipeline/answers-rules.ts';
import type { OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';
import { table } from '../output/table.ts';
import { zoneOfSite } from './common.ts';

export const INSTITUTION_OPTION: OptionSpec = {
  flags: '--institution <id>',
  text: { zh: '机构；只有一个机构时可省略', en: 'the institution; may be left out where there is one' },
};

export const YEAR_OPTION: OptionSpec = {
  flags: '--year <year>',
  text: { zh: '年份，如 2026；默认今年', en: 'the year, such as 2026; this year by default' },
};

export const PERIOD_TEXT = {
  zh: '如 2025、2025-03..2026-02、2025-03-01..2026-02-28，首尾都含',
  en: 'such as 2025, 2025-03..2026-02 or 2025-03-01..2026-02-28, both ends included',
} as const;

export const SERIES_OPTION: OptionSpec = {
  flags: '--series <name>',
  text: {
    zh: '气温序列；默认用基础信息文件所写的来源',
    en: 'series of temperatures; the source of the facts file by default',
  },
};

export const yearInput = z.coerce.number().int().min(1990).max(2100).optional();

/** The named institution, or the only one. Throws INSTITUTION_NEEDED, INSTITUTION_UNKNOWN. */
export function institutionOf({ institutions }: Registry, wanted: string | undefined): string {
  const known = institutions.map(({ id }) => id);
  const id = wanted ?? (known.length === 1 ? known[0] : undefined);
  const place = '--institution';
  if (id === undefined) {
    throw requestError('INSTITUTION_NEEDED', `the site has ${known.length} institutions`, {
      place,
      ...oneOf(known, 'add --institution, one of'),
    });
  }
  if (!known.includes(id)) {
    throw requestError('INSTITUTION_UNKNOWN', `there is no institution "${id}"`, {
      place,
      ...oneOf(known),
    });
  }
  return id;
}

/** The running year where the site stands. */
export const thisYear = (cli: Cli, registry: Registry): number => yearAt(cli.io.clock.now(), zoneOfSite(registry));

export const yearAt = (now: number, zone: Zone): number => new Date(now + zone.offsetAt(now)).getUTCFullYear();

/** Both ends included, as people write periods; `to` of an answer is the day after the last. */
export const daysText = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  `${from} – ${dayBefore(to)}`;

/** Three digits after the point at most; exact figures stand in --json. */
export const figure = (value: number | null): string => (value === null ? '–' : String(Number(value.toFixed(3))));

export const sourceText = (cli: Cli, { source }: Pick<RowUsed, 'source'>): string =>
  [source.document, cli.say(source.clause), String(source.year)].filter((part) => part !== '').join(' · ');

/** Rows that an answer rests on, each once. */
export function rowsText(cli: Cli, rows: readonly RowUsed[]): string {
  const once = [...new Map(rows.map((row) => [row.id, row])).values()];
  if (once.length === 0) return '';
  const chinese = cli.language === 'zh';
  const headings = chinese
    ? ['所用系数', '值', '单位', '地区', '等级', '出处', '说明']
    : ['rows used', 'value', 'unit', 'region', 'confidence', 'source', ''];
  return table(
    headings.map((heading) => ({ heading })),
    once.map((row) => [
      row.id,
      row.value === null ? '' : String(row.value),
      row.unit,
      row.region,
      `${row.confidence}${row.verified ? ' ✓' : ''}`,
      sourceText(cli, row),
      row.fallback ? cli.say(row.fallback) : '',
    ]),
  );
}

/** What could not be said, with what would make it possible. */
export const missingText = (cli: Cli, missing: readonly MissingAnswer[]): string =>
  missing.length === 0
    ? ''
    : [
        cli.language === 'zh' ? '缺少：' : 'Missing:',
        ...new Set(missing.map((one) => (cli.language === 'zh' ? missingInChinese(one) : missingInEnglish(one)))),
      ].join('\n');

const missingInEnglish = ({ what, reason, cure }: MissingAnswer): string => `  ${what}: ${reason}\n      ${cure.en}`;

function missingInChinese({ what, reason, cure }: MissingAnswer): string {
  const { label, particulars } = missingLabel(reason) ?? { label: reason, particulars: '' };
  const details = particulars === '' ? '' : `\n      详情：${particulars}`;
  return `  ${what}：${label}${details}\n      办法：${cure.zh}`;
}

export const blocks = (...parts: readonly string[]): string =>
  parts
    .filter((part) => part !== '')
    .map((part) => part.trimEnd())
    .join('\n\n');
