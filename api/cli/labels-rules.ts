import { type LocalText, say } from '#domain';
import type { IndicatorPeriod, VerdictAnswer } from '../../pipeline/answers-rules.ts';
import type { MissingCode } from '../../rules/contract.ts';

/** What the rules call their figures, in both languages. */
const METRIC_LABELS: Readonly<Record<string, LocalText>> = {
  'energy-per-area': say('单位建筑面积能耗', 'energy per area'),
  'non-heating-per-area': say('单位建筑面积非供暖能耗', 'non-heating energy per area'),
  'energy-per-person': say('人均综合能耗', 'energy per person'),
  'electricity-per-area': say('单位建筑面积电耗', 'electricity per area'),
  'heating-per-heated-area': say('单位供暖面积能耗', 'heating per heated area'),
  'data-centre-eue': say('数据中心电能利用率', 'EUE of the data centre'),
  'water-per-person': say('人均用水量', 'water per person'),
  'water-per-bed-day': say('每床日用水量', 'water per bed-day'),
  'water-per-area': say('单位建筑面积用水量', 'water per area'),
  'co2-per-area': say('单位建筑面积碳排放', 'CO2 per area'),
  'co2-per-person': say('人均碳排放', 'CO2 per person'),
  'pv-share': say('光伏占比', 'share of PV'),
  'unattributed-share': say('未归因占比', 'unattributed share'),
  'energy-total': say('能源消费总量', 'energy in total'),
  'water-total': say('用水总量', 'water in total'),
  'co2-total': say('碳排放总量', 'CO2 in total'),
};

export const metricLabel = (metric: string): LocalText => METRIC_LABELS[metric] ?? say(metric, metric);

export const VERDICT_LABELS: Readonly<Record<VerdictAnswer['verdict'], LocalText>> = {
  advanced: say('先进', 'advanced'),
  reasonable: say('合理', 'reasonable'),
  compliant: say('合格', 'compliant'),
  over: say('超定额', 'over'),
};

export const STANDING_LABELS: Readonly<Record<VerdictAnswer['standing'], LocalText>> = {
  official: say('正式', 'official'),
  'single-source': say('单一来源', 'single source'),
  'for-reference': say('仅供参考', 'for reference'),
};

const LIMIT_LABELS: Readonly<Record<string, LocalText>> = {
  guide: say('引导值', 'guide'),
  base: say('基准值', 'base'),
  constraint: say('约束值', 'constraint'),
  general: say('通用值', 'general'),
  advanced: say('先进值', 'advanced'),
};

/** Limits of a quota: constraint 12, base 10, guide 8. */
export const limitsText = (limits: Readonly<Record<string, number>>): LocalText => {
  const said = (language: keyof LocalText): string =>
    Object.entries(limits)
      .map(([name, limit]) => `${LIMIT_LABELS[name]?.[language] ?? name} ${limit}`)
      .join(', ');
  return say(said('zh'), said('en'));
};

/** Why a figure is not there; its particulars are in the reason itself. */
const MISSING_LABELS: Readonly<Record<MissingCode, string>> = {
  BASE_MISSING: '缺基准年数据',
  COVERAGE_LOW: '有证据的时间不足',
  DENOMINATOR_MISSING: '缺分母（面积、人数等）',
  FACTOR_AMBIGUOUS: '有多个可用的系数',
  FACTOR_MISSING: '目录中没有有出处的系数',
  FORECAST_MISSING: '尚无全年预测',
  HEAT_BY_AREA: '热费按面积结算，面积不能折算为热量',
  HISTORY_SHORT: '历史数据不足',
  HOURS_MISSING: '缺逐时用量',
  METERED_AND_ENTERED: '表计与手工录入并存，已相加',
  MODEL_MISSING: '没有可拟合的模型',
  NOT_COUNTED: '按标准不计入',
  PERIOD_NOT_A_YEAR: '定额按十二个月计，所选期间不是一年',
  PERIOD_SHORT: '期间不合要求',
  PROFILE_INCOMPLETE: '机构概况不全',
  QUANTITY_MISSING: '没有用量记录',
  QUOTA_MISSING: '没有适用的定额',
  SERIES_UNKNOWN: '期初的数值未知',
  TARGET_MISSING: '没有目标值',
  TARGET_UNFIT: '目标值不适用',
  TARIFF_MISSING: '没有电价或单价',
  TEMPERATURE_UNNAMED: '未指明室外温度的来源',
  THRESHOLD_MISSING: '没有预警阈值',
  USE_ADRIFT: '有用途的计量点不在任何计入点之下，未从总量中扣除',
  USE_NEGATIVE: '用量为负',
  USE_UNKNOWN: '发电的计量点没有写明用途，按外购电量计',
  ZONE_MISSING: '气候分区未知',
};

/** 机构概况不全 [PROFILE_INCOMPLETE], and the particulars; undefined where the code is of another release. */
export function missingLabel(reason: string): { readonly label: string; readonly particulars: string } | undefined {
  const [code = ''] = reason.split(':', 1);
  const labels: Readonly<Record<string, string>> = MISSING_LABELS;
  const label = labels[code];
  return label === undefined
    ? undefined
    : { label: `${label} [${code}]`, particulars: reason.slice(code.length + 1).trim() };
}

export const PERIOD_LABELS: Readonly<Record<IndicatorPeriod, LocalText>> = {
  year: say('全年', 'year'),
  'rolling-12': say('滚动十二个月', 'rolling 12 months'),
  'year-to-date': say('年初至今', 'year to date'),
  month: say('当月', 'month'),
  'same-period-last-year': say('上年同期', 'same period last year'),
};
