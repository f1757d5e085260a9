import { type Kysely, sql } from 'kysely';
import { MINUTE } from '#domain';
import { inRuns } from '#platform';
import { loadEventsOf } from '../books/meter-events.ts';
import { loadMeters, registryEdition } from '../books/registry.ts';
import type { Tables } from '../books/tables.ts';
import {
  type Admitting,
  type AdmittingSite,
  type DirectoryDevice,
  type DirectoryRegister,
  devicesOf,
  registryVersions,
} from './directory.ts';
import { effectiveRegisters } from './effective.ts';

type Db = Kysely<Tables>;
type Registers = DirectoryDevice['registers'];

/** Sites whose kept form is read at once, and devices whose registry is. */
const [KEPT_AT_ONCE, DEVICES_AT_ONCE] = [1_000, 10_000];

/**
 * The registries for a worker: of `before` what has no new version, then what is kept in this version; the rest is read, and kept for whoever starts
 * next. Devices with equal registers share them, so that a device costs some 200 bytes.
 */
export async function loadAdmitting(db: Db, before?: Admitting): Promise<Admitting> {
  const sites = new Map<string, AdmittingSite>();
  const shared = new Map<string, Registers>();
  // the edition first: what changes during the read is seen by the next question
  const edition = await registryEdition(db);
  const versions = await registryVersions(db);
  for (const [id, version] of versions) {
    const held = before?.sites.get(id);
    if (held?.version === version) sites.set(id, held);
  }
  const missing = (): readonly string[] => [...versions.keys()].filter((id) => !sites.has(id)).toSorted();
  for (const ids of inRuns(missing(), KEPT_AT_ONCE, () => 1))
    for (const [id, site] of await readKept(db, ids, shared))
      if (site.version === versions.get(id)) sites.set(id, site);
  const sizes = await devicesIn(db, missing());
  for (const ids of inRuns(missing(), DEVICES_AT_ONCE, (id) => sizes.get(id) ?? 0)) {
    const read = await readRegistries(db, ids, shared);
    await keep(db, read);
    for (const [id, site] of read) sites.set(id, site);
  }
  return { edition, sites };
}

async function devicesIn(db: Db, sites: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (sites.length === 0) return new Map();
  const { rows } = await sql<{ site: string; devices: number }>`
    select site, count(*) as devices from device where site = any(${sites}) group by site`.execute(db);
  return new Map(rows.map(({ site, devices }) => [site, devices]));
}

async function readRegistries(
  db: Db,
  ids: readonly string[],
  shared: Map<string, Registers>,
): Promise<ReadonlyMap<string, AdmittingSite>> {
  const sites = new Map<string, AdmittingSite>();
  const meters = await loadMeters(db, ids);
  const events = await loadEventsOf(db, ids);
  for (const [id, { version, slotMinutes, devices, mountings }] of meters) {
    const registers = effectiveRegisters({ devices, mountings }, events.get(id) ?? []);
    const rows = devices.flatMap((device) =>
      device.registers.map((r) => ({ ...r, key: device.key, device: device.id, modulus: r.modulus ?? null })),
    );
    const made = devicesOf(id, slotMinutes * MINUTE, registers, rows);
    const sharing = new Map(
      [...made].map(([name, device]) => [name, { ...device, registers: sharedAs(shared, textOf(device.registers)) }]),
    );
    sites.set(id, { version, devices: sharing });
  }
  return sites;
}

/**
 * Of what is kept in `content`. Raise it with every change of what comes out for a registry that stands as it was: in the books of others it is kept
 * as it came out before.
 */
const FORMAT = 1;

/** A site's devices by columns; `shapes` are their registers, each as text. */
interface Content {
  readonly slotMs: number;
  readonly ids: readonly string[];
  readonly keys: readonly number[];
  readonly shapes: readonly string[];
  /** Positions in `shapes`. */
  readonly shapeOf: readonly number[];
}

/** ±Infinity, which JSON knows not, stands in `from` and `to` alone. */
const textOf = (registers: Registers): string =>
  JSON.stringify([...registers.values()], (key, value: unknown) =>
    key === 'from' || key === 'to' ? String(value) : value,
  );

function sharedAs(shared: Map<string, Registers>, text: string): Registers {
  const known = shared.get(text);
  if (known) return known;
  const list = JSON.parse(text, (key, value: unknown) =>
    key === 'from' || key === 'to' ? Number(value) : value,
  ) as readonly DirectoryRegister[]; // textOf wrote it
  const registers: Registers = new Map(list.map((register) => [register.name, register]));
  shared.set(text, registers);
  return registers;
}

async function readKept(
  db: Db,
  ids: readonly string[],
  shared: Map<string, Registers>,
): Promise<ReadonlyMap<string, AdmittingSite>> {
  const { rows } = await sql<{ site: string; version: number; content: string }>`
    select site, version, content from admitting_site where format = ${FORMAT} and site = any(${ids})`.execute(db);
  return new Map(
    rows.map(({ site, version, content }) => {
      const { slotMs, keys, shapes, shapeOf, ids: names } = JSON.parse(content) as Content; // ours, in this format
      const registers = shapes.map((text) => sharedAs(shared, text));
      const devices = names.map((id, i): [string, DirectoryDevice] => [
        id,
        { site, id, key: keys[i] ?? 0, slotMs, registers: registers[shapeOf[i] ?? 0] ?? new Map() },
      ]);
      return [site, { version, devices: new Map(devices) }];
    }),
  );
}

function contentOf({ devices }: AdmittingSite): Content {
  const list = [...devices.values()];
  const shapes = new Map<Registers, number>();
  for (const { registers } of list) if (!shapes.has(registers)) shapes.set(registers, shapes.size);
  return {
    slotMs: list[0]?.slotMs ?? 0,
    ids: list.map((device) => device.id),
    keys: list.map((device) => device.key),
    shapes: [...shapes.keys()].map(textOf),
    shapeOf: list.map((device) => shapes.get(device.registers) ?? 0),
  };
}

/** The version is read before the registry is: what is kept under a version that is still the site's is what stands there. */
async function keep(db: Db, sites: ReadonlyMap<string, AdmittingSite>): Promise<void> {
  if (sites.size === 0) return;
  await db
    .insertInto('admitting_site')
    .values(
      [...sites]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([site, known]) => ({
          site,
          format: FORMAT,
          version: known.version,
          content: JSON.stringify(contentOf(known)),
        })),
    )
    .onConflict((c) =>
      c.column('site').doUpdateSet((eb) => ({
        format: eb.ref('excluded.format'),
        version: eb.ref('excluded.version'),
        content: eb.ref('excluded.content'),
      })),
    )
    .execute();
}
