import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, dayStart, HOUR, MINUTE, zoneOf } from '../../../pipeline/domain/index.ts';
import type { EffectiveMounting, EffectiveRegister } from '../../../pipeline/ledger/effective.ts';
import { bracketOf } from '../../../pipeline/ledger/join.ts';
import { judge, type Judged } from '../../../pipeline/ledger/judge.ts';
import { usageOf } from '../../../pipeline/ledger/volume.ts';
import { dayUsages } from '../../../pipeline/rollup/days.ts';

const ONE = { num: 1, den: 1 };
const mounting: EffectiveMounting = {
  id: 'p/s',
  point: 'p',
  serial: 's',
  device: 'd',
  register: 'e',
  multiplier: ONE,
  scale: ONE,
  ratios: [{ from: -Infinity, ratio: ONE, event: null }],
  mountedBy: null,
  removedBy: null,
};
const register: EffectiveRegister = {
  device: 'd',
  register: 'e',
  mountings: [mounting],
  cuts: [],
  resets: [],
  excludes: [],
  admits: [],
};

/** A reading each slot, of a register that runs ever faster, so that no hour is like another. */
function running(from: number, to: number, slotMs: number): Judged {
  const count = Math.floor((to - from) / slotMs);
  const brackets = Array.from({ length: count }, (_, i) => bracketOf(from + i * slotMs, from + i * slotMs, i * i, 1));
  return judge(register, mounting, brackets, { slotMs });
}

/** Half an hour of summer time, half an hour apart for nine years, quarters, hours, and midnights that the clocks leave out. */
const ZONES = [
  'Australia/Lord_Howe',
  'America/Caracas',
  'Asia/Pyongyang',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Europe/London',
  'America/Asuncion',
  'Asia/Shanghai',
];

describe('days of a mounting', () => {
  it('are what the register used from midnight to midnight, in zones of any offset and wherever its readings begin and end', () => {
    const begin = fc.integer({ min: 0, max: 365 * 3 });
    const cases = fc.tuple(
      fc.constantFrom(...ZONES),
      fc.constantFrom(2007, 2015, 2023),
      begin,
      fc.constantFrom(30, 60),
    );
    fc.assert(
      fc.property(cases, fc.integer({ min: 2, max: 400 }), ([name, year, day, minutes], length) => {
        const [zone, slotMs] = [zoneOf(name), minutes * MINUTE];
        const from = Date.UTC(year, 0, 1) + day * DAY + 5 * HOUR;
        const judged = running(from, from + length * DAY, slotMs);
        for (const { day: local, amount } of dayUsages(judged, -Infinity, slotMs, zone))
          expect({ name, local, amount }).toEqual({
            name,
            local,
            amount: usageOf(judged, dayStart(local, zone), dayStart(local + 1, zone)),
          });
      }),
      { numRuns: 60 },
    );
  });

  it('are cut at the midnights of a season that begins and ends within its readings', () => {
    const zone = zoneOf('Australia/Lord_Howe');
    const judged = running(Date.UTC(2025, 0, 10), Date.UTC(2026, 0, 10), HOUR);
    const day = Date.UTC(2025, 6, 1) / DAY;
    expect(dayUsages(judged, -Infinity, HOUR, zone).find((row) => row.day === day)?.amount).toBe(
      usageOf(judged, dayStart(day, zone), dayStart(day + 1, zone)),
    );
  });
});
