import { dayOfCivil, DAY, HOUR, instantOfLocal, MINUTE, parseTime, SECOND, zoneOf } from '#domain';
import { systemClock } from '#platform';
import type { FindingAnswer } from '../../pipeline/answers.ts';
import { startEmbeddedPostgres } from '../../pipeline/books/embedded/index.ts';
import { type Books, openBooks } from '../../pipeline/books/index.ts';
import { dumpBooks, openService } from '../../pipeline/index.ts';
import type { StatusAnswer } from '../../pipeline/answers.ts';
import type { Service } from '../../pipeline/service.ts';
import { daiadReference } from './daiad.ts';
import { silentTelemetry } from './postgres.ts';

const madrid = zoneOf('Europe/Madrid');

/** "01/03/2016 00:24:16" of the file as an instant. */
export function madridInstant(text: string): number {
  const [day, month, year, hour, minute, second] = text.split(/[/ :]/).map(Number);
  const date = dayOfCivil(year ?? NaN, month ?? NaN, day ?? NaN) * DAY;
  return instantOfLocal(date + (hour ?? 0) * HOUR + (minute ?? 0) * MINUTE + (second ?? 0) * SECOND, madrid);
}

/** Start of a local day, "1993-08-10". */
export const madridDay = (text: string): number => parseTime(text, madrid).from;

/** What is in books, as people are told. */
export interface BooksContent {
  readonly findings: readonly FindingAnswer[];
  readonly status: StatusAnswer;
}

/** Opens books for the time of `work`. */
export async function withBooks<T>(
  dsn: string,
  work: (service: Service, content: BooksContent, books: Books) => Promise<T>,
): Promise<T> {
  const telemetry = silentTelemetry();
  const books = await openBooks({ dsn, telemetry });
  const service = openService({ books, clock: systemClock, telemetry });
  try {
    return await work(service, { findings: await findingsOf(service), status: await service.status() }, books);
  } finally {
    await service.stop();
    await books.close();
  }
}

/** All lines of the dump but the count of readings taken, which grows with each delivery. */
export async function linesOf(books: Books): Promise<readonly string[]> {
  const { text } = await dumpBooks(books.db);
  return text.split('\n').filter((line) => !line.startsWith('count|-|folded|'));
}

/** The same of the books that a data folder holds. */
export async function withFolder<T>(data: string, work: Parameters<typeof withBooks<T>>[1]): Promise<T> {
  const server = await startEmbeddedPostgres({ dir: data, telemetry: silentTelemetry() });
  try {
    return await withBooks(server.dsn, work);
  } finally {
    await server.stop();
  }
}

async function findingsOf(service: Service): Promise<readonly FindingAnswer[]> {
  const found: FindingAnswer[] = [];
  let cursor: string | undefined;
  do {
    const page = await service.findings({ site: 'daiad', limit: 1_000, cursor });
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

/** Litres of a point between two instants, whatever the hour. */
export const litresOf = async (service: Service, serial: string, from: number, to: number): Promise<number> => {
  const subject = { kind: 'point', id: `w-${serial}` } as const;
  return (await service.usage({ site: 'daiad', subject, interval: { from, to }, by: 'year' })).total.amount;
};

/** Of each of the 16, litres between the first and the last reading that the reference has. */
export async function litresByReference(service: Service, serials: readonly string[]): Promise<Record<string, number>> {
  const reference = daiadReference();
  const litres: Record<string, number> = {};
  for (const serial of serials) {
    const [from, to] = [reference[serial]?.first[0] ?? '', reference[serial]?.last[0] ?? ''];
    litres[serial] = await litresOf(service, serial, madridInstant(from), madridInstant(to));
  }
  return litres;
}

/** The same items in another order, by a small generator (mulberry32). */
export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const mixed = items.map((item) => ({ item, key: random() }));
  return mixed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
