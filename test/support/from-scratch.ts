import { sql } from 'kysely';
import type { Books } from '../../pipeline/books/index.ts';
import { markDirty } from '../../pipeline/books/dirty.ts';
import { loadSiteOf } from '../../pipeline/ledger/directory.ts';
import { dumpBooks } from '../../pipeline/index.ts';
import { freshBooks } from './postgres.ts';
import { consumeAll, plant } from './run-books.ts';
import { SITE, type SmallSite } from './small-site.ts';

/** What follows from readings; brackets and counts also tell what was refused when. */
const DERIVED = /^(day|evidence|finding|hour|party|total)\|/;

/** Lines of the dump that are derived, with what parties bear of points that count into no total. */
export async function derivedLines({ db }: Books): Promise<readonly string[]> {
  const { text } = await dumpBooks(db);
  const { rows } = await sql<{ line: string }>`
    select concat_ws('|', 'part', site, party, day, point, amount) as line from allocation_day`.execute(db);
  return [...text.split('\n').filter((line) => DERIVED.test(line)), ...rows.map(({ line }) => line)];
}

/** Also what no reading of the log touches. */
async function markAll({ db }: Books): Promise<void> {
  const { registers } = await loadSiteOf(db, SITE);
  const marks = [...registers.values()].map(({ device, register }) => ({
    site: SITE,
    device,
    register,
    from: 0,
    rejoin: false,
  }));
  await markDirty(db, marks);
}

export interface Differences {
  readonly tooMuch: readonly string[];
  readonly tooLittle: readonly string[];
}

export const NONE: Differences = { tooMuch: [], tooLittle: [] };

/** How the books of a site differ from those that are made in one go from the same log, events and the registry as it is now. */
export async function differencesFromScratch(site: SmallSite): Promise<Differences> {
  await site.service.settle();
  const { books, close } = await freshBooks();
  try {
    await plant(books, await site.service.registry(SITE), await site.service.events(SITE));
    await markAll(books);
    await consumeAll(books, site.log);
    const [got, want] = [await derivedLines(site.books), await derivedLines(books)].map((lines) => new Set(lines));
    return {
      tooMuch: [...(got ?? [])].filter((l) => !want?.has(l)),
      tooLittle: [...(want ?? [])].filter((l) => !got?.has(l)),
    };
  } finally {
    await close();
  }
}
