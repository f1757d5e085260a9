import type { Random } from './random.ts';
import type { EventBodyJson, MountingJson, RatioJson, ReplacementJson } from '../input.ts';

/** When a world begins and ends, and how long its slots are. */
export interface Period {
  readonly start: number;
  readonly end: number;
  readonly slotMs: number;
}

/** Something that happens to a meter: from then on it shows something else, or means something else. */
export type TurnKind = 'replacement' | 'moved' | 'registered' | 'reset' | 'jump' | 'multiplier' | 'none';

export interface Turn {
  readonly kind: TurnKind;
  readonly at: number;
  /** What the face shows right after it. */
  readonly next: number;
}

export const RATIOS: readonly RatioJson[] = [
  { num: 1, den: 1 },
  { num: 40, den: 1 },
  { num: 3, den: 7 },
  { num: 2000, den: 3 },
];

const HOUR = 3_600_000;
const KINDS: readonly TurnKind[] = [
  'replacement',
  'moved',
  'registered',
  'reset',
  'jump',
  'multiplier',
  'none',
  'none',
];

/** Up to three turns, each in its own stretch of the period; at most one puts another register in place. */
export const turnsOf = (random: Random, period: Period, polls: readonly number[], modulus: number): Turn[] => {
  const stretch = Math.floor((period.end - period.start) / 4);
  const turns = [1, 2, 3].map((i): Turn => {
    const from = period.start + (i - 1) * stretch + HOUR;
    const any = random.int(from, from + stretch - 2 * HOUR);
    const onSlot = Math.ceil(any / period.slotMs) * period.slotMs;
    const onPoll = polls.find((poll) => poll >= any) ?? any;
    const kind = random.pick(KINDS);
    return { kind, at: random.pick([any, any, onSlot, onPoll]), next: random.int(0, Math.floor(modulus / 3)) };
  });
  const moved = turns.findIndex((turn) => turn.kind === 'moved');
  return turns.filter((turn, i) => turn.kind !== 'none' && (moved === -1 || i <= moved)).filter(distinct);
};

const distinct = (turn: Turn, i: number, all: readonly Turn[]): boolean =>
  all.findIndex((other) => other.at === turn.at) === i;

const maybe = <T>(random: Random, probability: number, value: T): T | undefined =>
  random.chance(probability) ? value : undefined;

const replacementOf = (random: Random, turn: Turn, mounting: MountingJson, final: number): ReplacementJson => ({
  kind: 'replacement',
  point: mounting.point,
  at: turn.at,
  serial: `s${turn.at}`,
  final: maybe(random, 0.7, final),
  initial: maybe(random, 0.7, turn.next),
  multiplier: maybe(random, 0.3, random.pick(RATIOS)),
  maxRate: mounting.maxRate === undefined ? undefined : maybe(random, 0.3, mounting.maxRate * 2),
});

/** What people record about a turn. `spare` is the register that a moved meter is read from. */
export const eventsOf = (
  random: Random,
  turn: Turn,
  mounting: MountingJson,
  final: number,
  spare: { readonly register: string; readonly modulus: number },
): EventBodyJson[] => {
  const { device, register, point } = mounting;
  if (turn.kind === 'replacement') return [replacementOf(random, turn, mounting, final)];
  if (turn.kind === 'moved') return [{ ...replacementOf(random, turn, mounting, final), initial: undefined, ...spare }];
  if (turn.kind === 'multiplier')
    return [{ kind: 'multiplier', point, from: turn.at, multiplier: random.pick(RATIOS) }];
  if (turn.kind !== 'reset') return [];
  const known = { final: maybe(random, 0.6, final), initial: maybe(random, 0.6, turn.next) };
  return [{ kind: 'reset', device, register, at: turn.at, ...known }];
};

/** A site file that already knows of the change: two mountings, with or without a pause between them. */
export const registeredTwice = (random: Random, turn: Turn, old: MountingJson, final: number): MountingJson[] => {
  const mountedAt = turn.at + random.pick([0, 0, HOUR / 2]);
  const ended = { ...old, removedAt: turn.at, final: maybe(random, 0.7, final) };
  const serial = `s${turn.at}`;
  const initial = maybe(random, 0.7, turn.next);
  const fresh: MountingJson = {
    ...old,
    id: `${old.point}/${serial}`,
    serial,
    multiplier: random.pick(RATIOS),
    mountedAt,
    initial,
  };
  return [ended, fresh];
};
