import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** How often the registries have changed; 0: there is none yet. */
export async function registryEdition(db: Kysely<Tables>): Promise<number> {
  const row = await db.selectFrom('registry_edition').select('number').executeTakeFirst();
  return row?.number ?? 0;
}

/** The same, held so until the transaction ends: whoever changes a registry waits. */
export async function holdRegistryEdition(tx: Kysely<Tables>): Promise<number> {
  const row = await tx.selectFrom('registry_edition').select('number').forShare().executeTakeFirst();
  return row?.number ?? 0;
}

/** Every change of a registry, or of an event that bears on admission, is told so: workers notice by it. Waits for the commits under way. */
export async function raiseRegistryEdition(tx: Kysely<Tables>): Promise<void> {
  await sql`insert into registry_edition as e (number) values (1) on conflict (id) do update set number = e.number + 1`.execute(
    tx,
  );
}

/** Of applications and events; the settlers' is another one. */
const LOCK = 0x63697672;

/** One change of a registry at a time: what it is judged by, and what it marks, is the registry that it changes. */
export async function lockRegistries(tx: Kysely<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
}
