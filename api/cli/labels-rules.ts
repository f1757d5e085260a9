import type { LocalText } from '#domain';
import type { IndicatorPeriod, VerdictAnswer } from '../../pipeline/answers-rules.ts';

/** What the rules call their figures, in both languages. */
const say = (zh: string, en: string): LocalText => ({ zh, en });

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
  compliant: say('达标', 'compliant'),
  over: say('超标', 'over'),
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

export const PERIOD_LABELS: Readonly<Record<IndicatorPeriod, LocalText>> = {
  year: say('全年', 'year'),
  'rolling-12': say('滚动十二个月', 'rolling 12 months'),
  'year-to-date': say('年初至今', 'year to date'),
  month: say('当月', 'month'),
  'same-period-last-year': say('上年同期', 'same period last year'),
};
