import { DAY, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import type { OracleInput, RecordJson, RegistryJson } from '../../oracle/input.ts';
import type { Random } from '../../oracle/world/random.ts';

const named = (id: string) => ({ zh: id, en: id });

/** One long dense register that lies, falls silent and jumps now and then: where windows begin in the middle of a register. */
export function denseWorld(random: Random, site: string, days = 62): OracleInput {
  const start = Date.UTC(2026, 0, 20) + random.int(0, DAY);
  const interval = random.pick([15, 15, 30]) * MINUTE;
  const slotMinutes = random.pick([15, 30, 60, 60] as const);
  const rate = random.pick([400, 4_000]);
  const modulus = random.pick([undefined, 100_000, 2 ** 32]);
  const known = modulus === undefined ? {} : { modulus };
  const rated = random.chance(0.8) ? { maxRate: 2 * rate } : {};
  const mounted = random.chance(0.5) ? { mountedAt: start } : {};
  const one = { num: 1, den: 1 };
  const registry: RegistryJson = {
    site: {
      id: site,
      name: named(site),
      zone: random.pick(['Asia/Shanghai', 'Europe/London', 'Asia/Kolkata']),
      slotMinutes,
    },
    institutions: [{ id: 'a-court', name: named('a-court'), headcount: [{ from: 0, value: 3 }], area: [] }],
    premises: [],
    devices: [
      {
        id: 'dense',
        model: 'manual',
        intervalMs: interval,
        registers: [{ name: 'e', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: one, ...known }],
      },
    ],
    points: [
      {
        id: 'p-0',
        name: named('p-0'),
        carrier: 'electricity',
        role: 'main',
        allocations: [{ from: 0, value: { basis: 'headcount', among: ['a-court'], of: 7 } }],
      },
    ],
    mountings: [
      {
        id: 'p-0/s1',
        point: 'p-0',
        serial: 's1',
        device: 'dense',
        register: 'e',
        multiplier: random.pick([one, { num: 40, den: 1 }, { num: 3, den: 7 }]),
        scale: one,
        ...known,
        ...rated,
        ...mounted,
      },
    ],
  };
  return { registry, events: [], records: recordsOf(random, site, { start, interval, days, rate, modulus }) };
}

interface Course {
  readonly start: number;
  readonly interval: number;
  readonly days: number;
  readonly rate: number;
  readonly modulus: number | undefined;
}

function recordsOf(random: Random, site: string, { start, interval, days, rate, modulus }: Course): RecordJson[] {
  const face = modulus ?? 2 ** 40;
  let value = random.int(0, 90_000);
  let [wrong, lie, silentUntil] = [0, 0, 0];
  const records: RecordJson[] = [];
  const count = Math.floor((days * DAY) / interval);
  for (let i = 0; i < count; i++) {
    const at = start + i * interval;
    value = (value + Math.round((rate * interval * random.int(0, 1_000)) / HOUR / 1_000)) % face;
    if (random.chance(0.0001)) value = random.int(0, 90_000);
    if (random.chance(0.0006)) silentUntil = at + random.pick([1, 3, 8, 30, 140]) * HOUR;
    if (wrong === 0 && random.chance(0.003))
      [wrong, lie] = [random.pick([1, 1, 2, 3, 40]), random.pick([0, value, random.int(0, 90_000)])];
    if (at < silentUntil) continue;
    const shown = wrong > 0 && random.chance(0.9) ? lie : value;
    wrong = Math.max(0, wrong - 1);
    const frame = { v: 1, src: '0000abcd', site, device: 'dense', seq: i, at, r: [['e', shown]] };
    records.push({ appendedAt: at + 500, value: JSON.stringify(frame) });
  }
  return records;
}
