import { DAY, formatDay, HOUR } from '../../pipeline/domain/index.ts';
import type { Service } from '../../pipeline/index.ts';
import { outdoorTemperature } from '../../fixtures/simulator/drivers.ts';
import { compoundBooks } from '../support/compound-books.ts';
import { stopPostgres } from '../support/postgres.ts';

const [SITE, INSTITUTION, YEAR] = ['lz-compound', 'reform', 2025];
const FROM = Date.UTC(2024, 11, 31, 16);
const ZONE_MS = 8 * HOUR;
/** The first answers compile what the others run. */
const [WARM, ASKED] = [5, 15];

const QUESTIONS = {
  indicators: ({ rules }: Service) => rules.indicators({ site: SITE, institution: INSTITUTION, year: YEAR }),
  judgement: ({ rules }: Service) => rules.judge({ site: SITE, institution: INSTITUTION, year: YEAR }),
  targets: ({ rules }: Service) => rules.targets({ site: SITE, institution: INSTITUTION, year: YEAR }),
  costs: ({ rules }: Service) => rules.costs({ site: SITE, institution: INSTITUTION, year: YEAR }),
  baseline: ({ rules }: Service) =>
    rules.baseline({
      site: SITE,
      institution: INSTITUTION,
      carrier: 'electricity',
      period: `${YEAR}`,
      series: 'station',
    }),
} as const;

/** Median milliseconds of this process's CPU per answer of an institution's year page, on books of so many days of the compound with hourly readings. */
export async function pageCpuMs(days: number): Promise<Readonly<Record<keyof typeof QUESTIONS, number>>> {
  const books = await compoundBooks(FROM, FROM + days * DAY);
  const service = books.serviceAt(FROM + days * DAY);
  try {
    await importOutdoor(service, days);
    const times: Partial<Record<keyof typeof QUESTIONS, number>> = {};
    for (const [name, ask] of Object.entries(QUESTIONS)) {
      // keys of QUESTIONS
      times[name as keyof typeof QUESTIONS] = await medianCpuMs(() => ask(service));
    }
    return times as Record<keyof typeof QUESTIONS, number>; // all of them were set
  } finally {
    await service.stop();
    await books.close();
    await stopPostgres();
  }
}

async function importOutdoor(service: Service, days: number): Promise<void> {
  const first = Math.floor((FROM + ZONE_MS) / DAY);
  const drafts = Array.from({ length: days }, (_, i) => ({
    row: i + 2,
    cells: { time: formatDay(first + i), temperature: outdoorTemperature(7, first + i, 9).toFixed(1), unit: '°C' },
  }));
  const table = { name: 'station.csv', sha256: '0'.repeat(64), drafts };
  await service.rules.importTemperature(SITE, table, { series: 'station', source: 'bench', by: 'bench', commit: true });
}

async function medianCpuMs(ask: () => Promise<object>): Promise<number> {
  for (let i = 0; i < WARM; i++) await ask();
  const times: number[] = [];
  for (let i = 0; i < ASKED; i++) {
    const before = process.cpuUsage();
    await ask();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return Math.round((times.toSorted((a, b) => a - b)[(ASKED - 1) / 2] ?? NaN) * 10) / 10;
}
