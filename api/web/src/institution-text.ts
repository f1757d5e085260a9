import type { MissingAnswer } from '../../../pipeline/answers-parts.ts';
import type { VerdictAnswer } from '../../../pipeline/answers-rules.ts';
import type { Language } from './text.ts';

/** The words of an institution's page; the English has the shape of the Chinese. */
const zh = {
  back: '返回全部',
  year: '年份',
  unknown: '没有这个机构',
  verdicts: '定额判定',
  verdict: { advanced: '先进', reasonable: '合理', compliant: '合格', over: '超定额' } satisfies Record<
    VerdictAnswer['verdict'],
    string
  >,
  standing: { official: '正式', 'single-source': '单一来源', 'for-reference': '仅供参考' } satisfies Record<
    VerdictAnswer['standing'],
    string
  >,
  limits: { guide: '引导值', base: '基准值', constraint: '约束值', general: '通用值', advanced: '先进值' } as Readonly<
    Record<string, string>
  >,
  corrected: (measured: string) => `按实际使用修正，修正前 ${measured}`,
  confidence: '置信度',
  table: '表',
  questions: '需要先回答的问题',
  noQuestions: '基础信息齐全',
  indicators: '能耗与用水指标',
  carbon: '标准煤与碳排放',
  coal: '标准煤',
  kgCO2: '碳排放',
  residual: '按剔除市场化交易的因子（仅对照）',
  water: '用水',
  targets: '目标、路径与预测',
  noTargets: '没有设定目标',
  plan: '累计计划',
  actual: '累计实际',
  forecast: '预测',
  interval: (percent: number) => `${percent} % 区间`,
  yearCap: '当年额度',
  forecastTo: '年末预测',
  month: '当月预测',
  base: '基准年',
  target: '目标',
  level: (level: number) => `${level} 级`,
  comparison: { 'yearly-task': '年度任务', 'plan-schedule': '规划进度', 'growth-limit': '增速控制' } as Readonly<
    Record<string, string>
  >,
  rows: '所用系数与出处',
  showRows: (count: number) => `${count} 个系数`,
  document: '文件',
  clause: '条款',
  region: '地区',
  verified: '已核实',
  unverified: '未核实',
  caliber: '口径',
  periods: {
    year: '全年',
    'rolling-12': '滚动十二个月',
    'year-to-date': '年初至今',
    month: '当月',
    'same-period-last-year': '上年同期',
  },
  baseline: {
    title: '气象修正后的节约量（与上年比）',
    saved: '节约',
    usedMore: '多用',
    interval: (percent: number) => `${percent} % 区间`,
    expected: '按上年模型预计',
    actual: '实际',
    days: (days: number, of: number) => `${of} 天中的 ${days} 天`,
    beyond: (days: number) => `${days} 天超出上年的气温范围`,
    base: '基础',
    workdays: '工作日增加',
    heating: (point: number) => `低于 ${point} °C 每度`,
    cooling: (point: number) => `高于 ${point} °C 每度`,
    gates: {
      span: '天数',
      use: '有用量的日',
      temperature: '有气温的日',
      days: '两者都有的日',
      negative: '用量为负的日',
    } as Readonly<Record<string, string>>,
  },
  costs: '费用',
  costTotal: '合计',
  costPartial: '尚有未计入的部分',
  costBilled: '账单',
  yuan: '元',
  metrics: {
    'energy-per-area': '单位面积能耗',
    'non-heating-per-area': '单位面积非供暖能耗',
    'energy-per-person': '人均综合能耗',
    'electricity-per-area': '单位面积电耗',
    'heating-per-heated-area': '单位供暖面积能耗',
    'data-centre-eue': '数据中心电能利用率',
    'water-per-person': '人均用水量',
    'water-per-bed-day': '每床日用水量',
    'water-per-area': '单位面积用水量',
    'co2-per-area': '单位面积碳排放',
    'co2-per-person': '人均碳排放',
    'pv-share': '光伏占比',
    'unattributed-share': '未归因占比',
    'energy-total': '能源消费总量',
    'water-total': '用水总量',
    'co2-total': '碳排放总量',
  } as Readonly<Record<string, string>>,
};

export type InstitutionText = typeof zh;

const en: InstitutionText = {
  back: 'Back to the whole site',
  year: 'Year',
  unknown: 'There is no such institution',
  verdicts: 'Against the quotas',
  verdict: { advanced: 'Advanced', reasonable: 'Reasonable', compliant: 'Compliant', over: 'Over' },
  standing: { official: 'Official', 'single-source': 'Single source', 'for-reference': 'For reference' },
  limits: { guide: 'guide', base: 'base', constraint: 'constraint', general: 'general', advanced: 'advanced' },
  corrected: (measured) => `corrected for actual use from ${measured}`,
  confidence: 'Confidence',
  table: 'table',
  questions: 'To be answered first',
  noQuestions: 'No fact is missing',
  indicators: 'Indicators of energy and water',
  carbon: 'Coal equivalent and carbon',
  coal: 'Coal equivalent',
  kgCO2: 'Carbon',
  residual: 'By the residual factor (beside)',
  water: 'Water',
  targets: 'Targets, path and forecast',
  noTargets: 'No target is set',
  plan: 'Plan to date',
  actual: 'Actual to date',
  forecast: 'Forecast',
  interval: (percent) => `${percent} % interval`,
  yearCap: 'Allowance of the year',
  forecastTo: 'Forecast of the year end',
  month: 'This month alone',
  base: 'Base year',
  target: 'Target',
  level: (level) => `level ${level}`,
  comparison: { 'yearly-task': 'Yearly task', 'plan-schedule': 'Plan schedule', 'growth-limit': 'Growth limit' },
  rows: 'Factors used and their sources',
  showRows: (count) => (count === 1 ? '1 factor' : `${count} factors`),
  document: 'Document',
  clause: 'Clause',
  region: 'Region',
  verified: 'verified',
  unverified: 'not verified',
  caliber: 'Caliber',
  periods: {
    year: 'Year',
    'rolling-12': 'Rolling 12 months',
    'year-to-date': 'Year to date',
    month: 'Month',
    'same-period-last-year': 'Same period last year',
  },
  baseline: {
    title: 'Saved against last year in this weather',
    saved: 'Saved',
    usedMore: 'Used more',
    interval: (percent) => `${percent} % interval`,
    expected: 'Expected by the model of last year',
    actual: 'actual',
    days: (days, of) => `${days} of ${of} days`,
    beyond: (days) => `${days} days beyond the temperatures of last year`,
    base: 'Base',
    workdays: 'on workdays more',
    heating: (point) => `below ${point} °C per degree`,
    cooling: (point) => `above ${point} °C per degree`,
    gates: {
      span: 'Days',
      use: 'Days with use',
      temperature: 'Days with temperature',
      days: 'Days with both',
      negative: 'Days with use below 0',
    },
  },
  costs: 'Costs',
  costTotal: 'Total',
  costPartial: 'not all of it',
  costBilled: 'bill',
  yuan: 'CNY',
  metrics: {
    'energy-per-area': 'Energy per area',
    'non-heating-per-area': 'Non-heating energy per area',
    'energy-per-person': 'Energy per person',
    'electricity-per-area': 'Electricity per area',
    'heating-per-heated-area': 'Heating per heated area',
    'data-centre-eue': 'EUE of the data centre',
    'water-per-person': 'Water per person',
    'water-per-bed-day': 'Water per bed-day',
    'water-per-area': 'Water per area',
    'co2-per-area': 'CO2 per area',
    'co2-per-person': 'CO2 per person',
    'pv-share': 'Share of PV',
    'unattributed-share': 'Unattributed share',
    'energy-total': 'Energy in total',
    'water-total': 'Water in total',
    'co2-total': 'CO2 in total',
  },
};

export const institutionText = (language: Language): InstitutionText => (language === 'zh' ? zh : en);

/** Three digits after the point at most, in threes before it. */
export const shown = (value: number | null): string =>
  value === null ? '–' : value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) >= 1_000 ? 0 : 3 });

export const missingKey = ({ what, reason }: MissingAnswer): string => `${what} ${reason}`;

/** What a reason begins with; the sentence after it is English. */
export const codeOf = ({ reason }: MissingAnswer): string => reason.split(':')[0] ?? reason;

/** The same lack may stand in several parts of an answer; it is said once. */
export const eachOnce = (missing: readonly MissingAnswer[]): readonly MissingAnswer[] => [
  ...new Map(missing.map((one) => [missingKey(one), one])).values(),
];
