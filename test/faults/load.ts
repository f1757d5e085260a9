import type { Registry } from '../../pipeline/domain/index.ts';
import { encodeFrame } from '../../pipeline/log/port.ts';
import { type Random, randomOf } from '../oracle/world/random.ts';
import { poisonOf } from './poison.ts';

export const SITE = 'faults';
const START = Date.UTC(2024, 1, 28, 16);
export const TICK_MS = 15 * 60_000;
const SRC = '0000fa17';
const ONE = { num: 1, den: 1 } as const;
/** A face that turns over every few days. */
const MODULUS = 100_000;
const LATEST_TICKS = 150;

/** What is offered to the log. Null: a record without a key, which no program of ours writes. */
export interface Offer {
  readonly device: string | null;
  readonly value: Uint8Array;
}

export interface LoadOptions {
  readonly seed: number;
  readonly devices: number;
  /** Part of the frames that come twice, 0.05 where absent; that come up to a day and a half late, 0.1; that are followed by poison, 0.002. */
  readonly twice?: number;
  readonly late?: number;
  readonly poison?: number;
}

/** A site whose meters report every quarter hour, by a seed: counters that turn over, gauges, frames twice, late and out of order, and poison. */
export interface Load {
  readonly registry: Registry;
  /** What comes in the next quarter hour. */
  readonly tick: () => readonly Offer[];
  /** What is still on its way; after it no frame is missing. */
  readonly rest: () => readonly Offer[];
}

export function createLoad({ seed, devices, twice = 0.05, late = 0.1, poison = 0.002 }: LoadOptions): Load {
  const random = randomOf(seed);
  const meters = Array.from({ length: devices }, (_, i) => ({
    id: deviceOf(i),
    energy: random.int(0, 90_000),
    water: 0,
  }));
  const underWay = new Map<number, Offer[]>();
  let ticks = 0;
  let seq = 0;

  const frameOf = (meter: (typeof meters)[number]): Offer => {
    meter.energy = (meter.energy + random.int(0, 400)) % MODULUS;
    meter.water += random.int(0, 3_000);
    const at = START + ticks * TICK_MS + random.int(0, TICK_MS - 1);
    return {
      device: meter.id,
      value: encodeFrame({
        v: 1,
        src: SRC,
        site: SITE,
        device: meter.id,
        seq: seq++,
        at,
        r: [
          random.chance(0.02) ? ['e', meter.energy, 'u'] : ['e', meter.energy],
          ['w', meter.water],
          ['p', random.int(-50_000, 50_000), 'g'],
        ],
      }),
    };
  };
  const put = (offer: Offer): void => {
    const due = ticks + (random.chance(late) ? random.int(1, LATEST_TICKS) : 0);
    underWay.set(due, [...(underWay.get(due) ?? []), offer]);
  };

  return {
    registry: registryOf(devices),
    tick: () => {
      for (const meter of meters) {
        const offer = frameOf(meter);
        put(offer);
        if (random.chance(twice)) put(offer);
        if (random.chance(poison))
          put(
            poisonOf(random, { site: SITE, src: SRC, device: meter.id, at: START + ticks * TICK_MS, seq: () => seq++ }),
          );
      }
      const now = underWay.get(ticks) ?? [];
      underWay.delete(ticks);
      ticks += 1;
      return shuffled(random, now);
    },
    rest: () => {
      const left = [...underWay.values()].flat();
      underWay.clear();
      return left;
    },
  };
}

const deviceOf = (i: number): string => `d-${i}`;
const named = (id: string) => ({ zh: id, en: id });

/** In linear time; `Random.shuffled` is quadratic. */
function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, key: random.int(0, 2 ** 30) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function registryOf(devices: number): Registry {
  const numbers = Array.from({ length: devices }, (_, i) => i);
  const halves = {
    basis: 'fixed',
    shares: ['a', 'b'].map((institution) => ({ institution, share: { num: 1, den: 2 } })),
  } as const;
  return {
    site: { id: SITE, name: named(SITE), zone: 'Asia/Shanghai', slotMinutes: 60 },
    institutions: ['a', 'b'].map((id) => ({ id, name: named(id), headcount: [], area: [] })),
    premises: [],
    devices: numbers.map((i) => ({
      id: deviceOf(i),
      model: 'manual',
      intervalMs: TICK_MS,
      registers: [
        { name: 'e', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: ONE, modulus: MODULUS },
        { name: 'w', kind: 'counter', carrier: 'water', unit: 'mL', scale: ONE },
        { name: 'p', kind: 'gauge', unit: 'mW', scale: ONE },
      ],
    })),
    points: numbers.flatMap((i) => [
      {
        id: `e${i}`,
        name: named(`e${i}`),
        carrier: 'electricity' as const,
        role: 'main' as const,
        allocations: i % 4 === 0 ? [{ from: 0, value: halves }] : [],
      },
      { id: `w${i}`, name: named(`w${i}`), carrier: 'water' as const, role: 'main' as const, allocations: [] },
    ]),
    mountings: numbers.flatMap((i) =>
      (['e', 'w'] as const).map((register) => ({
        id: `${register}${i}/s`,
        point: `${register}${i}`,
        serial: 's',
        device: deviceOf(i),
        register,
        multiplier: ONE,
        scale: ONE,
      })),
    ),
  };
}
