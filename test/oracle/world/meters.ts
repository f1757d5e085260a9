import { eventsOf, RATIOS, registeredTwice, turnsOf } from './turns.ts';
import type { Period, Turn } from './turns.ts';
import type { Random } from './random.ts';
import type { EventBodyJson, MountingJson, RegisterJson } from '../input.ts';

const HOUR = 3_600_000;
const MODULI = [9000, 100_000, 1_000_000, 2 ** 32];
const SCALES = [
  { num: 1, den: 1 },
  { num: 1, den: 1 },
  { num: 1000, den: 800 },
  { num: 3600, den: 7 },
] as const;

/** A counter with its point: what stands in the registry, what people enter, and what the face truly shows. */
export interface Meter {
  readonly registers: readonly RegisterJson[];
  readonly mountings: readonly MountingJson[];
  readonly events: readonly EventBodyJson[];
  /** By register, in the order of the polls. */
  readonly faces: ReadonlyMap<string, readonly number[]>;
}

interface Course {
  readonly faces: readonly number[];
  /** What the face showed just before each turn. */
  readonly finals: ReadonlyMap<number, number>;
}

interface Kind {
  readonly rate: number;
  readonly modulus: number;
  readonly backlash: number;
}

/** The face at every poll: it advances unevenly, now and then falls back a little, wraps, and follows its turns. */
const courseOf = (
  random: Random,
  polls: readonly number[],
  turns: readonly Turn[],
  kind: Kind,
  first: number,
): Course => {
  const finals = new Map<number, number>();
  const faces: number[] = [];
  let [now, face] = [polls[0] ?? 0, first];
  const advanceTo = (at: number): void => {
    const hours = (at - now) / HOUR;
    const advance = random.chance(0.15) ? 0 : Math.round(hours * kind.rate * (random.int(0, 2000) / 1000));
    const back = random.chance(0.03) ? Math.min(face, random.int(0, kind.backlash)) : 0;
    face = back > 0 ? face - back : (face + advance) % kind.modulus;
    now = at;
  };
  const shows = new Set(['replacement', 'registered', 'reset', 'jump']);
  const instants = [...polls.map((at) => ({ at, turn: undefined })), ...turns.map((turn) => ({ at: turn.at, turn }))];
  for (const { at, turn } of instants.toSorted((a, b) => a.at - b.at || (a.turn === undefined ? 1 : -1))) {
    advanceTo(at);
    if (turn === undefined) faces.push(face);
    else finals.set(at, face);
    if (turn !== undefined && shows.has(turn.kind)) face = turn.next;
  }
  return { faces, finals };
};

/** Judgements of people after the fact: a span that is wrong, a reading or the amount of a jump that is right. */
const verdictsOf = (
  random: Random,
  mounting: MountingJson,
  polls: readonly number[],
  turns: readonly Turn[],
): EventBodyJson[] => {
  const { device, register } = mounting;
  const from = random.pick(polls) + random.pick([0, 1, 40_000]);
  const jumps = turns.filter((turn) => turn.kind === 'jump' && random.chance(0.7));
  const amount = random.pick([undefined, random.int(0, 3000)]);
  return [
    ...(random.chance(0.2)
      ? [{ kind: 'exclude' as const, device, register, from, to: from + random.int(1, 8) * HOUR }]
      : []),
    ...(random.chance(0.2) ? [{ kind: 'admit' as const, device, register, at: random.pick(polls) }] : []),
    ...jumps.flatMap((turn) => {
      const at = polls.find((poll) => poll >= turn.at);
      return at === undefined ? [] : [{ kind: 'admit' as const, device, register, at, amount }];
    }),
  ];
};

const firstMounting = (
  random: Random,
  point: string,
  device: string,
  register: RegisterJson,
  period: Period,
  kind: Kind,
  face: number,
) => {
  const mountedAt = random.pick([undefined, period.start, period.start - HOUR, period.start - 9 * 24 * HOUR]);
  const rated = random.chance(0.75) ? { maxRate: random.pick([2, 3, 3, 6, 40].map((k) => k * kind.rate)) } : {};
  const mounting: MountingJson = {
    id: `${point}/s1`,
    point,
    serial: 's1',
    device,
    register: register.name,
    multiplier: random.pick(RATIOS),
    scale: register.scale,
    modulus: register.modulus,
    ...rated,
    backlash: random.pick([undefined, undefined, kind.backlash]),
    mountedAt,
    initial: mountedAt === undefined || random.chance(0.5) ? undefined : Math.max(0, face - random.int(0, kind.rate)),
  };
  return mounting;
};

export const meterOf = (
  random: Random,
  period: Period,
  polls: readonly number[],
  place: { readonly point: string; readonly device: string; readonly register: string },
): Meter => {
  const modulus = random.pick(MODULI);
  const rate = random.int(2, 400);
  const kind: Kind = { rate, modulus, backlash: Math.floor(rate / 20) + 1 };
  const known = random.chance(0.8) ? { modulus } : {};
  const scale = random.pick(SCALES);
  const register: RegisterJson = {
    name: place.register,
    kind: 'counter',
    carrier: 'electricity',
    unit: 'Wh',
    scale,
    ...known,
  };
  const spare: RegisterJson = { ...register, name: `${place.register}-new`, modulus };
  const turns = turnsOf(random, period, polls, modulus);
  const first = random.pick([0, modulus - rate * random.int(1, 30), random.int(0, Math.floor(modulus / 2))]);
  const course = courseOf(random, polls, turns, kind, Math.max(0, first));
  const faces = new Map([[register.name, course.faces]]);

  let mountings = [firstMounting(random, place.point, place.device, register, period, kind, first)];
  const events: EventBodyJson[] = [];
  for (const turn of turns) {
    const current = mountings.at(-1);
    if (current === undefined) continue;
    const final = course.finals.get(turn.at) ?? 0;
    if (turn.kind === 'registered')
      mountings = [...mountings.slice(0, -1), ...registeredTwice(random, turn, current, final)];
    events.push(...eventsOf(random, turn, current, final, { register: spare.name, modulus }));
  }
  const moved = turns.some((turn) => turn.kind === 'moved');
  if (moved) faces.set(spare.name, courseOf(random, polls, [], kind, 0).faces);
  const [oldest] = mountings;
  if (oldest !== undefined) events.push(...verdictsOf(random, oldest, polls, turns));
  return { registers: moved ? [register, spare] : [register], mountings, events, faces };
};
