import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, randomOf } from '../oracle/world/random.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { stopPostgres } from '../support/postgres.ts';
import { sendWithoutKey } from './client.ts';
import { until } from './course.ts';
import { quantiles, slopeOf } from './figures.ts';
import { type Fleet, type Member, openFleet, SESSION_MS } from './fleet.ts';
import { clean, inForm, MINUTES, patience, SEED } from './form.ts';
import { createLoad, SITE } from './load.ts';
import { poisonOf, POISONS } from './poison.ts';
import { isCommit, type Proxy, type ProxyFault } from './proxy.ts';
import { endConnections, freezeInTransaction, killInCommit, postmaster, refusedAttempts } from './strikes.ts';

/** With one poll a second, 5 % of them twice, 667 readings a second: Sichuan's institutions, each quarter hour. */
const DEVICES = 212;
const TICK_EVERY_MS = 1_000;
const STRIKE_EVERY_MS = inForm(6_000, 60_000);
const SLOW_MS = inForm(2_000, 15_000);
/** The pool's time-out of connecting: so long a worker waits for a server that takes a connection and then is silent. Slow lines (R9) do not let it be shorter. */
const CONNECT_MS = 15_000;
/** Until then memory fills its pools; a shorter run leaves out its first third. */
const WARM_MINUTES = 60;

describe.skipIf(skipKafka())('the whole line for long', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    await broker.remove();
    await stopPostgres();
  });

  it(
    `R20: ${MINUTES} minutes of floor load with a fault every ${STRIKE_EVERY_MS / 1_000} s; one worker lives through all of them, and grows in nothing`,
    { timeout: (MINUTES * 60 + 1_200) * 1_000 },
    async () => {
      const random = randomOf(SEED);
      const fleet = await openFleet(broker, createLoad({ seed: SEED, devices: DEVICES, poison: 0.0002 }));
      const { course } = fleet;
      const survivor = await fleet.join();
      const mortal = await fleet.join();
      const first = survivor.worker();
      const sending = course.keepPace(TICK_EVERY_MS);
      const strikes = strikesOf({ broker, fleet, random, survivor, mortal });
      const deck = endlessly(random, Object.keys(strikes));
      const fired: Record<string, number> = {};
      const recoveries: Recovery[] = [];
      const samples: Sample[] = [];
      try {
        await until('both at work', fleet.settled);
        const started = performance.now();
        const elapsedMs = (): number => performance.now() - started;
        while (elapsedMs() < MINUTES * 60_000) {
          const from = Date.now();
          const fault = deck.next().value;
          const { bites = 0, afterwards } = (await strikes[fault]?.()) ?? {};
          fired[fault] = (fired[fault] ?? 0) + bites;
          const recoveryMs = await course.caughtUp().catch((cause: unknown) => {
            throw new Error(`the books do not come after ${fault}`, { cause });
          });
          recoveries.push({ fault, ms: recoveryMs });
          await afterwards?.();
          await wait(STRIKE_EVERY_MS - (elapsedMs() % STRIKE_EVERY_MS));
          expect(first.running(), first.lastWords()).toBe(true);
          const sample = { ...sampleOf(survivor, elapsedMs() / 60_000, from), keptMiB: await keptMiB(survivor) };
          samples.push(sample);
          process.stdout.write(`${JSON.stringify({ fault, recoveryMs: Math.round(recoveryMs), ...sample })}\n`);
        }
        await sending.stop();
        const grown = growthOf(samples);
        const verdict = await course.verdict({
          test: 'R20',
          seed: SEED,
          faultsFired: fired,
          fencedAttempts: fleet.members.reduce((sum, member) => sum + member.count('commitFenced'), 0),
          recoveriesMs: recoveries.map(({ ms }) => ms),
          also: { minutes: MINUTES, ...(samples.length > 10 ? grown : {}) },
        });
        expect(verdict).toMatchObject(clean);
        expect(Object.values(fired).every((bites) => bites > 0)).toBe(true);
        expect(survivor.worker()).toBe(first);
        const recovered = (silent: boolean) =>
          quantiles(recoveries.filter(({ fault }) => (fault === 'booksSilent') === silent).map(({ ms }) => ms));
        expect(recovered(false).p95).toBeLessThanOrEqual(patience(SESSION_MS + 5_000));
        expect(recovered(true).max).toBeLessThanOrEqual(patience(CONNECT_MS + 5_000));
        expect(grown.handlesLast).toBeLessThanOrEqual(grown.handlesFirst + HANDLES_TO_AND_FRO);
        // a slope is no finding before it leaves its own error behind
        const most = MINUTES >= 2 * WARM_MINUTES ? 1 : Infinity;
        expect(grown.keptSlopeMiBPerHour - 2 * grown.keptSlopeErrorMiBPerHour).toBeLessThanOrEqual(most);
        expect(grown.rssSlopeMiBPerHour - 2 * grown.rssSlopeErrorMiBPerHour).toBeLessThanOrEqual(most);
      } finally {
        await sending.stop();
        await fleet.close();
      }
    },
  );
});

const POISONED_AT = Date.UTC(2024, 2, 1);

/** Connections of a pool that come and go. */
const HANDLES_TO_AND_FRO = 8;

interface Recovery {
  readonly fault: string;
  readonly ms: number;
}

/** The middle of what the worker said of itself since the last strike, so that neither a fault nor a collection shows. */
interface Sample {
  readonly minute: number;
  readonly rssMiB: number;
  /** Just after a collection of old objects: what is not garbage. */
  readonly rssLeastMiB: number;
  readonly heapMiB: number;
  /** What the heap has taken from the system, and what lies outside of it: they tell whose a rise of resident memory is. */
  readonly reservedMiB: number;
  readonly externalMiB: number;
  /** In use after a collection, within the heap and outside. */
  readonly keptMiB: number;
  readonly handles: number;
}

async function keptMiB({ worker }: Member): Promise<number> {
  const of = worker();
  const before = of.count('collected');
  of.signal('SIGUSR2');
  await until('the worker to have collected', () => of.count('collected') > before);
  const { kept = 0 } = of.events.findLast(({ event }) => event === 'collected') ?? {};
  return Math.round((10 * kept) / 2 ** 20) / 10;
}

function sampleOf({ worker }: Member, minute: number, from: number): Omit<Sample, 'keptMiB'> {
  const said = worker().events.filter(({ event, at }) => event === 'memory' && at >= from);
  const middle = (of: 'rss' | 'heap' | 'reserved' | 'external' | 'handles', unit: number): number =>
    Math.round((10 * quantiles(said.map((each) => each[of] ?? 0)).p50) / unit) / 10;
  return {
    minute: Math.round(10 * minute) / 10,
    rssMiB: middle('rss', 2 ** 20),
    rssLeastMiB: Math.round((10 * Math.min(...said.map(({ rss = Infinity }) => rss))) / 2 ** 20) / 10,
    heapMiB: middle('heap', 2 ** 20),
    reservedMiB: middle('reserved', 2 ** 20),
    externalMiB: middle('external', 2 ** 20),
    handles: middle('handles', 1),
  };
}

function growthOf(samples: readonly Sample[]) {
  const last = samples.at(-1);
  const warm = Math.min(WARM_MINUTES, (last?.minute ?? 0) / 3);
  const settled = samples.filter(({ minute }) => minute > warm);
  const slope = (of: 'rssMiB' | 'rssLeastMiB' | 'keptMiB') =>
    slopeOf(settled.map((sample) => [sample.minute / 60, sample[of]]));
  const rounded = (value: number): number => Math.round(100 * value) / 100;
  return {
    rssFirstMiB: samples[0]?.rssMiB ?? 0,
    rssLastMiB: last?.rssMiB ?? 0,
    rssSlopeMiBPerHour: rounded(slope('rssMiB').slope),
    rssSlopeErrorMiBPerHour: rounded(slope('rssMiB').error),
    rssLeastSlopeMiBPerHour: rounded(slope('rssLeastMiB').slope),
    rssLeastSlopeErrorMiBPerHour: rounded(slope('rssLeastMiB').error),
    keptFirstMiB: settled[0]?.keptMiB ?? 0,
    keptLastMiB: last?.keptMiB ?? 0,
    keptSlopeMiBPerHour: rounded(slope('keptMiB').slope),
    keptSlopeErrorMiBPerHour: rounded(slope('keptMiB').error),
    handlesFirst: samples[0]?.handles ?? 0,
    handlesLast: last?.handles ?? 0,
  };
}

/** All of them in a new order, again and again. */
function* endlessly<T>(random: Random, all: readonly T[]): Generator<T, never> {
  for (;;) yield* random.shuffled(all);
}

interface Place {
  readonly broker: KafkaBroker;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Never killed. */
  readonly survivor: Member;
  readonly mortal: Member;
}

interface Struck {
  readonly bites: number;
  /** What is still to be done, or to be seen, when all is in the books. */
  readonly afterwards?: () => Promise<void>;
}

function strikesOf({
  broker,
  fleet,
  random,
  survivor,
  mortal,
}: Place): Readonly<Record<string, () => Promise<Struck>>> {
  const { course } = fleet;
  const either = (): Member => random.pick([survivor, mortal]);
  const another = (member: Member): Member => (member === survivor ? mortal : survivor);
  const again = async (bites: number): Promise<Struck> => {
    await mortal.worker().end('SIGKILL');
    mortal.proxy.setWeather({});
    mortal.again();
    return { bites, afterwards: () => working(mortal) };
  };
  const restart = async (end: () => Promise<void>): Promise<Struck> => {
    await end();
    await broker.restart();
    return { bites: 1 };
  };
  const freeze = async (withLock: boolean): Promise<Struck> => {
    const victim = either();
    const before = refusedAttempts(victim);
    await freezeInTransaction(victim, [another(victim)], withLock);
    return {
      bites: 1,
      afterwards: async () => {
        victim.worker().signal('SIGCONT');
        await until('the woken worker to be refused', () => refusedAttempts(victim) > before);
      },
    };
  };
  /** Counts what the proxy did meanwhile. */
  const byProxy = async (
    fault: ProxyFault,
    work: (proxy: Proxy, bites: () => number) => Promise<void>,
  ): Promise<Struck> => {
    const { proxy } = either();
    const before = proxy.fired()[fault] ?? 0;
    const bites = (): number => (proxy.fired()[fault] ?? 0) - before;
    await work(proxy, bites);
    proxy.setWeather({});
    return { bites: bites() };
  };
  let guest: Member | undefined;
  let seq = 0;
  return {
    workerKilled: () => again(1),
    workerKilledInCommit: async () => again((await killInCommit(mortal)) ? 1 : 0),
    brokerKilled: () => restart(broker.kill),
    brokerStopped: () => restart(broker.stop),
    connectionsEnded: async () => ({ bites: await endConnections(course) }),
    booksKilled: async () => {
      process.kill(await postmaster(course), 'SIGKILL');
      return { bites: 1 };
    },
    commitReplySwallowed: async () => ({ bites: await swallowReply(either()) }),
    frozenWithLock: () => freeze(true),
    frozenBeforeLock: () => freeze(false),
    rebalanced: async () => {
      if (guest) guest.again();
      else guest = await fleet.join();
      await working(guest);
      await guest.worker().end('SIGTERM');
      return { bites: 2 };
    },
    booksSlow: () =>
      byProxy('delayed', async (proxy) => {
        proxy.setWeather({ delayMs: () => 100 });
        await wait(SLOW_MS);
      }),
    booksSilent: () =>
      byProxy('halfOpened', async (proxy, bites) => {
        proxy.setWeather({ halfOpen: true });
        for (const link of proxy.links()) link.reset();
        await until('a connection that nobody answers', () => bites() > 0);
      }),
    poison: async () => {
      const place = { site: SITE, src: '0000dead', device: 'd-1', at: POISONED_AT, seq: () => seq++ };
      const offers = POISONS.map((kind) => poisonOf(random, place, kind));
      const keyless = offers.filter(({ device }) => device === null);
      await course.offer(offers.filter(({ device }) => device !== null));
      await course.offer(keyless, (left) => sendWithoutKey(broker, fleet.topic, left));
      return { bites: offers.length };
    },
  };
}

/** Its process of now has taken a partition and committed. */
const working = ({ worker }: Member): Promise<void> =>
  until('the worker to commit', () => worker().count('committed') > 0);

/** A commit that stands, and is not told. */
async function swallowReply({ proxy }: Member): Promise<number> {
  const swallowed = Promise.withResolvers<void>();
  let unanswered: number | undefined;
  proxy.setWeather({
    onBytes: (bytes, direction, link) => {
      if (direction === 'up') {
        if (unanswered === undefined && isCommit(bytes)) unanswered = link.id;
        return undefined;
      }
      if (link.id !== unanswered) return undefined;
      proxy.setWeather({});
      link.reset();
      swallowed.resolve();
      return 'drop';
    },
  });
  await swallowed.promise;
  return 1;
}
