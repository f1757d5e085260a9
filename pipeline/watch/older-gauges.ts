import { type Kysely, sql } from 'kysely';
import { type GaugeSlot, MINUTE } from '#domain';
import type { Clock } from '#platform';
import { decodeGauges } from '../books/codec.ts';
import { partOf } from '../books/packed.ts';
import type { Tables } from '../books/tables.ts';

export interface GaugePlace {
  readonly deviceKey: number;
  readonly ordinal: number;
}

/** The last slot of gauges that the newest rows do not have, as long as the books keep gauges. */
export type OlderGauges = (places: readonly GaugePlace[]) => Promise<ReadonlyMap<GaugePlace, GaugeSlot>>;

/** A gauge that was never read costs every row of its part: what was found is looked for again only after this. */
const KEPT_MS = 10 * MINUTE;
/** Rows of so many parts at a time, 90 of 2 KB each. */
const PARTS_AT_ONCE = 20;

export function olderGaugesIn(db: Kysely<Tables>, clock: Pick<Clock, 'now'>): OlderGauges {
  const known = new Map<string, { readonly slot: GaugeSlot | undefined; readonly until: number }>();
  return async (places) => {
    const now = clock.now();
    const unknown = places.filter((place) => (known.get(keyOf(place))?.until ?? now) <= now);
    const parts = [...Map.groupBy(unknown, partKeyOf).values()];
    for (let i = 0; i < parts.length; i += PARTS_AT_ONCE) {
      const some = parts.slice(i, i + PARTS_AT_ONCE).flat();
      const found = await search(db, some);
      for (const place of some) known.set(keyOf(place), { slot: found.get(keyOf(place)), until: now + KEPT_MS });
    }
    return new Map(
      places.flatMap((place) => {
        const slot = known.get(keyOf(place))?.slot;
        return slot ? [[place, slot] as const] : [];
      }),
    );
  };
}

const keyOf = ({ deviceKey, ordinal }: GaugePlace): string => `${deviceKey}/${ordinal}`;
const partKeyOf = ({ deviceKey, ordinal }: GaugePlace): string => `${deviceKey}/${partOf(ordinal)}`;

async function search(db: Kysely<Tables>, places: readonly GaugePlace[]): Promise<ReadonlyMap<string, GaugeSlot>> {
  const byPart = Map.groupBy(places, partKeyOf);
  const firsts = [...byPart.values()].flatMap(([first]) => first ?? []);
  const { rows } = await sql<{ device_key: number; day: number; part: number; payload: Buffer }>`
    select g.device_key, g.day, g.part, g.payload
    from unnest(${firsts.map((p) => p.deviceKey)}::int4[], ${firsts.map((p) => partOf(p.ordinal))}::int2[]) as p(key, part)
    join gauge g on g.device_key = p.key and g.part = p.part
    order by g.day desc`.execute(db);
  const found = new Map<string, GaugeSlot>();
  for (const { device_key, day, part, payload } of rows) {
    const wanted = byPart.get(`${device_key}/${part}`)?.filter((place) => !found.has(keyOf(place))) ?? [];
    if (wanted.length === 0) continue;
    const slots = decodeGauges(day, payload);
    for (const place of wanted) {
      const last = slots.get(place.ordinal)?.at(-1);
      if (last) found.set(keyOf(place), last);
    }
  }
  return found;
}
