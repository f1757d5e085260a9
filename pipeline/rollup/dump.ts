import { type Kysely, sql } from 'kysely';
import { formatDay, type Point } from '#domain';
import { decodeBrackets, decodeGauges } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import { type DirectorySite, loadDirectory } from '../ledger/directory.ts';
import { judge } from '../ledger/judge.ts';
import { slotUsages } from '../ledger/quality.ts';
import { loadBrackets, placeOf } from './brackets.ts';
import { sha256 } from './canonical.ts';
import { byDependence, countedOf } from './totals.ts';

type Db = Kysely<Tables>;

/**
 * The whole books as sorted lines, without offsets, coordinates and packing (ledger.md, 10): equal books give equal text. The lines are described in
 * test/oracle/README.md, where another program makes the same.
 */
export async function dumpBooks(db: Db): Promise<{ readonly text: string; readonly hash: string }> {
  const directory = await loadDirectory(db);
  const parts: (readonly string[])[] = [await countLines(db)];
  for (const site of directory.sites.values()) {
    parts.push(await packedLines(db, site), await storedLines(db, site), await hourLines(db, site));
  }
  const text = parts.flat().sort().join('\n');
  return { text, hash: sha256(text) };
}

async function packedLines(db: Db, site: DirectorySite): Promise<readonly string[]> {
  const id = site.registry.site.id;
  const lines: string[] = [];
  for (const device of site.devices.values()) {
    const names = new Map([...device.registers.values()].map((r) => [r.ordinal, r.name]));
    const rows = (table: 'bracket' | 'gauge') =>
      db.selectFrom(table).select(['day', 'payload']).where('device_key', '=', device.key).execute();
    for (const { day, payload } of await rows('bracket')) {
      for (const [ordinal, brackets] of decodeBrackets(day, payload)) {
        for (const { start, first, last } of brackets) {
          const stamps = [first, last].map((s) =>
            [s.at, s.value, s.rank, s.other?.value ?? '-', s.other?.rank ?? '-'].join('|'),
          );
          lines.push(`bracket|${id}|${device.id}|${names.get(ordinal)}|${start}|${stamps.join('|')}`);
        }
      }
    }
    for (const { day, payload } of await rows('gauge')) {
      for (const [ordinal, slots] of decodeGauges(day, payload)) {
        for (const s of slots)
          lines.push(
            `gauge|${id}|${device.id}|${names.get(ordinal)}|${s.start}|${s.min}|${s.max}|${s.lastAt}|${s.last}`,
          );
      }
    }
  }
  return lines;
}

async function storedLines(db: Db, site: DirectorySite): Promise<readonly string[]> {
  const id = site.registry.site.id;
  const counted = countedOf(site);
  const findings = await db.selectFrom('finding').selectAll().where('site', '=', id).execute();
  const evidence = await db.selectFrom('evidence').selectAll().where('site', '=', id).execute();
  const days = await db.selectFrom('usage_day').selectAll().where('site', '=', id).execute();
  const parties = await db.selectFrom('allocation_day').selectAll().where('site', '=', id).execute();
  const totals = await db.selectFrom('party_day').selectAll().where('site', '=', id).execute();
  return [
    ...findings.map(
      (f) =>
        `finding|${id}|${f.mounting}|${f.kind}|${f.from_at}|${f.to_at}|${f.from_value}|${f.to_value}|${f.explained ? 1 : 0}`,
    ),
    ...evidence.map((e) => `evidence|${id}|${e.mounting}|${e.first_at}|${e.first_value}|${e.last_at}|${e.last_value}`),
    ...days.map(
      (d) =>
        `day|${id}|${d.point}|${formatDay(d.day)}|${d.amount}|${d.measured}|${d.interpolated}|${d.manual}|${d.disputed}`,
    ),
    ...parties
      .filter((p) => counted.has(p.point))
      .map((p) => `party|${id}|${p.party}|${formatDay(p.day)}|${p.point}|${p.amount}`),
    ...totals.map((t) => `total|${id}|${t.party}|${t.carrier}|${formatDay(t.day)}|${t.amount}|${t.plain ? 1 : 0}`),
  ];
}

interface Hour {
  amount: number;
  measured: number;
  interpolated: number;
  disputed: number;
}

async function hourLines(db: Db, site: DirectorySite): Promise<readonly string[]> {
  const byPoint = new Map<string, Map<number, Hour>>();
  for (const register of site.registers.values()) {
    if (register.mountings.length === 0) continue;
    const brackets = await loadBrackets(db, placeOf(site, register), -Infinity, Infinity);
    for (const mounting of register.mountings) {
      const judged = judge(register, mounting, brackets, { slotMs: site.slotMs });
      const hours = byPoint.get(mounting.point) ?? new Map<number, Hour>();
      byPoint.set(mounting.point, hours);
      for (const s of slotUsages(judged, { from: -Infinity, to: Infinity }, site.slotMs)) {
        add(hours, Math.floor(s.from / site.slotMs) * site.slotMs, 1, {
          amount: s.amount,
          measured: 0,
          interpolated: 0,
          disputed: 0,
          [s.quality]: s.amount,
        });
      }
    }
  }
  for (const point of byDependence(site.registry.points.filter((p) => p.role === 'formula')))
    byPoint.set(point.id, formulaHours(point, byPoint));
  return [...byPoint].flatMap(([point, hours]) =>
    [...hours].map(
      ([start, h]) =>
        `hour|${site.registry.site.id}|${point}|${start}|${h.amount}|${h.measured}|${h.interpolated}|${h.disputed}`,
    ),
  );
}

function formulaHours(point: Point, byPoint: ReadonlyMap<string, ReadonlyMap<number, Hour>>): Map<number, Hour> {
  const hours = new Map<number, Hour>();
  for (const term of point.terms ?? [])
    for (const [start, hour] of byPoint.get(term.point) ?? []) add(hours, start, term.sign, hour);
  return hours;
}

function add(hours: Map<number, Hour>, start: number, sign: 1 | -1, more: Hour): void {
  const hour = hours.get(start) ?? { amount: 0, measured: 0, interpolated: 0, disputed: 0 };
  for (const key of ['amount', 'measured', 'interpolated', 'disputed'] as const) hour[key] += sign * more[key];
  hours.set(start, hour);
}

async function countLines(db: Db): Promise<readonly string[]> {
  const folded = await sql<{
    folded: string | number;
  }>`select coalesce(sum(folded), 0) as folded from log_offset`.execute(db);
  const refused = await sql<{ site: string; reason: string; count: number | string }>`
    select coalesce(site, '-') as site, reason, count(*) as count from quarantine group by 1, 2`.execute(db);
  const total = Number(folded.rows[0]?.folded ?? 0);
  return [
    ...(total > 0 ? [`count|-|folded|${total}`] : []),
    ...refused.rows.map((r) => `count|${r.site}|quarantined:${r.reason}|${Number(r.count)}`),
  ];
}
