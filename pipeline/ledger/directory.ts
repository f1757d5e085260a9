import { type Kysely, type Transaction } from 'kysely';
import { type MeterEvent, MINUTE, type Register, type Registry, registerKey, requestError } from '#domain';
import { loadEvents } from '../books/meter-events.ts';
import { holdRegistryEdition, loadRegistry, registryEdition } from '../books/registry.ts';
import type { Tables } from '../books/tables.ts';
import { type EffectiveRegister, effectiveRegisters } from './effective.ts';

/** All registries of the books with their events, keyed as frames name things. */
export interface Directory extends Admitting {
  readonly sites: ReadonlyMap<string, DirectorySite>;
  /** By the books' device key. */
  readonly byKey: ReadonlyMap<number, DirectoryDevice>;
}

/** What admission and joining need of the registries: a directory, or less. */
export interface Admitting {
  /** Of the registries when they were read (`registry_edition`): while it stands, none of them has changed. */
  readonly edition: number;
  readonly sites: ReadonlyMap<string, AdmittingSite>;
}

export type AdmittingSite = Pick<DirectorySite, 'version' | 'devices'>;

export interface DirectorySite {
  readonly registry: Registry;
  readonly version: number;
  readonly slotMs: number;
  readonly events: readonly MeterEvent[];
  readonly devices: ReadonlyMap<string, DirectoryDevice>;
  /** Counters by registerKey. */
  readonly registers: ReadonlyMap<string, EffectiveRegister>;
}

export interface DirectoryDevice {
  readonly site: string;
  readonly id: string;
  readonly key: number;
  readonly slotMs: number;
  readonly registers: ReadonlyMap<string, DirectoryRegister>;
}

export interface DirectoryRegister {
  readonly name: string;
  readonly ordinal: number;
  readonly kind: Register['kind'];
  readonly modulus?: number | undefined;
  /** Earliest mounting date. */
  readonly earliest?: number | undefined;
  readonly moduli: readonly { readonly from: number; readonly to: number; readonly modulus: number | undefined }[];
  readonly cuts: readonly number[];
}

type Db = Kysely<Tables>;

export const registryVersions = async (db: Db): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await db.selectFrom('site').select(['id', 'registry_version']).execute()).map((s) => [s.id, s.registry_version]),
  );

/**
 * Whether no registry of the books has changed since; holds them so until the transaction ends. Rows joined under another registry may stand in slots
 * that a cut has parted meanwhile.
 */
export const isCurrent = async (tx: Transaction<Tables>, edition: number): Promise<boolean> =>
  (await holdRegistryEdition(tx)) === edition;

export async function loadDirectory(db: Db): Promise<Directory> {
  const sites = new Map<string, DirectorySite>();
  const byKey = new Map<number, DirectoryDevice>();
  // the edition first: what changes during the read is seen by whoever asks for it
  const edition = await registryEdition(db);
  for (const [id, version] of await registryVersions(db)) {
    const site = await loadSite(db, id, version);
    if (!site) continue;
    sites.set(id, site);
    for (const device of site.devices.values()) byKey.set(device.key, device);
  }
  return { edition, sites, byKey };
}

/** One site alone. Throws SITE_UNKNOWN. */
export async function loadSiteOf(db: Db, id: string): Promise<DirectorySite> {
  // the version first: what changes during the read is seen by the next question
  const row = await db.selectFrom('site').select('registry_version').where('id', '=', id).executeTakeFirst();
  const site = row && (await loadSite(db, id, row.registry_version));
  if (site) return site;
  throw requestError('SITE_UNKNOWN', `there is no site "${id}" in the books`, {
    place: id,
    cure: 'apply its site file first',
  });
}

async function loadSite(db: Db, id: string, version: number): Promise<DirectorySite | undefined> {
  const registry = await loadRegistry(db, id);
  if (!registry) return undefined;
  const events = await loadEvents(db, id);
  const rows = await db
    .selectFrom('register')
    .innerJoin('device', 'device.key', 'register.device_key')
    .where('device.site', '=', id)
    .select([
      'device.key',
      'device.id as device',
      'register.name',
      'register.ordinal',
      'register.kind',
      'register.modulus',
    ])
    .execute();
  return siteOf(registry, version, events, rows);
}

/** A register as the books number it. */
export interface RegisterRow {
  /** The books' key of its device. */
  readonly key: number;
  readonly device: string;
  readonly name: string;
  readonly ordinal: number;
  readonly kind: string;
  readonly modulus: number | null;
}

/** A site of the directory from its parts. Pure. */
export function siteOf(
  registry: Registry,
  version: number,
  events: readonly MeterEvent[],
  rows: readonly RegisterRow[],
): DirectorySite {
  const registers = effectiveRegisters(registry, events);
  const slotMs = registry.site.slotMinutes * MINUTE;
  const devices = devicesOf(registry.site.id, slotMs, registers, rows);
  return { registry, version, slotMs, events, devices, registers };
}

export function devicesOf(
  site: string,
  slotMs: number,
  registers: DirectorySite['registers'],
  rows: readonly RegisterRow[],
): DirectorySite['devices'] {
  const devices = new Map<string, DirectoryDevice & { readonly registers: Map<string, DirectoryRegister> }>();
  for (const row of rows) {
    const device = devices.get(row.device) ?? { site, id: row.device, key: row.key, slotMs, registers: new Map() };
    devices.set(row.device, device);
    device.registers.set(row.name, directoryRegister(row, registers.get(registerKey(row.device, row.name))));
  }
  return devices;
}

function directoryRegister(row: RegisterRow, effective: EffectiveRegister | undefined): DirectoryRegister {
  const mountings = effective?.mountings ?? [];
  const dates = mountings.map((m) => m.mountedAt);
  const known = dates.filter((at) => at !== undefined);
  return {
    name: row.name,
    ordinal: row.ordinal,
    kind: row.kind === 'gauge' ? 'gauge' : 'counter',
    modulus: row.modulus ?? undefined,
    earliest: known.length > 0 && known.length === dates.length ? Math.min(...known) : undefined,
    moduli: mountings.map((m) => ({ from: m.mountedAt ?? -Infinity, to: m.removedAt ?? Infinity, modulus: m.modulus })),
    cuts: effective?.cuts ?? [],
  };
}
