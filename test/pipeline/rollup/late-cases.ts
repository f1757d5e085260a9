import type { Books } from '../../../pipeline/books/index.ts';
import {
  DAY,
  HOUR,
  type MeterEvent,
  type MeterEventBody,
  NEEDS_SECOND_PERSON,
  type Registry,
} from '../../../pipeline/domain/index.ts';
import { dumpBooks, openService, type Service } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import type { OracleInput, RecordJson } from '../../oracle/input.ts';
import { worldOf } from '../../oracle/world.ts';
import { type Random, randomOf } from '../../oracle/world/random.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { freshBooks, silentTelemetry } from '../../support/postgres.ts';
import { consume, plant } from '../../support/run-books.ts';
import { denseWorld } from './dense.ts';

/** A site whose readings come in rounds, and whose events and changes are recorded between them. */
export interface Case {
  readonly site: string;
  readonly world: OracleInput;
  readonly rounds: readonly (readonly RecordJson[])[];
  readonly bodies: readonly MeterEventBody[];
}

const ROUNDS = 3;

/** Each later round begins somewhere: what is late lies after it, one by one and as an outage, so that windows begin in the middle. */
function inRounds(random: Random, records: readonly RecordJson[]): readonly (readonly RecordJson[])[] {
  const begins = Array.from({ length: ROUNDS }, () => random.int(0, records.length - 1));
  const outages = begins.map((begin) => random.int(begin, records.length - 1));
  const rounds = records.map((_, i) => {
    const round = random.int(1, ROUNDS - 1);
    const [begin, outage] = [begins[round] ?? 0, outages[round] ?? 0];
    const late = i >= begin && (random.chance(0.02) || (outage <= i && i < outage + 40));
    return late ? round : 0;
  });
  return Array.from({ length: ROUNDS }, (_, k) => random.shuffled(records.filter((_r, i) => rounds[i] === k)));
}

const renamed = (world: OracleInput, site: string): OracleInput => ({
  registry: { ...world.registry, site: { ...world.registry.site, id: site } },
  events: world.events,
  records: world.records.map((r) => ({ ...r, value: r.value.replace('"site":"site-w"', `"site":"${site}"`) })),
});

export function shortCase(seed: number): Case {
  const random = randomOf(seed);
  const site = `s-${seed}`;
  const world = renamed(worldOf(seed, { days: random.int(2, 4) }), site);
  const bodies = world.events.filter((e) => e.state === 'active').map((e) => e.body);
  return { site, world, rounds: inRounds(random, world.records), bodies };
}

export function denseCase(seed: number): Case {
  const random = randomOf(seed);
  const site = `d-${seed}`;
  const world = denseWorld(random, site);
  const first = world.records[0]?.appendedAt ?? 0;
  const at = (): number => first + random.int(2, 60) * DAY + random.int(0, DAY);
  const register = { device: 'dense', register: 'e' };
  const from = at();
  const bodies: MeterEventBody[] = [
    { kind: 'exclude', ...register, from, to: from + random.pick([1, 10, 100]) * HOUR },
    { kind: 'multiplier', point: 'p-0', from: at(), multiplier: { num: 11, den: 3 } },
    { kind: 'replacement', point: 'p-0', at: at(), serial: 's2', final: random.int(0, 90_000) },
    { kind: 'reset', ...register, at: at(), initial: random.int(0, 90_000) },
    { kind: 'admit', ...register, at: first - 500 + random.int(0, 5_000) * 900_000 },
  ];
  return { site, world, rounds: inRounds(random, world.records), bodies: random.shuffled(bodies).slice(0, 4) };
}

const logOf = (records: readonly RecordJson[], seed: number) =>
  memoryLog(
    records.map(({ appendedAt, value }) => ({
      device: /"device":"([^"]*)"/.exec(value)?.[1] ?? '',
      appendedAt,
      value: Buffer.from(value),
    })),
    { partitionCount: 2, batch: (i) => 200 + ((seed + i * 17) % 97) },
  );

async function record(service: Service, site: string, body: MeterEventBody, supersedes?: number): Promise<MeterEvent> {
  const event = await service.recordEvent(site, body, {
    by: 'wang',
    reason: 'seen',
    ...(supersedes ? { supersedes } : {}),
  });
  return NEEDS_SECOND_PERSON[body.kind] ? service.confirmEvent(event.id, 'li') : event;
}

/** A correction of an event: the same thing at another time, or another figure. */
function corrected(random: Random, body: MeterEventBody): MeterEventBody {
  const by = random.pick([-3, -1, 2, 5]) * HOUR + random.int(0, HOUR);
  switch (body.kind) {
    case 'replacement':
      return { ...body, at: body.at + by, serial: `${body.serial}x` };
    case 'multiplier':
      return { ...body, from: body.from + by, multiplier: { num: 5, den: 2 } };
    case 'exclude':
      return { ...body, to: body.to + Math.abs(by) };
    case 'reset':
      return { ...body, at: body.at + by };
    case 'admit':
      return { ...body, amount: 17 };
  }
}

/** Shares, terms, ratings and ratios that a later site file says otherwise. */
function changedRegistry(random: Random, registry: Registry): Registry {
  const terms = registry.points.find((p) => p.id === 'formula-a')?.terms ?? [];
  return {
    ...registry,
    institutions: registry.institutions.map((i) => ({
      ...i,
      headcount: i.headcount.map((d) => ({ ...d, value: d.value + random.int(0, 9) })),
    })),
    points: registry.points.map((p) => ({
      ...p,
      ...(p.id === 'formula-a' ? { terms: terms.slice(1) } : {}),
      allocations: p.allocations.slice(0, 1),
    })),
    mountings: registry.mountings.map((m) =>
      random.chance(0.5)
        ? { ...m, multiplier: { num: 7, den: 2 }, ...(m.maxRate === undefined ? {} : { maxRate: m.maxRate + 1 }) }
        : m,
    ),
  };
}

async function eventsLater(service: Service, random: Random, one: Case, round: number): Promise<void> {
  const recorded: MeterEvent[] = [];
  for (const body of one.bodies.filter((_, i) => i % (ROUNDS - 1) === round - 1)) {
    // an event can name a time at which no meter stands there: it is refused, and then never said
    const event = await record(service, one.site, body).catch(() => undefined);
    if (event) recorded.push(event);
  }
  const wrong = recorded.at(-1);
  if (wrong && random.chance(0.5))
    await record(service, one.site, corrected(random, wrong.body), wrong.id).catch(() => undefined);
}

async function withService<T>(books: Books, log: ReturnType<typeof logOf>, use: (service: Service) => Promise<T>) {
  const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
  const result = await use(service);
  await service.settle();
  await service.stop();
  return result;
}

interface Outcome {
  readonly lines: readonly string[];
  readonly registries: readonly Registry[];
  readonly events: readonly (readonly MeterEvent[])[];
}

/**
 * Not compared: how much was refused when, and the readings of a register on which no meter stood yet (admitted before an event
 * put one there, refused after; believed by nobody either way).
 */
const NOT_COMPARED = /^count\||^bracket\|[^|]*\|[^|]*\|[^|]*-new\|/;
const linesOf = async (books: Books): Promise<readonly string[]> =>
  (await dumpBooks(books.db)).text.split('\n').filter((l) => !NOT_COMPARED.test(l));

async function piecemeal(cases: readonly Case[], seed: number): Promise<Outcome> {
  const { books, close } = await freshBooks();
  try {
    for (const { world } of cases) await plant(books, world.registry, []);
    const given: RecordJson[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      given.push(...cases.flatMap((c) => c.rounds[round] ?? []));
      const log = logOf(given, seed);
      await consume(books, log);
      await withService(books, log, async (service) => {
        for (const [i, one] of cases.entries()) {
          const random = randomOf(seed * 1_000 + i * 10 + round);
          if (round === ROUNDS - 1 || round === 0) continue;
          await eventsLater(service, random, one, round);
          if (round !== 1) continue;
          const target = changedRegistry(random, await service.registry(one.site));
          await service.applyRegistry(target, { take: 'all', commit: true, by: 'wang', reason: 'new file' });
        }
      });
    }
    const last = logOf(given, seed);
    return await withService(books, last, async (service) => {
      for (const one of cases) await eventsLater(service, randomOf(seed), one, ROUNDS - 1);
      await service.settle();
      return {
        lines: await linesOf(books),
        registries: await Promise.all(cases.map((c) => service.registry(c.site))),
        events: await Promise.all(cases.map((c) => service.events(c.site))),
      };
    });
  } finally {
    await close();
  }
}

async function inOneGo(cases: readonly Case[], { registries, events }: Outcome): Promise<readonly string[]> {
  const { books, close } = await freshBooks();
  try {
    for (const [i, registry] of registries.entries()) await plant(books, registry, events[i] ?? []);
    const log = logOf(
      cases.flatMap((c) => c.world.records),
      1,
    );
    await consume(books, log);
    await withService(books, log, async () => undefined);
    return await linesOf(books);
  } finally {
    await close();
  }
}

export interface Differences {
  readonly site: string;
  readonly tooMuch: readonly string[];
  readonly tooLittle: readonly string[];
}

/** Sites whose books differ, with the first lines that do. */
export async function differences(cases: readonly Case[], seed: number): Promise<readonly Differences[]> {
  const outcome = await piecemeal(cases, seed);
  const want = await inOneGo(cases, outcome);
  return cases.flatMap(({ site }) => {
    const mine = (l: string): boolean => l.split('|')[1] === site;
    const [got, wanted] = [new Set(outcome.lines.filter(mine)), new Set(want.filter(mine))];
    const tooMuch = [...got].filter((l) => !wanted.has(l)).slice(0, 5);
    const tooLittle = [...wanted].filter((l) => !got.has(l)).slice(0, 5);
    return tooMuch.length + tooLittle.length === 0 && wanted.size > 20 ? [] : [{ site, tooMuch, tooLittle }];
  });
}

export const SEEDS: readonly number[] = Array.from(
  { length: Number(process.env['SEEDS'] ?? 3) },
  (_, i) => Number(process.env['FIRST_SEED'] ?? 1) + i,
);
