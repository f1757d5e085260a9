import {
  say,
  type Tariff,
  TARIFF_PERIODS,
  type TariffPeriod,
  type TariffSeason,
  type TariffTerms,
  type Rational,
} from '#domain';
import type { Path } from '../problem.ts';
import { readDay, readQuantity } from '../texts.ts';
import { type FactsScope, refuseFalling, taken } from './scope.ts';
import type { TariffEntry, TermsEntry } from './schema.ts';
import { readHours, readMonthly, readMonths, readPrice } from './texts.ts';

/** Tariffs with their prices as exact millionths of a yuan per base unit. */
export const resolveTariffs = (scope: FactsScope): readonly Tariff[] =>
  scope.file.tariffs.map((tariff, i) => {
    const terms = tariff.terms.map((entry, k) => {
      const path = ['tariffs', i, 'terms', k];
      const from = taken(scope, [...path, 'from'], readDay(entry.from, scope.zone));
      return { from, value: termsOf(scope, tariff, entry, path), at: [...path, 'from'] };
    });
    refuseFalling(scope, terms);
    const whole = terms.flatMap(({ from, value }) =>
      from === undefined || value === undefined ? [] : [{ from, value }],
    );
    return { id: tariff.id, carrier: tariff.carrier, terms: whole };
  });

function termsOf(scope: FactsScope, tariff: TariffEntry, entry: TermsEntry, path: Path): TariffTerms | undefined {
  const perMonth =
    entry.capacity === undefined ? undefined : taken(scope, [...path, 'capacity'], readMonthly(entry.capacity));
  const capacity = perMonth === undefined ? {} : { capacity: { perMonth } };
  const price = (text: string, at: Path): Rational | undefined => taken(scope, at, readPrice(text, tariff.carrier));
  switch (entry.kind) {
    case 'flat': {
      const flat = price(entry.price, [...path, 'price']);
      return flat && { kind: 'flat', price: flat, ...capacity };
    }
    case 'tiered': {
      const tiers = entry.tiers.map((tier, i) => tierOf(scope, tariff, tier, [...path, 'tiers', i]));
      refuseTiers(scope, entry, tiers, [...path, 'tiers']);
      const whole = tiers.flatMap(({ upTo, price: each }) => (each ? [{ upTo, price: each }] : []));
      return { kind: 'tiered', cycle: entry.cycle, tiers: whole, ...capacity };
    }
    case 'time-of-use': {
      const seasons = entry.seasons.map((season, i) => seasonOf(scope, season, [...path, 'seasons', i], price));
      refuseMonths(scope, seasons, [...path, 'seasons']);
      return { kind: 'time-of-use', seasons: seasons.filter((season) => season !== undefined), ...capacity };
    }
  }
}

type Tier = Extract<TermsEntry, { kind: 'tiered' }>['tiers'][number];

const tierOf = (scope: FactsScope, { carrier }: TariffEntry, tier: Tier, path: Path) => ({
  upTo: tier.upTo === undefined ? undefined : taken(scope, [...path, 'upTo'], readQuantity(tier.upTo, carrier)),
  price: taken(scope, [...path, 'price'], readPrice(tier.price, carrier)),
});

function refuseTiers(
  scope: FactsScope,
  entry: Extract<TermsEntry, { kind: 'tiered' }>,
  tiers: readonly { readonly upTo: number | undefined }[],
  path: Path,
): void {
  for (const [i, { upTo }] of tiers.entries()) {
    const last = i === tiers.length - 1;
    const written = entry.tiers[i]?.upTo !== undefined;
    const before = tiers[i - 1]?.upTo;
    const falls = upTo !== undefined && before !== undefined && upTo <= before;
    if (written !== last && !falls) continue;
    scope.report(
      [...path, i],
      'TIERS_ORDER',
      say('各档不是由低到高，或最后一档有上限', 'The tiers do not rise, or the last one has an end'),
      say('请由低到高排列；最后一档不写 upTo', 'Write them rising; the last one has no upTo'),
    );
  }
}

type Season = Extract<TermsEntry, { kind: 'time-of-use' }>['seasons'][number];

function seasonOf(
  scope: FactsScope,
  season: Season,
  path: Path,
  price: (text: string, at: Path) => Rational | undefined,
): TariffSeason | undefined {
  const months = taken(scope, [...path, 'months'], readMonths(season.months));
  const hours = taken(scope, [...path, 'hours'], readHours(season.hours));
  const prices: Partial<Record<TariffPeriod, Rational>> = {};
  for (const period of TARIFF_PERIODS) {
    const text = season.prices[period];
    const read = text === undefined ? undefined : price(text, [...path, 'prices', period]);
    if (read) prices[period] = read;
    if (text !== undefined || !hours?.includes(period)) continue;
    scope.report(
      [...path, 'prices'],
      'PRICE_MISSING',
      say(`时段 ${period} 没有单价`, `The period ${period} has no price`),
      say(`请写 ${period}: 0.5 元/kWh`, `Write ${period}: 0.5 CNY/kWh`),
    );
  }
  return months && hours && { months, hours, prices };
}

function refuseMonths(scope: FactsScope, seasons: readonly (TariffSeason | undefined)[], path: Path): void {
  if (seasons.includes(undefined)) return;
  const all = seasons.flatMap((season) => season?.months ?? []);
  const wrong = Array.from({ length: 12 }, (_, i) => i + 1).filter((m) => all.filter((x) => x === m).length !== 1);
  if (wrong.length === 0) return;
  scope.report(
    path,
    'SEASONS_INCOMPLETE',
    say(
      `${wrong.join('、')} 月不在或不只在一个季节里`,
      `Months ${wrong.join(', ')} are in no season, or in more than one`,
    ),
    say('请让十二个月各属于一个季节', 'Put each of the twelve months in one season'),
  );
}
