import {
  type Carrier,
  DAY,
  displayUnitOf,
  formatInstant,
  formatRational,
  HOUR,
  type Interval,
  inUnit,
  type LocalText,
  ONE,
  periodsOf,
  type Rational,
  requestError,
  scaleFloor,
  zoneOf,
  baseUnitOf,
} from '#domain';
import type { Subject, TraceNode, UsageAnswer, UsageRow } from '../../pipeline/answers.ts';
import type { UsageQuery } from '../../pipeline/service.ts';
import { fakeRegistry, registerOf, ROWS } from './fake-registry.ts';

type Row = (typeof ROWS)[number];
/** One part of a figure: a point, and the share of it. */
interface Part {
  readonly row: Row;
  readonly share: Rational;
  readonly sign: 1 | -1;
  /** What the institutions leave over. */
  readonly rest?: true;
}

const zone = zoneOf('Asia/Shanghai');
const EPOCH = Date.UTC(2024, 11, 31, 16);
const DAILY = [18, 17, 17, 17, 18, 22, 38, 62, 92, 98, 100, 99, 84, 90, 97, 96, 93, 80, 52, 40, 33, 28, 22, 19];

/** Register of a point after its multiplier, in base units: a building's week, smooth inside the hour. */
export function registerAt(row: Row, at: number): number {
  const hours = (at - EPOCH) / HOUR;
  const whole = Math.floor(hours);
  const dayTotal = DAILY.reduce((a, b) => a + b, 0);
  const weekday = (day: number): number => (((day + 2) % 7) + 7) % 7;
  const factor = (day: number): number => (weekday(day) > 4 ? 0.42 : 1);
  const week = dayTotal * (5 + 2 * 0.42);
  const day = Math.floor(whole / 24);
  const monday = day - weekday(day);
  let sum = (monday / 7) * week;
  for (let d = monday; d < day; d += 1) sum += dayTotal * factor(d);
  for (let h = day * 24; h < whole; h += 1) sum += (DAILY[h - day * 24] ?? 0) * factor(day);
  sum += (hours - whole) * (DAILY[whole - day * 24] ?? 0) * factor(day);
  return Math.floor((row.peak / 100) * (sum + 14 * hours + 60 * Math.sin(hours / 37) + 20 * Math.sin(hours / 5)));
}

const unknown = (what: string, id: string) =>
  requestError(`${what}_UNKNOWN`, `there is no ${what.toLowerCase()} "${id}"`, {
    place: what.toLowerCase(),
    cure: 'see the registry',
  });

const mains = (carrier: Carrier): readonly Row[] => ROWS.filter((row) => row.carrier === carrier && !row.role);
const shareOf = (row: Row, party: string): Rational | undefined => row.shares.find(([id]) => id === party)?.[1];

const restOf = (row: Row): Rational | undefined => {
  const claimed = row.shares.reduce((sum, [, { num, den }]) => sum + num / den, 0);
  return { num: Math.round((1 - claimed) * 10), den: 10 };
};

function partsOf(query: UsageQuery, carrier: Carrier): readonly Part[] {
  const { subject } = query;
  const whole = (rows: readonly Row[]): readonly Part[] => rows.map((row) => ({ row, share: ONE, sign: 1 }));
  const shared = (find: (row: Row) => Rational | undefined): readonly Part[] =>
    mains(carrier).flatMap((row): Part[] => {
      const share = find(row);
      return share ? [{ row, share, sign: 1 }] : [];
    });
  switch (subject.kind) {
    case 'site':
      return whole(mains(carrier));
    case 'premises':
      return whole(mains(carrier).filter((row) => row.premises === subject.id));
    case 'item':
      return whole(ROWS.filter((row) => row.item === subject.id));
    case 'point':
      return whole(ROWS.filter((row) => row.id === subject.id));
    case 'register':
      return whole(ROWS.filter((row) => `dev-${row.id}` === subject.device));
    case 'institution':
      return shared((row) => shareOf(row, subject.id));
    case 'unallocated':
      return shared(restOf).map((part) => ({ ...part, rest: true }));
  }
}

function subjectOf(query: UsageQuery): Subject {
  const { subject } = query;
  const named = (list: readonly { readonly id: string; readonly name: Subject['name'] }[], id: string) =>
    list.find((one) => one.id === id)?.name;
  switch (subject.kind) {
    case 'site':
      return { kind: 'site', id: query.site, name: fakeRegistry.site.name };
    case 'unallocated':
      return { kind: 'party', id: 'unallocated', name: { zh: '未分摊', en: 'Unallocated' } };
    case 'register':
      return { kind: 'register', id: `${subject.device}/${subject.register}`, name: { zh: '寄存器', en: 'Register' } };
    case 'item':
      return { kind: 'item', id: subject.id, name: { zh: '分项', en: 'Item' } };
    default: {
      const list = {
        point: fakeRegistry.points,
        institution: fakeRegistry.institutions,
        premises: fakeRegistry.premises,
      }[subject.kind];
      const name = named(list, subject.id);
      if (!name) throw unknown(subject.kind.toUpperCase(), subject.id);
      return { kind: subject.kind, id: subject.id, name };
    }
  }
}

const amountOf = ({ row, share, rest }: Part, { from, to }: Interval, now: number): number => {
  const [a, b] = [Math.min(from, now), Math.min(to, now)];
  if (rest) {
    const borne = row.shares.map(([, one]) => amountOf({ row, share: one, sign: 1 }, { from, to }, now));
    return registerAt(row, b) - registerAt(row, a) - borne.reduce((sum, one) => sum + one, 0);
  }
  if (share.num === share.den) return registerAt(row, b) - registerAt(row, a);
  return periodsOf('day', { from: a, to: b }, zone).reduce(
    (sum, day) => sum + scaleFloor(registerAt(row, day.to) - registerAt(row, day.from), share.num, share.den),
    0,
  );
};

function rowOf(parts: readonly Part[], carrier: Carrier, interval: Interval, now: number): UsageRow {
  const amount = parts.reduce((sum, part) => sum + amountOf(part, interval, now), 0);
  const gap = parts.some(({ row }) => row.id === 'w-canteen') ? Math.floor(amount / 12) : 0;
  return {
    from: formatInstant(interval.from, zone),
    to: formatInstant(interval.to, zone),
    amount,
    display: inUnit(amount, displayUnitOf(carrier), carrier),
    split: { measured: amount - gap, interpolated: gap, manual: 0, disputed: 0 },
    estimated: null,
    coverage: interval.from >= now ? 0 : gap > 0 ? 0.94 : 1,
    provisional: interval.to > now,
  };
}

export function fakeUsage(query: UsageQuery, now: number): UsageAnswer {
  const subject = subjectOf(query);
  const carrier = query.carrier ?? ROWS.find((row) => row.id === subject.id)?.carrier ?? 'electricity';
  const allocated = query.subject.kind === 'institution' || query.subject.kind === 'unallocated';
  if (allocated && query.by === 'hour') {
    throw requestError('HOURS_NOT_ALLOCATED', 'shares apply to whole days, so there are no hours of an institution', {
      place: 'query by',
      cure: 'ask by=day, or for a point',
    });
  }
  const parts = partsOf(query, carrier);
  return {
    subject,
    carrier,
    unit: baseUnitOf(carrier),
    displayUnit: displayUnitOf(carrier),
    zone: zone.name,
    by: query.by,
    version: query.asOf ?? 'live',
    rows: periodsOf(query.by, query.interval, zone).map((one) => rowOf(parts, carrier, one, now)),
    total: rowOf(parts, carrier, query.interval, now),
  };
}

export function fakeTrace(query: UsageQuery, now: number): TraceNode {
  const { subject, carrier, total } = fakeUsage({ ...query, by: 'month' }, now);
  const terms = partsOf(query, carrier).map((part) => traceOfPart(part, query.interval, now, carrier));
  const only = terms[0];
  if (subject.kind === 'point' && only) return only;
  return {
    kind: subject.kind === 'party' || subject.kind === 'register' ? 'institution' : subject.kind,
    id: subject.id,
    label: both(`${subject.name.en} = sum of ${terms.length} terms`),
    from: total.from,
    to: total.to,
    amount: total.amount,
    display: total.display,
    split: total.split,
    coverage: total.coverage,
    events: [],
    findings: [],
    terms,
  };
}

const both = (text: string): LocalText => ({ zh: text, en: text });

function traceOfPart(part: Part, interval: Interval, now: number, carrier: Carrier): TraceNode {
  const { row, share } = part;
  const [from, to] = [interval.from, Math.min(interval.to, now)];
  const base = { from: formatInstant(from, zone), to: formatInstant(to, zone) };
  const shown = (amount: number) => ({ amount, display: inUnit(amount, displayUnitOf(carrier), carrier) });
  const multiplier = row.multiplier ?? ONE;
  const [a, b] = [registerAt(row, from), registerAt(row, to)].map((value) => Math.floor(value / multiplier.num));
  const amount = registerAt(row, to) - registerAt(row, from);
  const stamp = (at: number, face: number) => ({ at: formatInstant(at, zone), value: face, unit: baseUnitOf(carrier) });
  const span: TraceNode = {
    kind: 'span',
    id: `${row.id}#1`,
    label: both(`(${b} − ${a}) × ${formatRational(multiplier)} = ${amount} ${baseUnitOf(carrier)}`),
    ...base,
    ...shown(amount),
    span: {
      start: {
        before: stamp(from - 20_000, (a ?? 0) - 3),
        after: stamp(from + 40_000, (a ?? 0) + 5),
        face: a ?? 0,
        exact: false,
      },
      end: { before: stamp(to, b ?? 0), after: null, face: b ?? 0, exact: true },
      wraps: 0,
      formula: `floor(${formatRational(multiplier)} × ${b}) − floor(${formatRational(multiplier)} × ${a})`,
    },
    events: [],
    findings:
      row.id === 'p-tower'
        ? [{ kind: 'outlier', from: base.to, to: base.to, fromValue: 0, toValue: 0, explained: false }]
        : [],
    terms: [],
  };
  const i = ROWS.indexOf(row);
  const meter: TraceNode = {
    ...span,
    kind: 'meter',
    id: `20240${i + 100}`,
    label: both(`Meter 20240${i + 100}, register ${registerOf(row)}, multiplier ${formatRational(multiplier)}`),
    span: undefined,
    meter: {
      serial: `20240${i + 100}`,
      device: `dev-${row.id}`,
      register: registerOf(row),
      multiplier: formatRational(multiplier),
      scale: '1',
      modulus: 10 ** 9,
    },
    findings: [],
    events:
      row.id === 'p-tower'
        ? [
            {
              id: 1,
              kind: 'multiplier',
              at: formatInstant(from - 40 * DAY, zone),
              by: '李明',
              claimed: true,
              reason: '互感器铭牌核对',
              confirmedBy: null,
              detail: { zh: 'p-tower：倍率 80', en: 'p-tower: multiplier 80' },
            },
          ]
        : [],
    terms: [span],
  };
  const point: TraceNode = {
    ...meter,
    kind: 'point',
    id: row.id,
    label: both(`${row.en} = sum over its meters`),
    meter: undefined,
    events: [],
    split: { measured: amount, interpolated: 0, manual: 0, disputed: 0 },
    coverage: 1,
    terms: [meter],
  };
  if (share === ONE) return point;
  const part_ = amountOf(part, interval, now);
  return {
    ...point,
    kind: 'share',
    label: both(`${formatRational(share)} of ${row.en}, per local day`),
    ...shown(part_),
    share: { ratio: formatRational(share), basis: 'fixed', since: '2024-01-01' },
    split: { measured: part_, interpolated: 0, manual: 0, disputed: 0 },
    terms: [point],
  };
}
