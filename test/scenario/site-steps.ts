import fc from 'fast-check';
import {
  type AllocationRule,
  DAY,
  dayOfCivil,
  HOUR,
  MINUTE,
  type MeterEventBody,
  type Mounting,
  type Rational,
} from '../../pipeline/domain/index.ts';
import { local } from '../support/small-site.ts';
import {
  counting,
  type Edit,
  exchanged,
  formula,
  inZone,
  mounted,
  ofInstitution,
  ofMeter,
  ofPoint,
  START,
  withoutMeter,
  withoutPoint,
  withPoint,
} from './site-edits.ts';

export const METERS = ['a', 'b', 's', 'x', 'spare'] as const;
const POINTS = ['a', 'b', 's', 'x'] as const;
export const FIRST = local('2026-02-26T05:10');
const LAST = FIRST + 9 * DAY;
/** One meter is read so often that brackets leave readings out. */
const intervalOf = (meter: string): number => (meter === 'a' ? 15 : 60) * MINUTE;

/** The instants in [from, to) at which a meter is read, with what its register shows. */
export function readingsOf(meter: string, from: number, to: number): readonly (readonly [at: number, value: number])[] {
  const interval = intervalOf(meter);
  const indexAt = (at: number): number => Math.max(0, Math.ceil((Math.min(at, LAST) - FIRST) / interval));
  const [first, end] = [indexAt(from), indexAt(to)];
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => [
    FIRST + (first + i) * interval,
    faceOf(meter, first + i),
  ]);
}

export type Step =
  | { readonly kind: 'read'; readonly hours: number; readonly late: number }
  | { readonly kind: 'edit'; readonly edits: readonly Edit[]; readonly take: 'additions' | 'all' }
  | { readonly kind: 'event'; readonly body: MeterEventBody; readonly supersedes: number | undefined }
  /** A mark at a time, as of a long backlog, or all of them with what waits for the log. */
  | { readonly kind: 'settle'; readonly inGroups: boolean }
  | { readonly kind: 'close' };

const ratio = (num: number, den = 1): Rational => ({ num, den });
/** Instants on and beside slots, midnights and readings. */
const instant = fc
  .tuple(fc.integer({ min: 0, max: 8 * 24 }), fc.constantFrom(0, 0, 10, 15, 37, 50))
  .map(([hours, minutes]) => local('2026-02-26T04:00') + hours * HOUR + minutes * MINUTE);
const day = fc.integer({ min: 0, max: 8 }).map((n) => dayOfCivil(2026, 2, 25) + n);
const face = fc.integer({ min: 0, max: 90_000 });
const multiplier = fc.constantFrom(ratio(1), ratio(3), ratio(7, 2), ratio(400, 5));
const maybe = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arb, { nil: undefined });
const serial = fc.constantFrom('s1', 's2', 's3', 's4');
const pointId = fc.constantFrom(...POINTS);
const register = fc.constantFrom(...METERS).map((meter) => ({ device: `d-${meter}`, register: 'e' }));
const institutions = fc.constantFrom(['court', 'school'], ['school'], ['court']);

const rule: fc.Arbitrary<AllocationRule> = fc.oneof(
  fc.record({
    basis: fc.constantFrom('headcount' as const, 'area' as const),
    among: institutions,
    of: maybe(fc.constantFrom(15, 300)),
  }),
  institutions.map((of) => ({
    basis: 'fixed' as const,
    shares: of.map((institution, i) => ({ institution, share: ratio(1, 3 + i) })),
  })),
  fc.constant({
    basis: 'sub-meter' as const,
    by: [
      { institution: 'court', point: 's' },
      { institution: 'school', point: 'b' },
    ],
  }),
);
const series = <T>(value: fc.Arbitrary<T>) =>
  fc
    .uniqueArray(fc.record({ from: fc.oneof(fc.constant(0), day), value }), { selector: (e) => e.from, maxLength: 3 })
    .map((entries) => entries.toSorted((a, b) => a.from - b.from));

const meterChange: fc.Arbitrary<Partial<Mounting>> = fc.oneof(
  fc.record({ mountedAt: maybe(instant), initial: maybe(face) }),
  fc.record({ removedAt: maybe(instant), final: maybe(face) }),
  { weight: 4, arbitrary: fc.record({ multiplier }) },
  fc.record({ maxRate: maybe(fc.constantFrom(400, 4_000)), backlash: maybe(fc.constant(30)) }),
  fc.record({ serial }),
  fc.record({ point: pointId, mountedAt: maybe(instant) }),
  register,
);

const institution = fc.constantFrom('court', 'school');
const terms = fc.uniqueArray(
  fc.record({ point: fc.constantFrom(...POINTS, 'f'), sign: fc.constantFrom(1 as const, -1 as const) }),
  { minLength: 1, maxLength: 3, selector: (t) => t.point },
);
const role = fc.constantFrom('main', 'generation', 'export', 'sub');
const scale = fc.constantFrom(ratio(1), ratio(5, 4));
const modulus = fc.constantFrom(100_000, 10_000_000);
const next = fc
  .record({ mountedAt: instant, serial, initial: maybe(face), on: maybe(register) })
  .map(({ on, ...rest }) => ({ ...rest, ...on }));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.nat(9), meterChange).map(([n, change]) => ofMeter(n, change)) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(9), maybe(face), next).map((args) => exchanged(...args)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.record({ point: pointId, serial, mountedAt: maybe(instant) }), register)
      .map(([where, on]) => mounted({ ...where, ...on })),
  },
  fc.nat(9).map(withoutMeter),
  {
    weight: 3,
    arbitrary: fc.tuple(pointId, series(rule)).map(([id, allocations]) => ofPoint(id, (p) => ({ ...p, allocations }))),
  },
  fc
    .tuple(pointId, role, pointId)
    .map(([id, as, parent]) =>
      ofPoint(id, ({ parent: _, ...p }) => ({ ...p, role: as, ...(as === 'sub' && parent !== id ? { parent } : {}) })),
    ),
  fc.tuple(fc.constantFrom('f', 'g'), terms).map((args) => formula(...args)),
  fc.constantFrom(...POINTS, 'f', 'g').map(withoutPoint),
  fc.constantFrom(...START.points).map(withPoint),
  fc
    .tuple(institution, series(fc.integer({ min: 1, max: 50 })))
    .map(([id, headcount]) => ofInstitution(id, { headcount })),
  fc.tuple(institution, series(fc.constantFrom(10, 250, 900))).map(([id, area]) => ofInstitution(id, { area })),
  fc.constantFrom('Asia/Shanghai', 'Asia/Tokyo', 'Europe/London').map(inZone),
  fc
    .tuple(fc.constantFrom(...METERS), fc.oneof(fc.record({ scale }), fc.record({ scale, modulus })))
    .map(([meter, shown]) => counting(`d-${meter}`, shown)),
);

const body: fc.Arbitrary<MeterEventBody> = fc.oneof(
  fc.record({
    kind: fc.constant('replacement' as const),
    point: pointId,
    at: instant,
    serial,
    final: maybe(face),
    initial: maybe(face),
    device: maybe(fc.constantFrom('d-spare', 'd-x')),
    multiplier: maybe(multiplier),
  }),
  fc.record({ kind: fc.constant('multiplier' as const), point: pointId, from: instant, multiplier }),
  fc
    .tuple(register, instant, maybe(face), maybe(face))
    .map(([on, at, final, initial]) => ({ kind: 'reset' as const, ...on, at, final, initial })),
  fc
    .tuple(register, instant, fc.integer({ min: 1, max: 40 }))
    .map(([on, from, hours]) => ({ kind: 'exclude' as const, ...on, from, to: from + hours * HOUR })),
  fc.tuple(register, fc.integer({ min: 0, max: 9 * 24 }), maybe(fc.constantFrom(0, 77))).map(([on, i, amount]) => ({
    kind: 'admit' as const,
    ...on,
    at: FIRST + i * HOUR,
    ...(amount === undefined ? {} : { amount }),
  })),
);

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        hours: fc.integer({ min: 2, max: 30 }),
        late: fc.integer({ min: 0, max: 3 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('edit' as const),
        edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
        take: fc.constantFrom('all' as const, 'all' as const, 'all' as const, 'additions' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('event' as const), body, supersedes: maybe(fc.nat(5)) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), inGroups: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
  ),
  { minLength: 6, maxLength: 14 },
);

/** What a meter's register shows: it counts, wraps, is exchanged twice without a word, and lies now and then. */
function faceOf(meter: string, i: number): number {
  const rate = 20 + (meter.charCodeAt(0) % 17);
  const jump = (i * 7919 + meter.charCodeAt(0)) % 97;
  const counted = 60_000 + i * rate + ((i * 31) % 11);
  const shown = meter === 'b' && i > 100 ? counted - 61_000 : meter === 's' ? (counted + 30_000) % 100_000 : counted;
  return Math.max(0, jump === 0 ? 0 : jump === 1 ? shown + 20_000 : shown) % 100_000;
}
