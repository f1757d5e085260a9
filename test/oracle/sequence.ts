import { big } from './numbers.ts';
import { covers } from './mountings.ts';
import type { Meter } from './mountings.ts';
import type { Bracket, Stamp } from './brackets.ts';
import type { AdmitJson, EventBodyJson } from './input.ts';

/** A reading as the path sees it. */
export interface Point {
  readonly at: number;
  readonly value: bigint;
  /** Somebody admitted it: it must be believed. */
  readonly admitted: boolean;
  /** Face units that somebody admitted for a break which ends here. */
  readonly amount: bigint | undefined;
}

export interface Sequences {
  /** Between resets, each in time order. */
  readonly parts: readonly (readonly Point[])[];
  readonly conflicts: readonly Stamp[];
}

interface EventReading {
  readonly at: number;
  readonly value: bigint;
}

const eventReading = (at: number | undefined, value: number | undefined): EventReading[] =>
  at === undefined || value === undefined ? [] : [{ at, value: big(value) }];

/** Bodies that concern the register of a mounting. */
const ofRegister = (meter: Meter, bodies: readonly EventBodyJson[]) =>
  bodies.flatMap((body) =>
    'device' in body &&
    body.kind !== 'replacement' &&
    body.device === meter.json.device &&
    body.register === meter.json.register
      ? [body]
      : [],
  );

const admitOf = (at: number, admits: readonly AdmitJson[]): Pick<Point, 'admitted' | 'amount'> => {
  const here = admits.filter((admit) => admit.at === at);
  const amount = here.find((admit) => admit.amount !== undefined)?.amount;
  return {
    admitted: here.some((admit) => admit.amount === undefined),
    amount: amount === undefined ? undefined : big(amount),
  };
};

/** Stamps by instant, an event's reading in place of the stamp of the same instant. */
const inOrder = (stamps: readonly Stamp[], events: readonly EventReading[], admits: readonly AdmitJson[]): Point[] => {
  const values = new Map<number, bigint>();
  for (const { at, value } of stamps) values.set(at, value);
  for (const { at, value } of events) values.set(at, value);
  return [...values].map(([at, value]) => ({ at, value, ...admitOf(at, admits) })).toSorted((a, b) => a.at - b.at);
};

/** All readings that one mounting's path may believe. A reset splits them; what is excluded is not there at all. */
export const sequencesOf = (
  meter: Meter,
  brackets: readonly Bracket[],
  bodies: readonly EventBodyJson[],
): Sequences => {
  const own = ofRegister(meter, bodies);
  const excludes = own.flatMap((body) => (body.kind === 'exclude' ? [body] : []));
  const admits = own.flatMap((body) => (body.kind === 'admit' ? [body] : []));
  const resets = own
    .flatMap((body) => (body.kind === 'reset' && covers(meter.json, body.at) ? [body] : []))
    .toSorted((a, b) => a.at - b.at);
  const stamps = brackets
    .flatMap((bracket) => [bracket.first, bracket.last])
    .filter(({ at }) => covers(meter.json, at))
    .filter(({ at }) => !excludes.some((e) => e.from <= at && at < e.to));

  const begins = [
    eventReading(meter.json.mountedAt, meter.json.initial),
    ...resets.map((r) => eventReading(r.at, r.initial)),
  ];
  const ends = [
    ...resets.map((r) => eventReading(r.at, r.final)),
    eventReading(meter.json.removedAt, meter.json.final),
  ];
  const edges = [-Infinity, ...resets.map((r) => r.at), Infinity];
  const parts = begins.map((begin, i) => {
    const [from, to] = [edges[i] ?? -Infinity, edges[i + 1] ?? Infinity];
    const inside = stamps.filter(({ at }) => from <= at && at < to);
    return inOrder(inside, [...begin, ...(ends[i] ?? [])], admits);
  });
  const conflicts = new Map(stamps.filter((s) => s.other !== undefined).map((s) => [s.at, s]));
  return { parts, conflicts: [...conflicts.values()] };
};
