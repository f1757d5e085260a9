import { big, floorDiv, floorTimes } from './numbers.ts';
import { localDate } from './calendar.ts';
import type { Joint, Judgement } from './judgement.ts';
import type { Ratio } from './numbers.ts';
import type { Point } from './sequence.ts';

export interface Amounts {
  readonly amount: bigint;
  readonly measured: bigint;
  readonly interpolated: bigint;
  readonly disputed: bigint;
}

export const NOTHING: Amounts = { amount: 0n, measured: 0n, interpolated: 0n, disputed: 0n };

export const plus = (a: Amounts, b: Amounts, sign = 1n): Amounts => ({
  amount: a.amount + sign * b.amount,
  measured: a.measured + sign * b.measured,
  interpolated: a.interpolated + sign * b.interpolated,
  disputed: a.disputed + sign * b.disputed,
});

/** floor(m × face), and floor(m × modulus) for every wrap since the joint's earlier reading. */
const volumeAt = (joint: Joint, modulus: bigint | undefined, m: Ratio, at: number): bigint => {
  const { a, b, link } = joint;
  let face = a.value + floorDiv(link.books * big(at - a.at), big(b.at - a.at));
  let wraps = 0n;
  while (modulus !== undefined && face >= modulus) {
    face -= modulus;
    wraps += 1n;
  }
  return floorTimes(m, face) + (modulus === undefined ? 0n : wraps * floorTimes(m, modulus));
};

/** What a mounting used within [from, to), over all stretches between believed neighbours and all its multipliers. */
export const usedBetween = (judgement: Judgement, from: number, to: number): bigint => {
  let used = 0n;
  for (const joint of judgement.joints) {
    if (joint.b.at <= from || to <= joint.a.at) continue;
    for (const [i, { from: since, m }] of judgement.meter.ratios.entries()) {
      const until = judgement.meter.ratios[i + 1]?.from ?? Infinity;
      const begin = Math.max(from, joint.a.at, since);
      const end = Math.min(to, joint.b.at, until);
      if (begin < end)
        used += volumeAt(joint, judgement.modulus, m, end) - volumeAt(joint, judgement.modulus, m, begin);
    }
  }
  return used;
};

/** A reading lies at T, or the nearest on each side are no more than a slot length away (ledger.md, 5). */
const measuredAt = (believed: readonly Point[], at: number, slotMs: number): boolean => {
  if (believed.some((point) => point.at === at)) return true;
  const before = believed.some((point) => point.at < at && at - point.at <= slotMs);
  return before && believed.some((point) => point.at > at && point.at - at <= slotMs);
};

const slotOf = (judgement: Judgement, from: number, to: number, slotMs: number): Amounts => {
  const amount = usedBetween(judgement, from, to);
  const broken = judgement.joints.some(
    ({ a, b, link }) => link.kind === 'break' && !link.explained && from < b.at && to > a.at,
  );
  if (broken) return { ...NOTHING, amount, disputed: amount };
  const bothMeasured = [from, to].every((at) => measuredAt(judgement.believed, at, slotMs));
  return bothMeasured ? { ...NOTHING, amount, measured: amount } : { ...NOTHING, amount, interpolated: amount };
};

/** The parts of a judgement that bear on [from, to) and one slot around it: only so that long worlds stay quick. */
const near = (judgement: Judgement, from: number, to: number, slotMs: number): Judgement => ({
  ...judgement,
  believed: judgement.believed.filter((point) => from - slotMs <= point.at && point.at <= to + slotMs),
  joints: judgement.joints.filter(({ a, b }) => a.at < to && b.at > from),
});

/** Amounts by slot, for every slot that a mounting's evidence reaches into. */
export type BySlot = ReadonlyMap<number, Amounts>;

export const hoursOf = (judgements: readonly Judgement[], slotMs: number): BySlot => {
  const slots = new Map<number, Amounts>();
  for (const judgement of judgements) {
    const [first, last] = [judgement.believed[0], judgement.believed.at(-1)];
    if (first === undefined || last === undefined) continue;
    for (let slot = Math.floor(first.at / slotMs) * slotMs; slot < last.at; slot += slotMs) {
      const [from, to] = [Math.max(slot, first.at), Math.min(slot + slotMs, last.at)];
      if (from >= to) continue; // one reading alone evidences no time
      const amounts = slotOf(near(judgement, from, to, slotMs), from, to, slotMs);
      slots.set(slot, plus(slots.get(slot) ?? NOTHING, amounts));
    }
  }
  return slots;
};

/** Amounts by local date. */
export type ByDate = ReadonlyMap<string, Amounts>;

export const daysOf = (slots: BySlot, zone: string): ByDate => {
  const days = new Map<string, Amounts>();
  for (const [slot, amounts] of slots) {
    const date = localDate(zone, slot);
    days.set(date, plus(days.get(date) ?? NOTHING, amounts));
  }
  return days;
};
