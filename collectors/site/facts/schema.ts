import { z } from 'zod';
import { CARRIERS, EXCLUDED_USES, ID_PATTERN, INSTITUTION_TYPES, TARIFF_PERIODS, USES } from '#domain';
import type { Form } from '../form.ts';

/**
 * Shape of a facts file (YAML): what no meter tells of a site and rules ask for. It is not part of the site file: it changes for other reasons
 * and by other people (docs/adr/0090). Texts stay texts here; check.ts reads them, so that each mistake keeps its place.
 * Each description stands in both languages, with a bar between them, and serves as the cure of a mistake in its place.
 */
const id = z
  .string()
  .regex(ID_PATTERN)
  .describe(
    '小写字母、数字、点、连字符、下划线，最多 63 个字符。 | Small letters, digits, point, hyphen, underscore; at most 63 characters.',
  );
const amount = z.union([z.string().min(1), z.number()]);
const day = z.string().min(4).describe('当地日期：2025-01-01。 | A local day: 2025-01-01.');

const dated = (zh: string, en: string) =>
  z
    .union([amount, z.array(z.strictObject({ from: day, value: amount })).min(1)])
    .describe(
      `${zh}：一个数，或一列 { from: 2025-01-01, value: … }。 | ${en}: one value, or a list of { from: 2025-01-01, value: … }.`,
    );

const excludedShape = z.strictObject({
  use: z.enum(EXCLUDED_USES),
  area: dated('所占建筑面积，m²', 'Its building area in m²').optional(),
  persons: dated('所含用能人数', 'Its persons').optional(),
});

const institutionShape = z.strictObject({
  id,
  type: z.enum(INSTITUTION_TYPES).optional(),
  level: z.enum(['central', 'province', 'city', 'county', 'township']).optional(),
  division: z
    .union([z.string().regex(/^\d{6}$/), z.int().min(110_000).max(829_999)])
    .optional()
    .describe('所在市或县的行政区划代码，六位：620100。 | Division code of its city or county, six digits: 620100.'),
  grade: z
    .string()
    .min(1)
    .optional()
    .describe('医院等级或学校类别，按定额标准的写法。 | Grade of a hospital or kind of a school, as the quota has it.'),
  heating: z
    .enum(['district-metered', 'district-by-area', 'air-conditioning', 'boiler', 'coal-boiler', 'none'])
    .optional()
    .describe(
      '采暖方式：集中供热按表计量、按面积计费、空调、燃气或燃油锅炉、燃煤锅炉、无。 | How it is heated: district heat by meter or by area, air conditioning, boiler of gas or oil, coal boiler, none.',
    ),
  class: z.string().min(1).optional().describe('GB/T 51161 的 A、B 类。 | Class A or B of GB/T 51161.'),
  hoursPerYear: z.number().positive().max(8_784).optional().describe('年使用时间，小时。 | Hours of use a year.'),
  heatedArea: dated('采暖面积，m²', 'Heated area in m²').optional(),
  students: dated('日均在校学生数', 'Students present, daily average').optional(),
  patients: dated('日均住院或接受服务的人数', 'Patients or persons served, daily average').optional(),
  visitors: dated('日均来访人数（有登记或票据）', 'Visitors, daily average (registered or with tickets)').optional(),
  beds: dated('床位数', 'Beds').optional(),
  bedDays: z
    .record(z.string(), z.number())
    .optional()
    .describe('每月实际占用床日数：{ 2026-01: 3120 }。 | Occupied bed-days of a month: { 2026-01: 3120 }.'),
  excluded: z.array(excludedShape).default([]),
});

const pointShape = z.strictObject({
  point: id,
  use: z.enum(USES).optional(),
  tariff: id.optional(),
});

const price = z.string().min(3).describe('单价：0.5683 元/kWh。 | Price: 0.5683 CNY/kWh.');
const capacity = z
  .string()
  .min(3)
  .optional()
  .describe('每月容（需）量电费：12800 元/月。 | Capacity charge a month: 12800 CNY/month.');

const termsShape = z.discriminatedUnion('kind', [
  z.strictObject({ from: day, kind: z.literal('flat'), price, capacity }),
  z.strictObject({
    from: day,
    kind: z.literal('tiered'),
    cycle: z.enum(['month', 'year']),
    tiers: z
      .array(z.strictObject({ upTo: z.string().min(2).optional(), price }))
      .min(1)
      .describe('各档，由低到高；最后一档不写 upTo。 | The tiers, rising; the last one has no upTo.'),
    capacity,
  }),
  z.strictObject({
    from: day,
    kind: z.literal('time-of-use'),
    seasons: z
      .array(
        z.strictObject({
          months: z
            .union([z.array(z.int().min(1).max(12)).min(1), z.string().min(1)])
            .describe('月份：[6, 7, 8] 或 6-8。 | Months: [6, 7, 8] or 6-8.'),
          hours: z
            .partialRecord(z.enum(TARIFF_PERIODS), z.string().min(1))
            .describe(
              '各时段的钟点：{ peak: 8-12 17-22, flat: 7-8 12-17, valley: 22-7 }。 | Hours of each period: { peak: 8-12 17-22, flat: 7-8 12-17, valley: 22-7 }.',
            ),
          prices: z.partialRecord(z.enum(TARIFF_PERIODS), price).describe('每个时段的单价。 | Price of each period.'),
        }),
      )
      .min(1),
    capacity,
  }),
]);

const tariffShape = z.strictObject({ id, carrier: z.enum(CARRIERS), terms: z.array(termsShape).min(1) });

const targetShape = z.strictObject({
  id,
  institution: id.optional().describe('不写则为整个站点。 | Absent: of the whole site.'),
  metric: z.enum([
    'energy-total',
    'water-total',
    'co2-total',
    'energy-per-area',
    'energy-per-person',
    'water-per-person',
    'co2-per-area',
    'co2-per-person',
  ]),
  baseYear: z.int().min(2000).max(2100),
  targetYear: z.int().min(2000).max(2100),
  change: z.string().min(2).optional().describe('比基准年的变化：-5 %。 | Change against the base year: -5 %.'),
  cap: z.number().positive().optional().describe('上限，单位见 unit。 | Upper limit, in unit.'),
  unit: z.string().min(1).optional(),
  source: z.string().min(1).describe('下达目标的文件名称和文号。 | Title and number of the document that sets it.'),
});

const temperatureShape = z.union([
  z.strictObject({
    gauge: z.string().min(3).describe('设备/寄存器：weather/t-outdoor。 | device/register: weather/t-outdoor.'),
  }),
  z.strictObject({ series: id.describe('导入的日均气温序列。 | An imported series of daily means.') }),
]);

export const factsFileSchema = z
  .strictObject({
    facts: id.describe('站点的 id。 | Id of the site.'),
    institutions: z.array(institutionShape).default([]),
    points: z.array(pointShape).default([]),
    tariffs: z.array(tariffShape).default([]),
    targets: z.array(targetShape).default([]),
    temperature: temperatureShape.optional(),
  })
  .describe('CivicMeter 基础信息文件。 | CivicMeter facts file.');

export type FactsFile = z.output<typeof factsFileSchema>;
export type TariffEntry = FactsFile['tariffs'][number];
export type TermsEntry = TariffEntry['terms'][number];

export const FACTS_FORM: Form<FactsFile> = {
  title: 'CivicMeter facts file',
  schema: factsFileSchema,
  placeholder: { facts: 'site' },
  discriminators: { kind: ['flat', 'tiered', 'time-of-use'] },
};
