import { describe, expect, it } from 'vitest';
import { booksOf, dumpOf } from './oracle.ts';
import { event, faces, HOUR, input, mounting, registry, T0 } from './site.ts';
import type { MountingJson, OracleInput } from './input.ts';

const hoursOf = (world: OracleInput) =>
  [...(booksOf(world).hours.get('p') ?? [])].map(([slot, a]) => [(slot - T0) / HOUR, Number(a.amount)]);

const totalOf = (world: OracleInput): number => hoursOf(world).reduce((sum, [, amount]) => sum + (amount ?? 0), 0);

const findingsOf = (world: OracleInput) =>
  booksOf(world).judgements.flatMap(({ findings }) =>
    findings.map((f) => [f.kind, (f.from - T0) / HOUR, (f.to - T0) / HOUR, Number(f.fromValue), Number(f.toValue)]),
  );

const withMeter = (more: Partial<MountingJson>) => registry({ mountings: [mounting(more)] });

describe('the classic faults of meters', () => {
  it('takes 999,984 and then 20 on a face of 10^6 for 36', () => {
    const rated = withMeter({ modulus: 1_000_000, maxRate: 1000 });
    const unrated = withMeter({ modulus: 1_000_000 });
    for (const site of [rated, unrated]) {
      const world = input(faces([0, 999_984], [1, 20]), { registry: site });
      expect(totalOf(world)).toBe(36);
      expect(findingsOf(world)).toEqual([]);
    }
  });

  it('books the wrap of a scaled face as the modulus of the scaled face', () => {
    const site = withMeter({ modulus: 1_000_000, maxRate: 1000, multiplier: { num: 1, den: 7 } });
    const world = input(faces([0, 999_984], [1, 20]), { registry: site });
    expect(totalOf(world)).toBe(142_857 - 142_854 + 2);
  });

  it('books nothing for a fall from 84,210 to 3 until a replacement explains it', () => {
    const site = withMeter({ maxRate: 100 });
    const readings = faces(
      ...[0, 1, 2, 3, 4, 5].map((h) => [h, 84_205 + h] as const),
      ...[6, 7, 8, 9, 10, 11].map((h) => [h, h - 3] as const),
    );
    const silent = input(readings, { registry: site });
    expect(totalOf(silent)).toBe(5 + 5);
    expect(findingsOf(silent)).toEqual([['break', 5, 6, 84_210, 3]]);

    const replacement = event({
      kind: 'replacement',
      point: 'p',
      at: T0 + 5.5 * HOUR,
      final: 84_211,
      initial: 0,
      serial: 's2',
    });
    const explained = input(readings, { registry: site, events: [replacement] });
    expect(totalOf(explained)).toBe(6 + 8);
    expect(findingsOf(explained)).toEqual([]);
    expect(hoursOf(explained)[5]).toEqual([5, 1 + 3]);
  });

  it('spreads the 600 kWh of a six-hour outage over the six hours and marks them', () => {
    const world = input(faces([0, 0], [1, 100_000], [7, 700_000], [8, 800_000]), {
      registry: withMeter({ maxRate: 200_000 }),
    });
    expect(hoursOf(world).map(([, amount]) => amount)).toEqual(Array.from({ length: 8 }, () => 100_000));
    const slots = [...(booksOf(world).hours.get('p') ?? [])].map(([, a]) => [a.measured, a.interpolated].map(Number));
    expect(slots[0]).toEqual([100_000, 0]);
    expect(slots[1]).toEqual([0, 100_000]);
    expect(slots[6]).toEqual([0, 100_000]);
    expect(slots[7]).toEqual([100_000, 0]);
    expect(findingsOf(world)).toEqual([['gap', 1, 7, 100_000, 700_000]]);
  });

  it('does not believe the 0 that a meter answers after power-up', () => {
    const world = input(faces([0, 5000], [1, 5010], [2, 0], [3, 5030], [4, 5040]), {
      registry: withMeter({ maxRate: 100, modulus: 1_000_000 }),
    });
    expect(totalOf(world)).toBe(40);
    expect(findingsOf(world)).toEqual([['outlier', 2, 2, 0, 0]]);
  });

  it('does not believe a spike, with and without a rating', () => {
    const readings = faces([0, 5000], [1, 5010], [2, 900_000], [3, 5030], [4, 5040], [5, 5050]);
    for (const site of [withMeter({ maxRate: 100 }), withMeter({})]) {
      expect(totalOf(input(readings, { registry: site }))).toBe(50);
      expect(findingsOf(input(readings, { registry: site }))).toEqual([['outlier', 2, 2, 900_000, 900_000]]);
    }
  });

  it('says the same, whenever a reading arrives and however often', () => {
    const prompt = faces([0, 0], [1, 10], [2, 20], [3, 90], [4, 100]);
    const [first, second, third, ...rest] = prompt;
    if (first === undefined || second === undefined || third === undefined) throw new Error('readings missing');
    const late = { ...third, appendedAt: T0 + 40 * 24 * HOUR };
    const linesOf = (records: typeof prompt) =>
      dumpOf(input(records)).lines.filter((line) => !line.startsWith('count|'));
    expect(linesOf([...rest, second, first, late, second])).toEqual(linesOf(prompt));
  });
});

describe('what people enter', () => {
  const jump = faces(
    ...[0, 1, 2, 3, 4].map((h) => [h, 100 + h] as const),
    ...[5, 6, 7, 8, 9].map((h) => [h, 10_000 + h] as const),
  );
  const site = withMeter({ maxRate: 100 });
  const admit = (more: { amount?: number } = {}) =>
    event({ kind: 'admit', device: 'd', register: 'e', at: T0 + 5 * HOUR, ...more });

  it('books an admitted jump in full, and an admitted amount as it was given', () => {
    expect(totalOf(input(jump, { registry: site }))).toBe(4 + 4);
    expect(totalOf(input(jump, { registry: site, events: [admit()] }))).toBe(4 + 4 + 9901);
    expect(totalOf(input(jump, { registry: site, events: [admit({ amount: 7 })] }))).toBe(4 + 4 + 7);
  });

  it('ignores what is only proposed or superseded', () => {
    for (const state of ['proposed', 'superseded'] as const) {
      expect(totalOf(input(jump, { registry: site, events: [{ ...admit(), state }] }))).toBe(4 + 4);
    }
  });

  it('leaves out excluded readings without a word', () => {
    const exclude = event({ kind: 'exclude', device: 'd', register: 'e', from: T0 + 5 * HOUR, to: T0 + 24 * HOUR });
    expect(totalOf(input(jump, { registry: site, events: [exclude] }))).toBe(4);
    expect(findingsOf(input(jump, { registry: site, events: [exclude] }))).toEqual([]);
  });

  it('takes a reset for the end of one count and the beginning of another', () => {
    const reset = event({
      kind: 'reset',
      device: 'd',
      register: 'e',
      at: T0 + 4.5 * HOUR,
      final: 110,
      initial: 10_000,
    });
    expect(totalOf(input(jump, { registry: site, events: [reset] }))).toBe(10 + 9);
    expect(findingsOf(input(jump, { registry: site, events: [reset] }))).toEqual([]);
  });

  it('changes the multiplier at its instant, inside a slot', () => {
    const change = event({ kind: 'multiplier', point: 'p', from: T0 + 1.5 * HOUR, multiplier: { num: 10, den: 1 } });
    const world = input(faces([0, 0], [1, 10], [2, 20], [3, 30]), { registry: site, events: [change] });
    expect(hoursOf(world)).toEqual([
      [0, 10],
      [1, 5 + 50],
      [2, 100],
    ]);
  });
});
