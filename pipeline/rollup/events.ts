import type { Transaction } from 'kysely';
import {
  eventTime,
  formatRational,
  type MeterEvent,
  type MeterEventBody,
  NEEDS_SECOND_PERSON,
  ONE,
  type Registry,
  registerKey,
  requestError,
  slotStart,
} from '#domain';
import { markDirty } from '../books/dirty.ts';
import { toEvent } from '../books/meter-events.ts';
import type { Books } from '../books/index.ts';
import { lockRegistries, raiseRegistryEdition } from '../books/registry.ts';
import type { Tables } from '../books/tables.ts';
import { type DirectorySite, loadSiteOf } from '../ledger/directory.ts';
import { effectiveRegisters, type EffectiveRegister, holdsAt } from '../ledger/effective.ts';
import type { Claim } from '../service.ts';

type Tx = Transaction<Tables>;

/** Ids are int4. */
const LARGEST_ID = 2 ** 31 - 1;

export type NewEvent = Claim & { readonly supersedes?: number | undefined };

/** Records an event for ever. One that needs a second person stays proposed. Throws EVENT_INVALID, EVENT_UNKNOWN. */
export async function recordEvent(
  books: Books,
  siteId: string,
  body: MeterEventBody,
  claim: NewEvent,
  now: number,
): Promise<MeterEvent> {
  const state = NEEDS_SECOND_PERSON[body.kind] ? 'proposed' : 'active';
  return books.db.transaction().execute(async (tx) => {
    await lockRegistries(tx);
    const site = await loadSiteOf(tx, siteId);
    refuseInvalid(site.registry, registersWithout(site, claim.supersedes), body);
    const superseded = claim.supersedes === undefined ? undefined : await supersedable(tx, siteId, claim.supersedes);
    const row = await tx
      .insertInto('meter_event')
      .values({
        site: siteId,
        state,
        kind: body.kind,
        body: JSON.stringify(body),
        by_name: claim.by,
        reason: claim.reason,
        recorded_at: now,
        confirmed_by: null,
        confirmed_at: null,
        supersedes: claim.supersedes ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const event = toEvent(row);
    if (state === 'active') await activate(tx, site, event, superseded);
    return event;
  });
}

/** The second person. Throws EVENT_UNKNOWN, EVENT_SETTLED, SAME_PERSON, EVENT_INVALID. */
export async function confirmEvent(books: Books, id: number, by: string, now: number): Promise<MeterEvent> {
  return books.db.transaction().execute(async (tx) => {
    await lockRegistries(tx);
    const found = await eventRow(tx, id);
    if (!found)
      throw requestError('EVENT_UNKNOWN', `there is no event ${id}`, {
        place: String(id),
        cure: 'look at `event list`',
      });
    const site = await loadSiteOf(tx, found.site);
    if (found.state !== 'proposed')
      throw requestError('EVENT_SETTLED', `event ${id} is ${found.state}`, {
        place: String(id),
        cure: 'nothing to confirm',
      });
    if (found.by_name.trim().toLowerCase() === by.trim().toLowerCase()) {
      throw requestError('SAME_PERSON', `${by} proposed event ${id} and cannot confirm it`, {
        place: String(id),
        cure: 'let another person confirm it',
      });
    }
    // what was possible when it was proposed may not be any more
    refuseInvalid(site.registry, registersWithout(site, found.supersedes ?? undefined), toEvent(found).body);
    const row = await tx
      .updateTable('meter_event')
      .set({ state: 'active', confirmed_by: by, confirmed_at: now })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const event = toEvent(row);
    const superseded =
      event.supersedes === undefined ? undefined : await supersedable(tx, event.site, event.supersedes);
    await activate(tx, site, event, superseded);
    return event;
  });
}

const eventRow = async (tx: Tx, id: number) =>
  id > LARGEST_ID ? undefined : tx.selectFrom('meter_event').selectAll().where('id', '=', id).executeTakeFirst();

async function supersedable(tx: Tx, site: string, id: number): Promise<MeterEvent> {
  const row = await eventRow(tx, id);
  if (!row || row.site !== site || row.state === 'superseded')
    throw requestError('EVENT_UNKNOWN', `there is no event ${id} to supersede`, {
      place: String(id),
      cure: 'look at `event list`',
    });
  return toEvent(row);
}

/** Marks exactly the registers that the event touches, before it or after it; workers notice by the registry's version. */
async function activate(
  tx: Tx,
  site: DirectorySite,
  event: MeterEvent,
  superseded: MeterEvent | undefined,
): Promise<void> {
  if (superseded)
    await tx.updateTable('meter_event').set({ state: 'superseded' }).where('id', '=', superseded.id).execute();
  const events = [...site.events.filter((e) => e.id !== event.id && e.id !== superseded?.id), event];
  const after = effectiveRegisters(site.registry, events);
  const bodies = [event.body, ...(superseded ? [superseded.body] : [])];
  const marks = bodies.flatMap((body) =>
    [...touched(site.registers, body), ...touched(after, body)].map((r) => ({ register: r, body })),
  );
  // the version first: a worker's commit holds it still while it marks
  await tx
    .updateTable('site')
    .set((eb) => ({ registry_version: eb('registry_version', '+', 1) }))
    .where('id', '=', site.registry.site.id)
    .execute();
  await raiseRegistryEdition(tx);
  await markDirty(
    tx,
    marks.map(({ register, body }) => ({
      site: site.registry.site.id,
      device: register.device,
      register: register.register,
      // a cut brings to light readings of its slot from before it
      from: slotStart(eventTime(body), site.slotMs),
      rejoin: body.kind === 'replacement' || body.kind === 'reset' || body.kind === 'exclude',
    })),
  );
}

/** The registers whose books an event can change. A ratio or a replacement touches all meters of its point from then on. */
function touched(
  registers: ReadonlyMap<string, EffectiveRegister>,
  body: MeterEventBody,
): readonly EffectiveRegister[] {
  if (body.kind === 'replacement' || body.kind === 'multiplier') {
    const from = eventTime(body);
    return [...registers.values()].filter((r) =>
      r.mountings.some((m) => m.point === body.point && (m.removedAt ?? Infinity) >= from),
    );
  }
  return [...registers.values()].filter((r) => r.device === body.device && r.register === body.register);
}

/** What a correction is judged by: the meters as they stand without the event that it takes the place of. */
const registersWithout = (site: DirectorySite, superseded: number | undefined): DirectorySite['registers'] =>
  superseded === undefined
    ? site.registers
    : effectiveRegisters(
        site.registry,
        site.events.filter(({ id }) => id !== superseded),
      );

/** As in a site file. */
const GREATEST_MULTIPLIER = 1_000_000;

function refuseInvalid(registry: Registry, registers: DirectorySite['registers'], body: MeterEventBody): void {
  const refuse = (message: string, cure: string): never => {
    throw requestError('EVENT_INVALID', message, { cure, place: body.kind });
  };
  const counterOf = (key: string): EffectiveRegister =>
    registers.get(key) ??
    refuse(`there is no counter ${key}`, `counters: ${[...registers.keys()].slice(0, 12).join(', ')}`);
  if (body.kind === 'replacement' || body.kind === 'multiplier') {
    const mountings = [...registers.values()].flatMap((r) => r.mountings).filter((m) => m.point === body.point);
    if (mountings.length === 0)
      refuse(
        `there is no meter at a point "${body.point}"`,
        `points with meters: ${registry.points
          .map((p) => p.id)
          .slice(0, 12)
          .join(', ')}`,
      );
    const at = eventTime(body);
    const held = mountings.find((m) => holdsAt(m, at));
    if (!held)
      return refuse(`no meter is mounted at ${body.point} at that time`, 'choose a time between mounting and removal');
    const { num, den } = body.multiplier ?? ONE;
    if (num < den || num > GREATEST_MULTIPLIER * den)
      refuse(
        `the multiplier ${formatRational({ num, den })} is not between 1 and ${GREATEST_MULTIPLIER}`,
        'write CT × PT, such as 80 or 400/5',
      );
    if (body.kind === 'replacement' && mountings.some((m) => m.serial === body.serial)) {
      refuse(`a meter ${body.serial} stands at ${body.point} already`, 'give the serial number of the new meter');
    }
    if (body.kind === 'multiplier') return;
    const key = registerKey(body.device ?? held.device, body.register ?? held.register);
    const other = counterOf(key).mountings.find(
      (m) =>
        m.point !== body.point &&
        (m.mountedAt ?? -Infinity) < (held.removedAt ?? Infinity) &&
        (m.removedAt ?? Infinity) > at,
    );
    if (other)
      refuse(
        `${key} is read for the point "${other.point}" at that time`,
        'check device and register of the new meter',
      );
    return;
  }
  counterOf(registerKey(body.device, body.register));
  if (body.kind === 'exclude' && body.to <= body.from)
    refuse('the span ends before it begins', 'give an end after the start');
}
