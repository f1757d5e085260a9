import type { Kysely } from 'kysely';
import {
  formatDay,
  formatInstant,
  formatMonth,
  registerKey,
  requestError,
  type SiteFacts,
  TEMPERATURE_UNIT,
  zoneOf,
} from '#domain';
import type { ApplyFactsAnswer, FactsAnswer } from '../answers-facts.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { canonicalJson, sha256 } from '../rollup/canonical.ts';
import type { Claim } from '../service.ts';

type Db = Kysely<Tables>;

export interface StoredFacts {
  readonly version: number;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly hash: string;
  readonly facts: SiteFacts;
}

/** Facts in force: the newest version. */
export async function factsOf(db: Db, site: string): Promise<StoredFacts | undefined> {
  const row = await db
    .selectFrom('facts_version')
    .selectAll()
    .where('site', '=', site)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { ...row, by: row.by_name, facts: row.content };
}

export const emptyFacts = (site: string): SiteFacts => ({
  site,
  institutions: [],
  points: [],
  tariffs: [],
  targets: [],
});

/** Writes the facts as the next version; versions before stay. Throws FACTS_UNKNOWN, CLAIM_NEEDED; nothing is changed then. */
export async function applyFacts(
  db: Db,
  site: DirectorySite,
  facts: SiteFacts,
  options: Partial<Claim> & { readonly commit: boolean },
  now: number,
): Promise<ApplyFactsAnswer> {
  refuseUnknown(site, facts);
  const id = site.registry.site.id;
  return db.transaction().execute(async (tx) => {
    await tx.selectFrom('site').select('id').where('id', '=', id).forUpdate().execute();
    const before = await factsOf(tx, id);
    const changes = changesOf(before?.facts ?? emptyFacts(id), facts);
    const version = before?.version ?? 0;
    if (changes.length === 0 || !options.commit) return { site: id, version, changes: [...changes], committed: false };
    const { by, reason } = claimOf(options, id);
    const content = canonicalJson(facts);
    const row = { site: id, version: version + 1, at: now, by_name: by, reason, hash: sha256(content) };
    await tx
      .insertInto('facts_version')
      .values({ ...row, content })
      .execute();
    return { site: id, version: version + 1, changes: [...changes], committed: true };
  });
}

function claimOf({ by, reason }: Partial<Claim>, place: string): Claim {
  if (by?.trim() && reason?.trim()) return { by, reason };
  throw requestError('CLAIM_NEEDED', 'facts change figures that were given: a name and a reason are needed', {
    place,
    cure: 'say who (--by) and why (--reason)',
  });
}

/** Names that the registry does not have: the file's check says them with their lines, this holds for every door. */
function refuseUnknown({ registry }: DirectorySite, facts: SiteFacts): void {
  const institutions = new Set(registry.institutions.map((i) => i.id));
  const points = new Map(registry.points.map((p) => [p.id, p]));
  const tariffs = new Map(facts.tariffs.map((t) => [t.id, t]));
  const wrong = [
    ...(facts.site === registry.site.id ? [] : [`site ${facts.site}`]),
    ...facts.institutions.filter((i) => !institutions.has(i.id)).map((i) => `institution ${i.id}`),
    ...facts.points.filter((p) => !points.has(p.point)).map((p) => `point ${p.point}`),
    ...facts.points
      .filter((p) => p.tariff !== undefined && tariffs.get(p.tariff)?.carrier !== points.get(p.point)?.carrier)
      .map((p) => `tariff ${p.tariff} at ${p.point}`),
    ...facts.targets
      .filter((t) => t.institution !== undefined && !institutions.has(t.institution))
      .map((t) => `institution ${t.institution} of target ${t.id}`),
    ...unknownGauge(registry, facts),
  ];
  if (wrong.length === 0) return;
  throw requestError('FACTS_UNKNOWN', `the books of ${registry.site.id} do not have: ${wrong.join(', ')}`, {
    place: registry.site.id,
    cure: 'correct the names, or apply the site file first',
  });
}

function unknownGauge({ devices }: DirectorySite['registry'], { temperature }: SiteFacts): readonly string[] {
  if (temperature?.kind !== 'gauge') return [];
  const { device, register } = temperature;
  const found = devices.find(({ id }) => id === device)?.registers.find(({ name }) => name === register);
  return found?.kind === 'gauge' && found.unit === TEMPERATURE_UNIT
    ? []
    : [`temperature gauge ${registerKey(device, register)}`];
}

type Change = ApplyFactsAnswer['changes'][number];

function changesOf(old: SiteFacts, next: SiteFacts): readonly Change[] {
  return [
    ...diff('institution', old.institutions, next.institutions, (one) => one.id),
    ...diff('point', old.points, next.points, (one) => one.point),
    ...diff('tariff', old.tariffs, next.tariffs, (one) => one.id),
    ...diff('target', old.targets, next.targets, (one) => one.id),
    ...diff('temperature', asList(old.temperature), asList(next.temperature), () => 'outdoor'),
  ];
}

const asList = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function diff<T>(what: string, old: readonly T[], next: readonly T[], idOf: (one: T) => string): readonly Change[] {
  const before = new Map(old.map((one) => [idOf(one), canonicalJson(one)]));
  const after = new Map(next.map((one) => [idOf(one), canonicalJson(one)]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [was, is] = [before.get(id) ?? null, after.get(id) ?? null];
    return was === is ? [] : [{ what, id, old: was, new: is }];
  });
}

export const factsAnswer = (site: DirectorySite, stored: StoredFacts): FactsAnswer => ({
  site: site.registry.site.id,
  version: stored.version,
  at: formatInstant(stored.at, zoneOf(site.registry.site.zone)),
  by: stored.by,
  reason: stored.reason,
  hash: stored.hash,
  facts: withDates(stored.facts),
});

/** Day numbers under `from` and month numbers under `month` as text. */
function withDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDates);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'from' && typeof part === 'number'
        ? formatDay(part)
        : key === 'month' && typeof part === 'number'
          ? formatMonth(part)
          : withDates(part),
    ]),
  );
}
