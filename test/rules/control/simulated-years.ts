import type { MonthAmount } from '../../../rules/control/index.ts';
import { normal } from '../../support/random.ts';

export interface Place {
  /** Mean temperature by month, ℃. */
  readonly climate: readonly number[];
  /** Use that no weather moves, as a share of a typical year. */
  readonly steady: number;
  /** Shares of a typical year's use that heating and cooling days take. */
  readonly heating: number;
  readonly cooling: number;
}

/** Lanzhou, Guangzhou and Jinan, rounded. */
const CLIMATES = {
  lanzhou: [-5, 0, 6, 13, 18, 21, 23, 22, 17, 10, 3, -4],
  guangzhou: [14, 15, 18, 22, 26, 28, 29, 28, 27, 24, 20, 15],
  jinan: [0, 3, 9, 17, 22, 27, 28, 26, 22, 16, 8, 2],
} as const;

export const PLACES: readonly Place[] = [
  { climate: CLIMATES.lanzhou, steady: 0.55, heating: 0.4, cooling: 0.05 },
  { climate: CLIMATES.guangzhou, steady: 0.6, heating: 0, cooling: 0.4 },
  { climate: CLIMATES.jinan, steady: 0.6, heating: 0.2, cooling: 0.2 },
  { climate: CLIMATES.jinan, steady: 0.9, heating: 0, cooling: 0.1 },
];

export interface Behaviour {
  /** Change of level a year, such as −0.02. */
  readonly trend: number;
  /** Spread of one month's use that neither weather nor season explains. */
  readonly noise: number;
  /** Spread of a month's temperature against its climate, ℃; anomalies last (AR 0.35). */
  readonly anomaly: number;
}

/** Months of `count` years ending with `last`, in Wh: level × (steady + heating degrees + cooling degrees) × noise that lasts a little (AR 0.2). */
export function simulatedYears(
  random: () => number,
  place: Place,
  { trend, noise, anomaly }: Behaviour,
  last: number,
  count: number,
): readonly MonthAmount[] {
  const degrees = (limit: number, sign: number) => (celsius: number) => softPlus(sign * (celsius - limit));
  const [cold, hot] = [degrees(16, -1), degrees(22, 1)];
  const total = (of: (celsius: number) => number): number =>
    place.climate.reduce((sum, celsius) => sum + of(celsius), 0);
  const [coldYear, hotYear] = [total(cold), total(hot)];
  const level = 10 ** (7 + 4 * random());
  let [weather, activity] = [anomaly * normal(random), noise * normal(random)];
  return Array.from({ length: count * 12 }, (_, at) => {
    weather = 0.35 * weather + Math.sqrt(1 - 0.35 ** 2) * anomaly * normal(random);
    activity = 0.2 * activity + Math.sqrt(1 - 0.2 ** 2) * noise * normal(random);
    const [year, index] = [last - count + 1 + Math.floor(at / 12), at % 12];
    const celsius = (place.climate[index] ?? 0) + weather;
    const shape =
      place.steady / 12 +
      (place.heating * cold(celsius)) / (coldYear || 1) +
      (place.cooling * hot(celsius)) / (hotYear || 1);
    const amount = Math.round(level * (1 + trend) ** (at / 12) * shape * Math.exp(activity));
    return { month: `${year}-${String(index + 1).padStart(2, '0')}`, amount };
  });
}

/** Mean of max(0, degrees) over a month whose days spread by 3 ℃: smooth at the limit, as a month of days is. */
const softPlus = (degrees: number): number => 2 * Math.log1p(Math.exp(Math.min(degrees, 60) / 2));
