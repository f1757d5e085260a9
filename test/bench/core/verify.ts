import type { Books } from '../../../pipeline/books/index.ts';
import { HOUR, localDay, slotStart, zoneOf } from '../../../pipeline/domain/index.ts';
import { foldSources } from '../../../pipeline/ledger/sources.ts';
import type { Correctness } from '../form.ts';
import {
  deviceId,
  type Fleet,
  type Mischief,
  pointId,
  readingsOf,
  registerHoursOf,
  REGISTERS,
  registerName,
  valueOf,
} from './fleet.ts';

/** What is to stand in the books of one register and hour. */
interface Hour {
  readonly firstAt: number;
  readonly first: number;
  readonly lastAt: number;
  readonly last: number;
}

/** `hour`: its start, epoch ms. */
function hourOf({ seed, begin, intervalMs, steps }: Fleet, device: number, register: number, hour: number): Hour {
  const from = Math.max(0, Math.ceil((hour - begin) / intervalMs));
  const to = Math.min(steps, Math.ceil((hour + HOUR - begin) / intervalMs)) - 1;
  return {
    firstAt: begin + from * intervalMs,
    first: valueOf(seed, device, register, from),
    lastAt: begin + to * intervalMs,
    last: valueOf(seed, device, register, to),
  };
}

interface Unpacked {
  readonly device: string;
  readonly register: string;
  readonly start: number;
  readonly first_at: number;
  readonly first_value: number;
  readonly last_at: number;
  readonly last_value: number;
}

/** Devices whose brackets are looked at: all, or where there are more, so many spread over all. The counters are of all. */
const LOOKED_AT = 20_000;
/** Devices per question: their brackets are unpacked by the functions of the database, which share nothing with the codec. */
const CHUNK = 100;

/**
 * Holds the books against what was sent, computed anew: each register and hour its first and last reading (so that sums per register and hour
 * are equal as well), nothing more and nothing less; the counters of the log; days of points where `settled`.
 */
export async function verifyBooks(
  books: Books,
  fleet: Fleet,
  told: Mischief,
  settled: boolean,
  say: (line: string) => void,
  what: 'all' | 'brackets' = 'all',
): Promise<Correctness> {
  const found = { lost: 0, invented: 0, doubled: 0, differing: 0 };
  let [bookedSum, sentSum] = [0, 0];
  const lastAt = fleet.begin + (fleet.steps - 1) * fleet.intervalMs;
  const every = Math.ceil(fleet.devices / LOOKED_AT);
  const looked = Math.ceil(fleet.devices / every);
  for (let at = 0; at < looked; at += CHUNK) {
    const devices = Array.from({ length: Math.min(CHUNK, looked - at) }, (_, i) => (at + i) * every);
    const booked = new Map<string, Unpacked>();
    const { rows } = await books.pool.query<Unpacked>(
      `select d.id as device, r.name as register, u.start_at as start, u.first_at, u.first_value, u.last_at, u.last_value
       from bracket b join device d on d.key = b.device_key cross join lateral civicmeter_unpack(b.payload, b.day) u
       join register r on r.device_key = b.device_key and r.ordinal = u.ordinal where d.id = any($1)`,
      [devices.map(deviceId)],
    );
    for (const row of rows) {
      const key = `${row.device}/${row.register}/${row.start}`;
      if (booked.has(key)) found.doubled += 1;
      booked.set(key, row);
    }
    for (const device of devices) {
      for (let register = 0; register < REGISTERS; register++) {
        for (let hour = slotStart(fleet.begin, HOUR); hour <= lastAt; hour += HOUR) {
          const wanted = hourOf(fleet, device, register, hour);
          const key = `${deviceId(device)}/${registerName(register)}/${hour}`;
          const row = booked.get(key);
          booked.delete(key);
          sentSum += wanted.last - wanted.first;
          if (!row) {
            found.lost += 1;
            continue;
          }
          bookedSum += row.last_value - row.first_value;
          const same =
            row.first_at === wanted.firstAt &&
            row.first_value === wanted.first &&
            row.last_at === wanted.lastAt &&
            row.last_value === wanted.last;
          if (!same) found.differing += 1;
        }
      }
    }
    found.invented += booked.size;
  }
  if (bookedSum !== sentSum) found.differing += 1;
  if (what === 'all') await verifyCounts(books, fleet, told, found);
  if (settled) found.differing += await differingDays(books, fleet);
  say(
    `checked ${registerHoursOf({ ...fleet, devices: looked })} of ${registerHoursOf(fleet)} register-hours, sum ${bookedSum} of ${sentSum}`,
  );
  return found;
}

/** Readings in records = folded + quarantined, to the unit; what was to be refused is in quarantine; no frame is missing. */
async function verifyCounts(
  books: Books,
  fleet: Fleet,
  told: Mischief,
  found: { lost: number; doubled: number; invented: number; differing: number },
): Promise<void> {
  const one = async (text: string): Promise<Readonly<Record<string, number>>> =>
    (await books.pool.query<Record<string, number>>(text)).rows[0] ?? {};
  const counts = await one(
    `select sum(folded)::int8 as folded, sum(quarantined)::int8 as quarantined, sum(readings)::int8 as readings from log_offset`,
  );
  const kept = await one(
    `select count(*) filter (where reason = 'not-a-frame') as poison, count(*) filter (where reason = 'unknown-register') as unknown, count(*) as "all" from quarantine`,
  );
  const folded = readingsOf(fleet) + (told.twice + told.unknown) * REGISTERS;
  const off = (counts['folded'] ?? 0) - folded;
  if (off > 0) found.doubled += off;
  else found.lost -= off;
  const refused = told.poison + told.unknown;
  if (counts['quarantined'] !== refused || kept['all'] !== refused || kept['poison'] !== told.poison)
    found.differing += 1;
  if (counts['readings'] !== folded + refused) found.differing += 1;
  await foldSources(books.db);
  const { seen = 0, repeated = 0 } = await one(
    `select coalesce(sum((select sum(upper(r) - lower(r)) from unnest(seqs) r)), 0)::int8 as seen, coalesce(sum(repeated), 0)::int8 as repeated from log_source`,
  );
  if (seen !== fleet.devices * fleet.steps + told.unknown) found.lost += 1;
  if (repeated !== told.twice) found.doubled += 1;
}

/** Points whose days are not what the meter shows at its midnights. */
async function differingDays(books: Books, fleet: Fleet): Promise<number> {
  const { rows } = await books.pool.query<{ point: string; day: number; amount: number }>(
    'select point, day, amount from usage_day',
  );
  const booked = new Map(rows.map((r) => [`${r.point} ${r.day}`, r.amount]));
  const zone = zoneOf('Asia/Shanghai');
  const last = fleet.steps - 1;
  // readings stand on both local midnights that can lie within
  const midnights = Array.from({ length: fleet.steps }, (_, step) => step).filter(
    (step) => step > 0 && (fleet.begin + step * fleet.intervalMs - 16 * HOUR) % (24 * HOUR) === 0,
  );
  const edges = [0, ...midnights, last];
  let differing = 0;
  for (let device = 0; device < fleet.devices; device++) {
    for (let register = 0; register < REGISTERS; register++) {
      edges.slice(1).forEach((to, i) => {
        const from = edges[i] ?? 0;
        const day = localDay(fleet.begin + from * fleet.intervalMs, zone);
        const key = `${pointId(device, registerName(register))} ${day}`;
        const wanted = valueOf(fleet.seed, device, register, to) - valueOf(fleet.seed, device, register, from);
        if (booked.get(key) !== wanted) differing += 1;
        booked.delete(key);
      });
    }
  }
  return differing + booked.size;
}
