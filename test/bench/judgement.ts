import { type Catalogue, loadCatalogue } from '../../rules/catalogue/index.ts';
import type { PeriodFacts, Profile, Quantity } from '../../rules/contract.ts';
import { type RateTables, rateTables } from '../../rules/conversion/index.ts';
import { indicators, monthPeriod, SURVEY_CALIBER, yearPeriod } from '../../rules/indicators/index.ts';
import { judgeUnder, tally, type Verdict } from '../../rules/judgement/index.ts';
import { type Bench, loadNow } from './form.ts';
import { pageCpuMs } from './page.ts';

/** mulberry32: the same institutions on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CITIES = ['370100', '370200', '370600', '370700', '371300', '371400'];
const KINDS = [
  { type: 'organ', level: 'city' },
  { type: 'organ', level: 'county' },
  { type: 'hospital', level: 'grade-2' },
  { type: 'library', level: 'city' },
] as const;

function profileOf(institution: number, draw: () => number): Profile {
  const kind = KINDS[institution % KINDS.length] ?? KINDS[0];
  const division = CITIES[Math.floor(draw() * CITIES.length)];
  return {
    institution: `i${institution}`,
    ...kind,
    division,
    heating: 'district-metered',
    class: 'A',
    hoursPerYear: 2500,
  };
}

const BASES: readonly (readonly [Quantity['carrier'], Quantity['use'], number])[] = [
  ['electricity', 'ordinary', 2_500_000],
  ['electricity', 'heating', 300_000],
  ['electricity', 'data-centre', 200_000],
  ['electricity', 'data-centre-it', 150_000],
  ['electricity', 'pv-self-used', 100_000],
  ['heat', 'heating', 20_000],
  ['natural-gas', 'canteen', 100_000],
  ['petrol', 'vehicles', 60_000],
  ['diesel', 'vehicles', 20_000],
  ['water', 'ordinary', 80_000],
];

const quantities = (areaM2: number, share: number, draw: () => number): readonly Quantity[] =>
  BASES.map(([carrier, use, perM2]) => ({
    carrier,
    use,
    amount: Math.round((perM2 * areaM2 * share * (0.5 + draw())) / 100) * 3,
    coverage: 0.85 + 0.15 * Math.sqrt(draw()),
    quality: 'metered',
  }));

const denominators = (areaM2: number) => ({
  areaM2,
  heatedAreaM2: areaM2 * 0.9,
  persons: areaM2 / 25,
  bedDays: areaM2,
});

/** A year and its twelve months, the months added up to the year as the books do. */
function yearOf(
  profile: Profile,
  draw: () => number,
): { readonly year: PeriodFacts; readonly months: readonly PeriodFacts[] } {
  const areaM2 = 2_000 + Math.floor(draw() * 20_000);
  const about = { profile, denominators: denominators(areaM2), surveyDenominators: denominators(areaM2 * 1.05) };
  const months = Array.from({ length: 12 }, (_, month) => ({
    ...about,
    ...monthPeriod(2025, month + 1),
    quantities: quantities(areaM2, 1 / 12, draw),
    unattributed: { amount: 1_000, of: 100_000, coverage: 1 },
  }));
  const total = BASES.map(([carrier, use], at) => ({
    carrier,
    use,
    amount: months.reduce((sum, each) => sum + (each.quantities[at]?.amount ?? 0), 0),
    coverage: months.reduce((sum, each) => sum + (each.quantities[at]?.coverage ?? 0), 0) / 12,
    quality: 'metered' as const,
  }));
  return {
    year: {
      ...about,
      ...yearPeriod(2025),
      quantities: total,
      unattributed: { amount: 12_000, of: 1_200_000, coverage: 1 },
    },
    months,
  };
}

const PACKS = ['shandong', 'gbt-51161'];

interface Made {
  figures: number;
  readonly verdicts: Pick<Verdict, 'level' | 'standing' | 'counted'>[];
}

function recompute(made: Made, facts: ReturnType<typeof yearOf>, catalogue: Catalogue, tables: RateTables): void {
  for (const period of [...facts.months, facts.year]) {
    for (const { answer } of indicators(period, SURVEY_CALIBER, tables)) if (answer.ok) made.figures += 1;
  }
  for (const judgement of judgeUnder(facts.year, PACKS, catalogue, tables)) {
    for (const { level, standing, counted } of judgement.verdicts) made.verdicts.push({ level, standing, counted });
  }
}

/**
 * `judgement [INSTITUTIONS] [DAYS]`: all indicators of twelve months and the year, and all verdicts under two packs; facts are made outside the
 * clock. Then the answers of one institution's year page on books of so many days (365; 0: without).
 */
export const judgement: Bench = async ({ args: [wanted = '60000', days = '365'], say }) => {
  const size = Number(wanted);
  const catalogue = loadCatalogue();
  const tables = rateTables(catalogue);
  const draw = random(1);
  const made: Made = { figures: 0, verdicts: [] };
  let seconds = 0;
  let cpu = 0;
  const batch = 500;
  for (let first = 0; first < size; first += batch) {
    const facts = Array.from({ length: Math.min(batch, size - first) }, (_, at) =>
      yearOf(profileOf(first + at, draw), draw),
    );
    const started = performance.now();
    const before = process.cpuUsage();
    for (const each of facts) recompute(made, each, catalogue, tables);
    const { user, system } = process.cpuUsage(before);
    seconds += (performance.now() - started) / 1000;
    cpu += (user + system) / 1e6;
  }
  return {
    bench: 'judgement',
    institutions: size,
    periods: size * 13,
    figures: made.figures,
    verdicts: tally(made.verdicts),
    seconds: Math.round(seconds * 100) / 100,
    cpuSeconds: Math.round(cpu * 100) / 100,
    perInstitutionMs: Math.round((cpu / size) * 1e6) / 1e3,
    ...(Number(days) > 0 && { pageCpuMs: await pageOf(Number(days), say) }),
  };
};

async function pageOf(days: number, say: (line: string) => void): Promise<Awaited<ReturnType<typeof pageCpuMs>>> {
  say(`books of ${days} days of the compound for the page; ${loadNow()}`);
  const page = await pageCpuMs(days);
  say(`CPU of each answer, ms: ${JSON.stringify(page)}; ${loadNow()}`);
  return page;
}
