import { createHash } from 'node:crypto';
import { admit } from './admission.ts';
import { allocate } from './allocation.ts';
import { bracketsOf, gaugeSlotsOf } from './brackets.ts';
import { bytewise, groupBy } from './numbers.ts';
import { judge } from './judgement.ts';
import { activeBodies, cutsOf, meters } from './mountings.ts';
import { daysOf, hoursOf, NOTHING, plus } from './usage.ts';
import type { Reading, Verdict } from './admission.ts';
import type { Bracket, GaugeSlot, Stamp } from './brackets.ts';
import type { Judgement } from './judgement.ts';
import type { Meter } from './mountings.ts';
import type { Amounts, ByDate, BySlot } from './usage.ts';
import type { EventBodyJson, OracleInput, RegistryJson } from './input.ts';

/** Everything the ledger says about a site, by the definitions. */
export interface OracleBooks {
  readonly verdicts: readonly Verdict[];
  readonly brackets: ReadonlyMap<string, readonly Bracket[]>;
  readonly gauges: ReadonlyMap<string, readonly GaugeSlot[]>;
  readonly judgements: readonly Judgement[];
  readonly hours: ReadonlyMap<string, BySlot>;
  readonly days: ReadonlyMap<string, ByDate>;
}

const keyOf = (device: string, register: string): string => `${device}|${register}`;

const foldAll = (
  readings: readonly Reading[],
  slotMs: number,
  mounted: readonly Meter[],
  bodies: readonly EventBodyJson[],
) => {
  const brackets = new Map<string, Bracket[]>();
  const gauges = new Map<string, GaugeSlot[]>();
  for (const [key, own] of groupBy(readings, (reading) => keyOf(reading.device, reading.register.name))) {
    const [sample] = own;
    if (sample === undefined) continue;
    const cuts = cutsOf(sample.device, sample.register.name, mounted, bodies);
    if (sample.register.kind === 'gauge') gauges.set(key, gaugeSlotsOf(own, slotMs));
    else brackets.set(key, bracketsOf(own, slotMs, cuts));
  }
  return { brackets, gauges };
};

/** Slots of every point; a formula is the signed sum of its terms, wherever one of them has evidence. */
const pointHours = (registry: RegistryJson, judgements: readonly Judgement[], slotMs: number): Map<string, BySlot> => {
  const byPoint = groupBy(judgements, (judgement) => judgement.meter.json.point);
  const hoursOfPoint = (id: string, path: readonly string[]): BySlot => {
    const point = registry.points.find((p) => p.id === id);
    if (path.includes(id)) throw new Error(`oracle: the formula of ${id} names itself`);
    if (point?.role !== 'formula') return hoursOf(byPoint.get(id) ?? [], slotMs);
    const total = new Map<number, Amounts>();
    for (const term of point.terms ?? []) {
      for (const [slot, amounts] of hoursOfPoint(term.point, [...path, id])) {
        total.set(slot, plus(total.get(slot) ?? NOTHING, amounts, BigInt(term.sign)));
      }
    }
    return total;
  };
  return new Map(registry.points.map((point) => [point.id, hoursOfPoint(point.id, [])]));
};

export const booksOf = (input: OracleInput): OracleBooks => {
  const { registry } = input;
  const slotMs = registry.site.slotMinutes * 60_000;
  const bodies = activeBodies(input);
  const mounted = meters(registry, bodies);
  const verdicts = input.records.flatMap((record) => admit(record, registry, mounted));
  const readings = verdicts.flatMap((verdict) => ('folded' in verdict ? [verdict.folded] : []));
  const { brackets, gauges } = foldAll(readings, slotMs, mounted, bodies);
  const judgements = mounted.map((meter) => {
    const own = brackets.get(keyOf(meter.json.device, meter.json.register)) ?? [];
    return judge(meter, own, bodies, slotMs);
  });
  const hours = pointHours(registry, judgements, slotMs);
  const days = new Map([...hours].map(([point, slots]) => [point, daysOf(slots, registry.site.zone)]));
  return { verdicts, brackets, gauges, judgements, hours, days };
};

const line = (...fields: readonly (string | number | bigint)[]): string => fields.join('|');

const stampFields = (stamp: Stamp) =>
  [stamp.at, stamp.value, stamp.rank, stamp.other?.value ?? '-', stamp.other?.rank ?? '-'] as const;

const registerLines = (site: string, { brackets, gauges }: OracleBooks): string[] => [
  ...[...brackets].flatMap(([key, own]) =>
    own.map((b) => line('bracket', site, key, b.start, ...stampFields(b.first), ...stampFields(b.last))),
  ),
  ...[...gauges].flatMap(([key, own]) =>
    own.map((g) => line('gauge', site, key, g.start, g.min, g.max, g.lastAt, g.last)),
  ),
];

const mountingLines = (site: string, { meter, believed, findings }: Judgement): string[] => {
  const { id } = meter.json;
  const [first, last] = [believed[0], believed.at(-1)];
  const listed = findings.map((f) =>
    line('finding', site, id, f.kind, f.from, f.to, f.fromValue, f.toValue, f.explained ? 1 : 0),
  );
  if (first === undefined || last === undefined) return listed;
  return [...listed, line('evidence', site, id, first.at, first.value, last.at, last.value)];
};

const pointLines = (registry: RegistryJson, { hours, days }: OracleBooks): string[] => {
  const site = registry.site.id;
  return registry.points.flatMap((point) => [
    ...[...(hours.get(point.id) ?? [])].map(([slot, a]) =>
      line('hour', site, point.id, slot, a.amount, a.measured, a.interpolated, a.disputed),
    ),
    ...[...(days.get(point.id) ?? [])].map(([date, a]) =>
      line('day', site, point.id, date, a.amount, a.measured, a.interpolated, 0, a.disputed),
    ),
  ]);
};

/** What parties bear of each point, and of all points of a carrier together; 1 where all of that is measured. */
const partyLines = (registry: RegistryJson, { days }: OracleBooks): string[] => {
  const site = registry.site.id;
  const parts = registry.points.flatMap((point) =>
    allocate(point, registry, days).map((part) => {
      const whole = days.get(point.id)?.get(part.date) ?? NOTHING;
      const unmeasured = whole.amount !== 0n && (whole.interpolated !== 0n || whole.disputed !== 0n);
      return { ...part, point: point.id, carrier: point.carrier, unmeasured };
    }),
  );
  const totals = groupBy(parts, ({ party, carrier, date }) => line('total', site, party, carrier, date));
  return [
    ...parts.map((p) => line('party', site, p.party, p.date, p.point, p.amount)),
    ...[...totals].map(([key, own]) =>
      line(
        key,
        own.reduce((sum, p) => sum + p.amount, 0n),
        own.some((p) => p.unmeasured) ? 0 : 1,
      ),
    ),
  ];
};

const countLines = (verdicts: readonly Verdict[]): string[] => {
  const groups = groupBy(verdicts, (v) => line('count', v.site, 'folded' in v ? 'folded' : `quarantined:${v.reason}`));
  return [...groups].map(([key, own]) => line(key, own.length));
};

export interface OracleDump {
  readonly lines: readonly string[];
  /** The lines, sorted bytewise, joined by a line feed. */
  readonly text: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string;
}

export const dumpOf = (input: OracleInput): OracleDump => {
  const books = booksOf(input);
  const lines = [
    ...registerLines(input.registry.site.id, books),
    ...books.judgements.flatMap((judgement) => mountingLines(input.registry.site.id, judgement)),
    ...pointLines(input.registry, books),
    ...partyLines(input.registry, books),
    ...countLines(books.verdicts),
  ].toSorted(bytewise);
  const text = lines.join('\n');
  return { lines, text, hash: createHash('sha256').update(text).digest('hex') };
};
