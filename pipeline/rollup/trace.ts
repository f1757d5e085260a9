import type { Kysely } from 'kysely';
import {
  baseUnitOf,
  type Carrier,
  displayUnitOf,
  eventTime,
  eventWords,
  formatInstant,
  formatRational,
  type Interval,
  inUnit,
  localDay,
  type MeterEvent,
  type Point,
  type Zone,
  zoneOf,
} from '#domain';
import type { TraceAnswer, TraceNode } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { Judged } from '../ledger/judge.ts';
import { slotUsages } from '../ledger/quality.ts';
import { faceAt, type Span, spansIn, spanVolume } from '../ledger/volume.ts';
import type { UsageQuery } from '../service.ts';
import { mountedAt } from './hours.ts';
import type { MountedRegister } from './site-index.ts';
import { shareRuns } from './shares.ts';
import type { DaySource } from './source.ts';
import { addSplit, NO_SPLIT } from './split.ts';
import { resolveSubject } from './subject.ts';
import { meterWords, partyName, pointWords, shareWords, spanWords, sumWords } from './trace-words.ts';
import { usage } from './usage.ts';
import { judgeWindow } from './window.ts';

/** Everything that a node needs to be put into words. */
interface Words {
  readonly db: Kysely<Tables>;
  readonly site: DirectorySite;
  readonly source: DaySource;
  readonly carrier: Carrier;
  readonly zone: Zone;
}

/** The figure and the tree under it, down to pairs of readings (answers.ts). A person can re-add it by hand. */
export async function trace(
  db: Kysely<Tables>,
  site: DirectorySite,
  source: DaySource,
  query: UsageQuery,
): Promise<TraceAnswer> {
  const zone = zoneOf(site.registry.site.zone);
  const resolved = resolveSubject(site, query);
  const { answer } = await usage(db, site, source, query);
  const words: Words = { db, site, source, carrier: resolved.carrier, zone };
  const terms = resolved.mountings
    ? await registerTerms(words, resolved.mountings, query.interval)
    : resolved.party === undefined
      ? await inTurn(resolved.terms, (t) => pointNode(words, t.point, query.interval, t.sign))
      : (await inTurn(resolved.terms, (t) => shareNodes(words, t.point, resolved.party ?? '', query.interval))).flat();
  const { subject } = resolved;
  const single = subject.kind === 'point' ? terms[0] : undefined;
  const root: TraceNode = single ?? {
    ...frameOf(words, query.interval, answer.total.amount),
    kind: subject.kind === 'party' ? 'institution' : subject.kind === 'register' ? 'meter' : subject.kind,
    id: subject.id,
    label: sumWords(subject.name, terms.length),
    terms,
  };
  return {
    subject,
    carrier: resolved.carrier,
    unit: baseUnitOf(resolved.carrier),
    displayUnit: displayUnitOf(resolved.carrier),
    zone: zone.name,
    version: source.version,
    root: { ...root, split: answer.total.split, coverage: answer.total.coverage },
  };
}

const frameOf = (
  { carrier, zone }: Words,
  { from, to }: Interval,
  amount: number,
): Pick<TraceNode, 'from' | 'to' | 'amount' | 'display' | 'events' | 'findings'> => ({
  from: formatInstant(from, zone),
  to: formatInstant(to, zone),
  amount,
  display: inUnit(amount, displayUnitOf(carrier), carrier),
  events: [],
  findings: [],
});

/** One after the other: all at once would keep the readings of all of them. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}

const sumOf = (terms: readonly TraceNode[]): number => terms.reduce((sum, t) => sum + (t.sign ?? 1) * t.amount, 0);

/** `amount` of the node is unsigned by `sign`: the parent adds sign × amount. */
async function pointNode(words: Words, point: Point, interval: Interval, sign: 1 | -1 = 1): Promise<TraceNode> {
  const terms =
    point.role === 'formula'
      ? (
          await inTurn(point.terms ?? [], async (t) => {
            const inner = words.site.registry.points.find((p) => p.id === t.point);
            return inner ? [await pointNode(words, inner, interval, t.sign)] : [];
          })
        ).flat()
      : await inTurn(mountedAt(words.site, point.id, interval), (m) => meterNode(words, m, interval));
  return {
    ...frameOf(words, interval, sumOf(terms)),
    kind: point.role === 'formula' ? 'formula' : 'point',
    id: point.id,
    label: pointWords(point, terms.length),
    ...(sign === -1 ? { sign } : {}),
    terms,
  };
}

async function registerTerms(words: Words, mountings: readonly string[], interval: Interval): Promise<TraceNode[]> {
  const all = [...words.site.registers.values()].flatMap((register) =>
    register.mountings.map((mounting) => ({ register, mounting })),
  );
  return inTurn(
    all.filter((m) => mountings.includes(m.mounting.id)),
    (m) => meterNode(words, m, interval),
  );
}

async function meterNode(
  words: Words,
  { register, mounting }: MountedRegister,
  interval: Interval,
): Promise<TraceNode> {
  const { db, site, zone } = words;
  const { judged } = await judgeWindow(db, site, register, mounting, interval.from, interval.to);
  const terms = spansIn(judged, interval.from, interval.to).map((span) => spanNode(words, judged, span));
  const ids = [mounting.mountedBy, mounting.removedBy, ...mounting.ratios.map((r) => r.event)].filter(
    (id) => id !== null,
  );
  const touching = site.events.filter(
    (e) => e.state === 'active' && (ids.includes(e.id) || touches(e, register, interval)),
  );
  const split = slotUsages(judged, interval, site.slotMs).reduce(
    (sum, s) => addSplit(sum, { ...NO_SPLIT, [s.quality]: s.amount }),
    NO_SPLIT,
  );
  return {
    ...frameOf(words, interval, sumOf(terms)),
    kind: 'meter',
    id: mounting.id,
    label: meterWords(mounting, terms.length),
    split,
    meter: {
      serial: mounting.serial,
      device: mounting.device,
      register: mounting.register,
      multiplier: formatRational(mounting.multiplier),
      scale: formatRational(mounting.scale),
      modulus: mounting.modulus ?? null,
    },
    events: touching.map((e) => eventOf(e, zone)),
    findings: judged.findings
      .filter((f) => f.to >= interval.from && f.from < interval.to)
      .map((f) => ({
        kind: f.kind,
        from: formatInstant(f.from, zone),
        to: formatInstant(f.to, zone),
        fromValue: f.fromValue,
        toValue: f.toValue,
        explained: f.explained ?? false,
      })),
    terms,
  };
}

const touches = ({ body }: MeterEvent, register: MountedRegister['register'], { from, to }: Interval): boolean => {
  if (!('device' in body) || body.kind === 'replacement') return false;
  if (body.device !== register.device || body.register !== register.register) return false;
  return body.kind === 'exclude' ? body.from < to && body.to > from : from <= body.at && body.at < to;
};

const eventOf = (event: MeterEvent, zone: Zone): TraceNode['events'][number] => ({
  id: event.id,
  kind: event.body.kind,
  at: formatInstant(eventTime(event.body), zone),
  by: event.by,
  confirmedBy: event.confirmedBy ?? null,
  claimed: true,
  reason: event.reason,
  detail: eventWords(event.body, zone),
});

/** V(end) − V(start) of one stretch, with the readings on both sides of each boundary. */
function spanNode(words: Words, { mounting }: Judged, span: Span): TraceNode {
  const { segment, ratio } = span;
  const { modulus } = mounting;
  const [start, end] = [faceAt(segment, modulus, span.from), faceAt(segment, modulus, span.to)];
  const unit = mounting.scale.num === 1 && mounting.scale.den === 1 ? baseUnitOf(words.carrier) : 'count';
  const boundary = (b: typeof start) => {
    const reading = (i: number) => {
      const [at, value] = [segment.at[i], segment.value[i]];
      return at === undefined || value === undefined ? null : { at: formatInstant(at, words.zone), value, unit };
    };
    return { before: reading(b.index), after: b.exact ? null : reading(b.index + 1), face: b.face, exact: b.exact };
  };
  const wraps = end.wraps - start.wraps;
  const amount = spanVolume(span, mounting.modulus);
  const m = formatRational(ratio);
  const times = (x: number): string => (m === '1' ? String(x) : `floor(${m} × ${x})`);
  const wrapTerm = wraps === 0 ? '' : ` + ${wraps} × ${times(modulus ?? 0)}`;
  const formula = `${times(end.face)}${wrapTerm} − ${times(start.face)} = ${amount} ${baseUnitOf(words.carrier)}`;
  return {
    ...frameOf(words, span, amount),
    kind: 'span',
    id: `${mounting.id}@${span.from}`,
    label: spanWords(formula, segment.admitted === true),
    span: { start: boundary(start), end: boundary(end), wraps, formula },
    terms: [],
  };
}

/** A party's parts of a point, one node per run of days with the same share. */
async function shareNodes(words: Words, point: Point, party: string, { from, to }: Interval): Promise<TraceNode[]> {
  const { site, source, zone } = words;
  const days = await source.partyDays(party, [point.id], localDay(from, zone), localDay(to, zone));
  if (days.length === 0) return [];
  const name = partyName(site.registry.institutions, party);
  const runs = shareRuns(site, point, party, { from, to }, zone);
  const nodes = await inTurn(runs, async ({ interval, ...share }) => {
    const [first, last] = [localDay(interval.from, zone), localDay(interval.to, zone)];
    const own = days.filter((d) => first <= d.day && d.day < last);
    const amount = own.reduce((sum, d) => sum + d.amount, 0);
    return {
      ...frameOf(words, interval, amount),
      kind: 'share' as const,
      id: `${party}/${point.id}@${interval.from}`,
      label: shareWords(name, point, share, { days: own.length, unit: baseUnitOf(words.carrier) }),
      share,
      terms: [await pointNode(words, point, interval)],
    };
  });
  return nodes.filter((n) => n.amount !== 0 || n.terms.some((t) => t.amount !== 0));
}
