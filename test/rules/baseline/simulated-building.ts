import { isWeekday, type UseDay } from '../../../rules/baseline/index.ts';
import { normal } from '../../support/random.ts';

export interface Building {
  /** Wh a day. */
  readonly base: number;
  readonly workdayStep: number;
  /** Wh per degree day. */
  readonly heating: number;
  readonly cooling: number;
  /** ℃ */
  readonly heatingPoint: number;
  readonly coolingPoint: number;
  /** Spread of a day, as a share of `base`, and how far it lasts to the next day. */
  readonly noise: number;
  readonly lasting: number;
}

/** Days `from` to `to` (not included) in a climate between `winter` and `summer` ℃; from `retrofit` on each day uses `saved` less. */
export function simulatedDays(
  random: () => number,
  building: Building,
  { from, to, retrofit, saved, winter, summer }: Run,
): readonly UseDay[] {
  let [weather, activity] = [0, building.noise * normal(random)];
  return Array.from({ length: to - from }, (_, at) => {
    const day = from + at;
    weather = 0.7 * weather + Math.sqrt(1 - 0.7 ** 2) * 3 * normal(random);
    activity = building.lasting * activity + Math.sqrt(1 - building.lasting ** 2) * building.noise * normal(random);
    const swing = (summer - winter) / 2;
    const temperature = winter + swing - swing * Math.cos((2 * Math.PI * (day - 15)) / 365.25) + weather;
    const workday = isWeekday(day);
    const expected =
      building.base +
      (workday ? building.workdayStep : 0) +
      building.heating * Math.max(0, building.heatingPoint - temperature) +
      building.cooling * Math.max(0, temperature - building.coolingPoint);
    const use = expected * (day >= retrofit ? 1 - saved : 1) + activity * building.base;
    return { day, use: Math.max(0, Math.round(use)), temperature, workday };
  });
}

export interface Run {
  readonly from: number;
  readonly to: number;
  readonly retrofit: number;
  readonly saved: number;
  readonly winter: number;
  readonly summer: number;
}
