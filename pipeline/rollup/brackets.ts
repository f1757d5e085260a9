import type { Kysely } from 'kysely';
import { type Bracket, DAY, invariantError } from '#domain';
import { BRACKETS } from '../books/codec.ts';
import { decodeOne } from '../books/codec-day.ts';
import { partOf } from '../books/packed.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectoryRegister, DirectorySite } from '../ledger/directory.ts';
import type { EffectiveRegister } from '../ledger/effective.ts';

/** Where a register's brackets stand in the books. */
export interface BracketPlace {
  readonly deviceKey: number;
  readonly part: number;
  readonly ordinal: number;
}

export function placeOf(site: DirectorySite, register: Pick<EffectiveRegister, 'device' | 'register'>): BracketPlace {
  const device = site.devices.get(register.device);
  const known: DirectoryRegister | undefined = device?.registers.get(register.register);
  if (!device || !known)
    throw invariantError('REGISTER_UNBOOKED', `${register.device}/${register.register} has no place in the books`);
  return { deviceKey: device.key, part: partOf(known.ordinal), ordinal: known.ordinal };
}

/** The register's brackets of the UTC days that [from, to) touches, by start. */
export async function loadBrackets(
  db: Kysely<Tables>,
  place: BracketPlace,
  from: number,
  to: number,
): Promise<readonly Bracket[]> {
  let query = db
    .selectFrom('bracket')
    .select(['day', 'payload'])
    .where('device_key', '=', place.deviceKey)
    .where('part', '=', place.part);
  if (from > -Infinity) query = query.where('day', '>=', Math.floor(from / DAY));
  if (to < Infinity) query = query.where('day', '<=', Math.floor(to / DAY));
  const rows = await query.orderBy('day').execute();
  return rows.flatMap(({ day, payload }) => unpacked(place, day, payload));
}

/** The register's brackets of one packed row. */
export const unpacked = ({ ordinal }: BracketPlace, day: number, payload: Uint8Array): readonly Bracket[] =>
  decodeOne(BRACKETS, day, payload, ordinal);
