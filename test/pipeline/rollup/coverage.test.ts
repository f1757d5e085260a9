import { describe, expect, it } from 'vitest';
import {
  type Bracket,
  bracketStart,
  DAY,
  HOUR,
  type Interval,
  MINUTE,
  slotStart,
} from '../../../pipeline/domain/index.ts';
import type { EffectiveMounting, EffectiveRegister } from '../../../pipeline/ledger/effective.ts';
import { bracketOf, joinReading } from '../../../pipeline/ledger/join.ts';
import { judge, type Judged } from '../../../pipeline/ledger/judge.ts';
import { slotUsages, type SlotUsage } from '../../../pipeline/ledger/quality.ts';
import { usageOf, usagesBetween } from '../../../pipeline/ledger/volume.ts';
import {
  coverageOf,
  coverageWithin,
  evidenceOf,
  type EvidenceOutline,
  evidencedMsOf,
  outlineOf,
} from '../../../pipeline/rollup/coverage.ts';
import { type Random, randomOf } from '../../oracle/world/random.ts';

const START = Date.UTC(2026, 2, 1);

interface Case {
  readonly judged: Judged;
  readonly slotMs: number;
  readonly end: number;
  readonly resetAt: number | undefined;
}

/** A register with silences, jumps, lies, admitted jumps and a reset, judged. */
function randomCase(random: Random): Case {
  const slotMs = random.pick([15, 30, 60]) * MINUTE;
  const interval = random.pick([7, 15, 30, 60, 61, 150]) * MINUTE;
  const readings: { at: number; value: number }[] = [];
  const jumps: number[] = [];
  let [at, value] = [START + random.pick([0, 1, 12_345, 20 * MINUTE]), random.int(0, 10_000)];
  for (let i = 0; i < 90; i++) {
    at += interval + (random.chance(0.08) ? random.pick([1, 2, 3, 5, 11]) * slotMs + random.pick([0, 0, 1, -1]) : 0);
    value += random.int(0, Math.floor((interval / HOUR) * 100));
    if (random.chance(0.03)) {
      value += 100_000;
      jumps.push(at);
    }
    readings.push({ at, value: random.chance(0.03) ? 0 : value });
  }
  const resetAt = random.chance(0.3) ? (readings[random.int(20, 70)]?.at ?? at) - random.int(0, 5 * MINUTE) : undefined;
  const base = { id: 'p/s', point: 'p', serial: 's', device: 'd', register: 'e' };
  const one = { num: 1, den: 1 };
  const mounting: EffectiveMounting = {
    ...base,
    multiplier: one,
    scale: one,
    maxRate: 150,
    ratios: [
      { from: -Infinity, ratio: one, event: null },
      { from: START + random.int(0, 40) * HOUR, ratio: { num: 7, den: 3 }, event: 1 },
    ],
    mountedBy: null,
    removedBy: null,
  };
  const cuts = resetAt === undefined ? [] : [resetAt];
  const register: EffectiveRegister = {
    device: 'd',
    register: 'e',
    mountings: [mounting],
    cuts,
    // with both values: the readings of the two sides then meet at the reset's instant
    resets: resetAt === undefined ? [] : [{ at: resetAt, final: valueBefore(readings, resetAt), initial: 0, event: 2 }],
    excludes: [],
    admits: jumps.filter(() => random.chance(0.5)).map((j) => ({ at: j, amount: random.int(0, 500), event: 3 })),
  };
  const shown = readings.map((r) => (resetAt !== undefined && r.at >= resetAt ? { ...r, value: r.value % 50_000 } : r));
  return { judged: judge(register, mounting, bracketsOf(shown, slotMs, cuts), { slotMs }), slotMs, end: at, resetAt };
}

const valueBefore = (readings: readonly { readonly at: number; readonly value: number }[], at: number): number =>
  readings.findLast((r) => r.at < at && r.value > 0)?.value ?? 0;

function bracketsOf(
  readings: readonly { readonly at: number; readonly value: number }[],
  slotMs: number,
  cuts: readonly number[],
): readonly Bracket[] {
  const brackets = new Map<number, Bracket>();
  for (const { at, value } of readings) {
    const start = bracketStart(at, slotMs, cuts);
    const known = brackets.get(start);
    brackets.set(start, known ? joinReading(known, at, value, 1) : bracketOf(start, at, value, 1));
  }
  return [...brackets.values()];
}

/** What the books keep of a judgement: evidence, and findings of gaps and breaks. */
function keptOf({ mounting, evidence, findings }: Judged): EvidenceOutline {
  const intervals = (open: boolean) =>
    findings
      .filter((f) => f.kind === 'gap' || f.kind === 'break')
      .filter((f) => (f.kind === 'break' && f.explained === false) === open)
      .map(({ from, to }) => ({ from, to }));
  return {
    mounting: mounting.id,
    evidence: { from: evidence?.firstAt ?? 0, to: evidence?.lastAt ?? 0 },
    gaps: intervals(false),
    breaks: intervals(true),
  };
}

/**
 * Milliseconds of [from, to) whose energy is evidenced: measured, or interpolated where both readings lie in the period or
 * within one slot of its ends (ledger.md, 5).
 */
function evidencedMs(slots: readonly SlotUsage[], { from, to }: Interval, slotMs: number): number {
  let sum = 0;
  for (const s of slots) {
    const length = Math.min(s.to, to) - Math.max(s.from, from);
    if (length <= 0 || s.quality === 'disputed') continue;
    if (s.quality === 'interpolated' && s.gap && (s.gap.from < from - slotMs || s.gap.to > to + slotMs)) continue;
    sum += length;
  }
  return sum;
}

describe('coverage', () => {
  it('from the outline of the evidence equals coverage from every slot', () => {
    let uncovered = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const random = randomOf(seed);
      const { judged, slotMs, end, resetAt } = randomCase(random);
      // accepted: what lies across a reset whose own readings are not believed is no finding, and counts as evidenced
      if (resetAt !== undefined && judged.believedAt.filter((t) => t === resetAt).length < 2) continue;
      const [kept, outline] = [keptOf(judged), outlineOf(judged)];
      for (let k = 0; k < 25; k++) {
        const from = START + random.int(-3, Math.ceil((end - START) / HOUR)) * HOUR + random.pick([0, 0, 0, 1, 1_000]);
        const period = { from, to: from + random.pick([slotMs, HOUR, 5 * HOUR, 24 * HOUR, 100 * HOUR]) };
        const bySlots = evidencedMs(slotUsages(judged, period, slotMs), period, slotMs);
        expect({ seed, k, ms: evidencedMsOf([kept], period, slotMs) }).toEqual({ seed, k, ms: bySlots });
        expect({ seed, k, ms: evidencedMsOf(outline ? [outline] : [], period, slotMs) }).toEqual({
          seed,
          k,
          ms: bySlots,
        });
        if (bySlots < period.to - period.from) uncovered += 1;
      }
    }
    expect(uncovered).toBeGreaterThan(1_000);
  });

  it('is the mean over the points, up to now, and 0 where nothing has passed', () => {
    const whole: EvidenceOutline = { mounting: 'm', evidence: { from: 0, to: 10 * HOUR }, gaps: [], breaks: [] };
    const half = { ...whole, evidence: { from: 0, to: 5 * HOUR } };
    const period = { from: 0, to: 10 * HOUR };
    expect(coverageOf([[whole], [half]], period, Infinity, HOUR)).toBe(0.75);
    expect(coverageOf([[half]], period, 5 * HOUR, HOUR)).toBe(1);
    expect(coverageOf([[whole]], period, 0, HOUR)).toBe(0);
    expect(coverageOf([], period, Infinity, HOUR)).toBe(0);
    expect(coverageOf([[]], period, Infinity, HOUR)).toBe(0);
  });
});

describe('coverage of a point that was given up', () => {
  it('does not count the time twice in which its meter was read on', () => {
    const outline = (from: number, to: number) => ({ mounting: 'm', evidence: { from, to }, gaps: [], breaks: [] });
    const coverage = (read: EvidenceOutline) =>
      coverageOf(
        evidenceOf([read])([{ mountings: ['m'], until: 20 * HOUR }]),
        { from: 0, to: 30 * HOUR },
        Infinity,
        HOUR,
      );
    expect(coverage(outline(0, 12 * HOUR))).toBe(22 / 30);
    expect(coverage(outline(15 * HOUR, 30 * HOUR))).toBe(0.5);
    expect(coverage(outline(25 * HOUR, 30 * HOUR))).toBe(1 / 3);
  });
});

/** The same for one part, every point counted. */
function meanOfShares(
  points: readonly (readonly EvidenceOutline[])[],
  { from, to }: Interval,
  now: number,
  slotMs: number,
): number {
  const until = { from, to: Math.min(to, now) };
  if (until.to <= from || points.length === 0) return 0;
  const shares = points.map((outlines) => Math.min(1, evidencedMsOf(outlines, until, slotMs) / (until.to - from)));
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

describe('coverage of a part', () => {
  it('is the mean over all points, though a point that is evidenced throughout the whole is not counted anew', () => {
    let [full, partial] = [0, 0];
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const whole = { from: START + random.int(-5, 40) * HOUR, to: START + random.int(41, 90) * HOUR };
      const now = random.pick([Infinity, whole.to, whole.from + random.int(-2, 50) * HOUR]);
      const steady: EvidenceOutline = {
        mounting: 'm',
        evidence: {
          from: whole.from + random.pick([0, -HOUR, HOUR]),
          to: whole.to + random.pick([0, -1, -HOUR, HOUR]),
        },
        gaps: [],
        breaks: [],
      };
      const points = Array.from({ length: random.int(0, 5) }, () =>
        random.pick([[steady], [steady, keptOf(randomCase(random).judged)], [keptOf(randomCase(random).judged)], []]),
      );
      const coverage = coverageWithin(points, whole, now, HOUR);
      for (let k = 0; k < 10; k++) {
        const from = whole.from + random.int(0, 30) * HOUR;
        const part = { from, to: Math.min(whole.to, from + random.pick([1, HOUR, 5 * HOUR, 24 * HOUR])) };
        expect({ seed, part, share: coverage(part) }).toEqual({
          seed,
          part,
          share: meanOfShares(points, part, now, HOUR),
        });
        if (coverage(part) === 1) full += 1;
        else if (coverage(part) > 0) partial += 1;
      }
    }
    expect(Math.min(full, partial)).toBeGreaterThan(100);
  });
});

describe('slots', () => {
  it('add up to the subtraction of two readings, whatever way the time is cut', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const { judged, slotMs, end } = randomCase(random);
      const cuts = Array.from({ length: 6 }, () => random.int(START, end)).toSorted((a, b) => a - b);
      const period = { from: START, to: end + 1 };
      const plain = slotUsages(judged, period, slotMs);
      const cut = slotUsages(judged, period, slotMs, cuts);
      const sum = (slots: typeof plain): number => slots.reduce((total, s) => total + s.amount, 0);
      expect(sum(plain)).toBe(usageOf(judged, period.from, period.to));
      expect(sum(cut)).toBe(sum(plain));
      for (const c of cuts.filter((x) => plain.some((s) => s.from < x && x < s.to)))
        expect(cut.some((s) => s.from === c)).toBe(true);
      for (const [i, s] of cut.entries()) {
        expect(s.from).toBeLessThan(s.to);
        expect(s.from).toBe(cut[i - 1]?.to ?? judged.evidence?.firstAt);
        expect(slotStart(s.from, slotMs)).toBe(slotStart(s.to - 1, slotMs));
      }
    }
  });

  it('of any length are the same in one walk as one by one, across breaks, admitted amounts and a changed multiplier', () => {
    let apart = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const { judged, end } = randomCase(random);
      const cuts = Float64Array.from({ length: 40 }, () => random.int(START - DAY, end + DAY)).toSorted();
      const each = [...cuts.subarray(1)].map((to, i) => usageOf(judged, cuts[i] ?? to, to));
      expect([...usagesBetween(judged, cuts)]).toEqual(each);
      apart += judged.segments.length > 1 ? 1 : 0;
    }
    expect(apart).toBeGreaterThan(30);
    expect(usagesBetween(randomCase(randomOf(1)).judged, new Float64Array(0))).toEqual(new Float64Array(0));
  });
});
