import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DAY,
  dayOfCivil,
  dayStart,
  HOUR,
  isMeteringError,
  NEEDS_SECOND_PERSON,
  type Registry,
  zoneOf,
} from '../../pipeline/domain/index.ts';
import type { TraceNode, UsageQuery } from '../../pipeline/index.ts';
import { settle } from '../../pipeline/rollup/settle.ts';
import type { RecordJson } from '../oracle/input.ts';
import { dumpOf } from '../oracle/oracle.ts';
import { derivedLines, differencesFromScratch, NONE } from '../support/from-scratch.ts';
import { stopPostgres } from '../support/postgres.ts';
import { consume } from '../support/run-books.ts';
import { openSmallSite, type Reading, SITE, type SmallSite } from '../support/small-site.ts';
import { checkSpan, checkSum } from './re-adding.ts';
import { isValid, START } from './site-edits.ts';
import { FIRST, METERS, readingsOf, type Step, steps } from './site-steps.ts';

afterAll(stopPostgres);

const RUNS = Number(process.env['RUNS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? 1);
const claim = { by: 'wang', reason: 'as it is' };
const FEBRUARY = 2026 * 12 + 1;
const DAYS = [dayOfCivil(2026, 2, 25), dayOfCivil(2026, 3, 8)] as const;
/** Long enough that judging again begins in the middle. */
const BEFORE: readonly Step[] = [
  { kind: 'read', hours: 5 * 24, late: 3 },
  { kind: 'settle', inGroups: false },
];
const REFUSED = ['EVENT_INVALID', 'EVENT_UNKNOWN', 'MONTH_RUNNING', 'MONTH_EMPTY', 'CLOSE_UNCHANGED'];

async function unlessRefused<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMeteringError(error) && REFUSED.includes(error.code)) return undefined;
    throw error;
  }
}

const subjectsOf = (registry: Registry): readonly UsageQuery['subject'][] => [
  ...registry.points.map(({ id }) => ({ kind: 'point' as const, id })),
  ...registry.institutions.map(({ id }) => ({ kind: 'institution' as const, id })),
  { kind: 'site' },
  { kind: 'unallocated' },
];

const queryOf = (
  { site }: Registry,
  subject: UsageQuery['subject'],
  [from, to]: readonly [number, number],
  by: UsageQuery['by'],
): UsageQuery => {
  const zone = zoneOf(site.zone);
  return {
    site: SITE,
    subject,
    carrier: 'electricity',
    interval: { from: dayStart(from, zone), to: dayStart(to, zone) },
    by,
  };
};

const ofFebruary = (registry: Registry, subject: UsageQuery['subject']): UsageQuery =>
  queryOf(registry, subject, [dayOfCivil(2026, 2, 1), dayOfCivil(2026, 3, 1)], 'month');

/** What a closed version says of everything that its registry knew. */
const issued = (site: SmallSite, { registry, asOf }: Closed): Promise<readonly string[]> =>
  Promise.all(
    subjectsOf(registry).map(async (subject) =>
      JSON.stringify(
        await site.service.usage({
          ...ofFebruary(registry, subject),
          by: 'day',
          asOf,
        }),
      ),
    ),
  );

interface Closed {
  readonly asOf: string;
  readonly registry: Registry;
}

/** Applied once it has nothing left to change, and the books say what a site file may say. */
async function applied({ service }: SmallSite, file: Registry, take: 'additions' | 'all'): Promise<void> {
  await service.applyRegistry(file, { take, commit: true, ...claim });
  expect((await service.applyRegistry(file, { take, commit: false })).taken).toEqual([]);
  expect(isValid(await service.registry(SITE))).toBe(true);
}

async function liveThrough(site: SmallSite, clock: { now: number }, all: readonly Step[]) {
  const { service } = site;
  let [file, read] = [START, FIRST];
  const held: (readonly [string, Reading])[] = [];
  const closed: { readonly version: Closed; readonly said: readonly string[] }[] = [];
  for (const step of all) {
    switch (step.kind) {
      case 'read': {
        const until = read + step.hours * HOUR;
        const batch = held.splice(0);
        for (const meter of METERS)
          for (const [i, reading] of readingsOf(meter, read, until).entries())
            (step.late > 0 && i % (step.late * 7) === 3 ? held : batch).push([meter, reading]);
        for (const [meter, of] of Map.groupBy(batch, ([m]) => m))
          await site.append(
            meter,
            of.map(([, reading]) => reading),
          );
        read = until;
        clock.now = until;
        await consume(site.books, site.log);
        break;
      }
      case 'edit': {
        for (const edit of step.edits) {
          const next = edit(file);
          if (isValid(next)) file = next;
        }
        await applied(site, file, step.take);
        break;
      }
      case 'event': {
        const standing = (await service.events(SITE)).filter((e) => e.state === 'active');
        const wrong = step.supersedes === undefined ? undefined : standing[step.supersedes];
        const event = await unlessRefused(
          service.recordEvent(SITE, step.body, { ...claim, ...(wrong ? { supersedes: wrong.id } : {}) }),
        );
        if (event && NEEDS_SECOND_PERSON[event.body.kind]) await unlessRefused(service.confirmEvent(event.id, 'li'));
        break;
      }
      case 'settle':
        if (step.inGroups) await settle({ books: site.books, limits: { registerDays: 1, devices: 1 } });
        else await service.settle();
        break;
      case 'close': {
        const answer = await unlessRefused(service.close(SITE, FEBRUARY, claim));
        if (!answer) break;
        const version = { asOf: `2026-02#${answer.version}`, registry: await service.registry(SITE) };
        closed.push({ version, said: await issued(site, version) });
      }
    }
  }
  for (const [meter, reading] of held) await site.append(meter, [reading]);
  await consume(site.books, site.log);
  await service.replayQuarantine({ site: SITE });
  await service.settle();
  return closed;
}

async function recordsOf(site: SmallSite): Promise<readonly RecordJson[]> {
  const records: RecordJson[] = [];
  for await (const batch of site.log.scan(0, 0))
    for (const { appendedAt, value } of batch) records.push({ appendedAt, value: Buffer.from(value).toString() });
  return records;
}

async function theOracleAgrees(site: SmallSite): Promise<void> {
  const [registry, events] = [await site.service.registry(SITE), await site.service.events(SITE)];
  const want = dumpOf(JSON.parse(JSON.stringify({ registry, events, records: await recordsOf(site) }))).lines;
  const derived = (lines: readonly string[]) =>
    lines.filter((l) => !/^(bracket|gauge|count|part)\|/.test(l)).toSorted();
  expect(derived(await derivedLines(site.books))).toEqual(derived(want));
}

async function amountsAddUp({ service }: SmallSite): Promise<void> {
  const registry = await service.registry(SITE);
  const rowsOf = async (subject: UsageQuery['subject'], by: UsageQuery['by']) =>
    (await service.usage(queryOf(registry, subject, DAYS, by))).rows;
  const daysOf = async (subject: UsageQuery['subject']) => (await rowsOf(subject, 'day')).map((r) => r.amount);
  for (const subject of subjectsOf(registry)) {
    const days = await daysOf(subject);
    expect(sumOf((await rowsOf(subject, 'month')).map((r) => r.amount))).toBe(sumOf(days));
    const { root } = await service.trace(queryOf(registry, subject, DAYS, 'day'));
    expect(root.amount).toBe(sumOf(days));
    readAgain(root);
  }
  for (const { id } of registry.points) {
    const point = { kind: 'point', id } as const;
    const hours = Map.groupBy(await rowsOf(point, 'hour'), (r) => r.from.slice(0, 10));
    expect([...hours.values()].map((rows) => sumOf(rows.map((r) => r.amount)))).toEqual(await daysOf(point));
  }
  const parties = subjectsOf(registry).filter(({ kind }) => kind === 'institution' || kind === 'unallocated');
  const borne = await Promise.all(parties.map(daysOf));
  const whole = await daysOf({ kind: 'site' });
  expect(whole.map((_, i) => sumOf(borne.map((days) => days[i] ?? 0)))).toEqual(whole);
}

const sumOf = (amounts: readonly number[]): number => amounts.reduce((a, b) => a + b, 0);

/** A tree adds up, down to the readings; a share stands above the whole that it is a part of. */
function readAgain(node: TraceNode, meter: TraceNode['meter'] = node.meter): void {
  if (node.span) checkSpan(node, meter);
  else if (node.kind !== 'share') checkSum(node);
  for (const term of node.terms) readAgain(term, node.meter ?? meter);
}

/** What was issued stands; adjustments are what became of it since, and none is left where it is closed again. */
async function closedMonthsStand(site: SmallSite, closed: Awaited<ReturnType<typeof liveThrough>>): Promise<void> {
  const { service } = site;
  for (const { version, said } of closed) expect(await issued(site, version)).toEqual(said);
  const last = closed.at(-1)?.version;
  if (!last) return;
  const registry = await service.registry(SITE);
  const adjustments = await service.adjustments(SITE, FEBRUARY);
  const differences = async (subjects: readonly UsageQuery['subject'][]) =>
    Promise.all(
      subjects.map(async (subject) => {
        const now = (await service.usage(ofFebruary(registry, subject))).total.amount;
        const known = subjectsOf(last.registry).some((s) => JSON.stringify(s) === JSON.stringify(subject));
        const query = { ...ofFebruary(last.registry, subject), asOf: last.asOf };
        return now - (known ? (await service.usage(query)).total.amount : 0);
      }),
    );
  const subjects = subjectsOf(registry).filter(({ kind }) => kind !== 'site');
  const told = subjects.map((s) => adjustments.find((a) => a.subject === ('id' in s ? s.id : s.kind))?.difference ?? 0);
  expect(told).toEqual(await differences(subjects));
  await unlessRefused(service.close(SITE, FEBRUARY, claim));
  const left = await service.adjustments(SITE, FEBRUARY);
  // a month of which nothing is left cannot be closed
  expect(left.filter((a) => a.new !== 0)).toEqual([]);
}

describe('figures of a site whose file, events and readings come in any order', () => {
  it(
    'are those of books made in one go, and of the oracle; they add up, and what was closed stands',
    { timeout: RUNS * 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const clock = { now: FIRST };
          const site = await openSmallSite(START, () => clock.now);
          try {
            const closed = await liveThrough(site, clock, [...BEFORE, ...all]);
            expect(await differencesFromScratch(site)).toEqual(NONE);
            await theOracleAgrees(site);
            clock.now = FIRST + 30 * DAY;
            await amountsAddUp(site);
            await closedMonthsStand(site, closed);
            expect(
              (await site.service.reconcile(SITE, { withLog: true })).layers.filter((l) => l.differences > 0),
            ).toEqual([]);
          } finally {
            await site.close();
          }
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
    },
  );
});
