import type { Kysely } from 'kysely';
import { type GatewayReport, MINUTE, type ReportAnswer } from '#domain';
import type { GatewaysAnswer } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import { loadSiteOf } from '../ledger/directory.ts';

type Db = Kysely<Tables>;

interface Gateway {
  readonly key: string;
  readonly site: string;
  readonly reportedAt: number;
  readonly report: GatewayReport;
}

/** Keeps what a gateway says of itself, and answers which registers the other side does not know. */
export async function takeReport(
  db: Db,
  key: { readonly id: string; readonly site: string },
  report: GatewayReport,
  now: number,
): Promise<Omit<ReportAnswer, 'at'>> {
  const row = { src: report.src, reported_at: now, report: JSON.stringify(report) };
  await db
    .insertInto('gateway')
    .values({ key: key.id, ...row })
    .onConflict((c) => c.column('key').doUpdateSet(row))
    .execute();
  const site = await comparison(db, key.site, await gatewaysWithKeys(db));
  return { unknownHere: [...site.unknown(report)], notRead: [...site.notRead] };
}

/**
 * All gateways that have reported and whose key is not revoked, for the status. `missing`: of the frames of each src, not here though
 * later ones are.
 */
export async function gatewaysOf(
  db: Db,
  missing: ReadonlyMap<string, number>,
  now: number,
  isoOf: (at: number) => string,
): Promise<GatewaysAnswer> {
  const gateways = await gatewaysWithKeys(db);
  const sites = [...new Set(gateways.map(({ site }) => site))];
  const compared = new Map(
    await Promise.all(sites.map(async (id) => [id, await comparison(db, id, gateways)] as const)),
  );
  return {
    gateways: gateways.map(({ key, site, reportedAt, report }) => ({
      key,
      site,
      src: report.src,
      reportedAt: isoOf(reportedAt),
      waiting: report.waiting.frames,
      missing: missing.get(report.src) ?? 0,
      draining: isDraining(missing.get(report.src) ?? 0, report.waiting.frames, now - reportedAt),
      oldestAt: report.waiting.oldestAt === null ? null : isoOf(report.waiting.oldestAt),
      notStored: report.notStored,
      clockSteps: report.clockSteps.map(({ at, byMs }) => ({ at: isoOf(at), byMs })),
      unknownHere: [...(compared.get(site)?.unknown(report) ?? [])],
    })),
    notRead: sites.flatMap((id) => (compared.get(id)?.notRead ?? []).map((name) => `${id}: ${name}`)),
  };
}

/** A gateway reports every five minutes: what it said holds for three of them. Longer means that nothing comes. */
const REPORT_HOLDS_MS = 15 * MINUTE;

/** Whether what is missing of a gateway waits there: it sends the newest first, then backwards. */
export const isDraining = (missing: number, waiting: number, reportAgeMs: number): boolean =>
  missing > 0 && missing <= waiting && reportAgeMs <= REPORT_HOLDS_MS;

async function gatewaysWithKeys(db: Db): Promise<readonly Gateway[]> {
  const rows = await db
    .selectFrom('gateway')
    .innerJoin('intake_key', 'intake_key.id', 'gateway.key')
    .select(['gateway.key', 'gateway.reported_at', 'gateway.report', 'intake_key.site'])
    .where('intake_key.revoked_at', 'is', null)
    .orderBy('intake_key.site')
    .orderBy('gateway.key')
    .execute();
  return rows.map(({ key, site, reported_at, report }) => ({ key, site, reportedAt: reported_at, report }));
}

interface Comparison {
  readonly unknown: (report: GatewayReport) => readonly string[];
  /** Registers of connected devices that no gateway of the site reads. */
  readonly notRead: readonly string[];
}

async function comparison(db: Db, id: string, gateways: readonly Gateway[]): Promise<Comparison> {
  const { registry } = await loadSiteOf(db, id);
  const current = registry.devices.filter(({ ended }) => ended === undefined);
  const known = new Set(current.flatMap(namesOf));
  const read = new Set(gateways.filter(({ site }) => site === id).flatMap(({ report }) => reportedNames(report)));
  const connected = current.filter(({ connection }) => connection !== undefined);
  return {
    unknown: (report) => reportedNames(report).filter((name) => !known.has(name)),
    notRead: connected.flatMap(namesOf).filter((name) => !read.has(name)),
  };
}

const namesOf = (device: { readonly id: string; readonly registers: readonly { readonly name: string }[] }): string[] =>
  device.registers.map(({ name }) => `${device.id}/${name}`);

const reportedNames = ({ devices }: GatewayReport): string[] =>
  Object.entries(devices).flatMap(([device, registers]) => registers.map((register) => `${device}/${register}`));
