import { describe, expect, it } from 'vitest';
import { divide } from './allocation.ts';
import { dumpOf } from './oracle.ts';
import { faces, HOUR, input, institution, mounting, point, record, registry, T0 } from './site.ts';
import { localDate } from './calendar.ts';

const linesOf = (kind: string, world: Parameters<typeof dumpOf>[0]): string[] =>
  dumpOf(world).lines.filter((line) => line.startsWith(`${kind}|`));

describe('admission', () => {
  it('counts every reading of every record as folded or under its reason', () => {
    const records = [
      record(T0, [
        ['e', 1],
        ['g', -5, 'g'],
        ['x', 1],
      ]),
      record(T0, [
        ['e', 1.5],
        ['e', -1],
        ['e', 2 ** 53],
      ]),
      record(T0, [['e', 1]], { site: 'elsewhere' }),
      record(T0, [['e', 1]], { device: 'nobody' }),
      record(Date.UTC(1970, 0, 1), [
        ['e', 1],
        ['g', 1, 'g'],
      ]),
      { appendedAt: T0, value: record(T0 + 600_001, [['e', 1]]).value },
      { appendedAt: T0, value: record(T0 + 600_000, [['e', 1]]).value },
      { appendedAt: T0, value: 'poison' },
      { appendedAt: T0, value: `"${'x'.repeat(70_000)}"` },
      record(T0, [['e', 1]], { colour: 'red' }),
      record(T0, []),
    ];
    expect(linesOf('count', input(records))).toEqual([
      'count|-|quarantined:not-a-frame|3',
      'count|elsewhere|quarantined:unknown-site|1',
      'count|site|folded|3',
      'count|site|quarantined:before-mounting|2',
      'count|site|quarantined:beyond-face|1',
      'count|site|quarantined:future|1',
      'count|site|quarantined:not-an-integer|2',
      'count|site|quarantined:unknown-device|1',
      'count|site|quarantined:unknown-register|1',
    ]);
  });
});

describe('joining', () => {
  it('keeps the two best claims of an instant: rank first, then value', () => {
    const claims = [
      ['e', 5],
      ['e', 9, 'u'],
      ['e', 7],
      ['e', 7, 'u'],
      ['e', 3],
    ] as const;
    const world = input(claims.map((claim) => record(T0 + 60_000, [claim])));
    expect(linesOf('bracket', world)).toEqual([`bracket|site|d|e|${T0}|${T0 + 60_000}|7|1|5|1|${T0 + 60_000}|7|1|5|1`]);
    expect(linesOf('finding', world)).toEqual([`finding|site|p/s1|conflict|${T0 + 60_000}|${T0 + 60_000}|7|5|0`]);
  });

  it('gives a reading on a boundary to the slot that begins there', () => {
    const world = input(faces([0.5, 10], [1, 20]));
    expect(linesOf('bracket', world).map((line) => line.split('|')[4])).toEqual([`${T0}`, `${T0 + HOUR}`]);
    expect(linesOf('hour', world)).toEqual([`hour|site|p|${T0}|10|10|0|0`]);
  });

  it('keeps of a gauge the least, the greatest and the latest', () => {
    const at = (minute: number, value: number) => record(T0 + minute * 60_000, [['g', value, 'g']]);
    expect(linesOf('gauge', input([at(5, 7), at(1, 9), at(3, -2), at(5, 8)]))).toEqual([
      `gauge|site|d|g|${T0}|-2|9|${T0 + 300_000}|8`,
    ]);
  });
});

describe('days and parties', () => {
  it('knows the local day, also where the clock changes', () => {
    expect(localDate('Asia/Shanghai', Date.UTC(2026, 0, 4, 16))).toBe('2026-01-05');
    expect(localDate('Europe/London', Date.UTC(2026, 2, 29, 22, 59))).toBe('2026-03-29');
    expect(localDate('Europe/London', Date.UTC(2026, 2, 29, 23))).toBe('2026-03-30');
  });

  it('divides to the unit, remainders by size and then by name', () => {
    const third = { num: 1n, den: 3n };
    const shares = [
      ['b', third],
      ['a', third],
      ['c', third],
    ] as const;
    expect(divide(100n, shares)).toEqual(
      new Map([
        ['a', 34n],
        ['b', 33n],
        ['c', 33n],
        ['unallocated', 0n],
      ]),
    );
    expect(divide(-100n, shares).get('a')).toBe(-34n);
    expect(divide(7n, [['a', { num: 1n, den: 2n }]])).toEqual(
      new Map([
        ['a', 4n],
        ['unallocated', 3n],
      ]),
    );
    expect(divide(7n, [])).toEqual(new Map([['unallocated', 7n]]));
  });

  it('allocates by headcount, area and sub-meter, and an export negatively', () => {
    const institutions = [institution('i1', 1, 0), institution('i2', 2, 0)];
    const among = ['i1', 'i2'];
    const points = [
      point('p', { allocations: [{ from: 0, value: { basis: 'headcount', among } }] }),
      point('q', { role: 'export', allocations: [{ from: 0, value: { basis: 'headcount', among, of: 6 } }] }),
      point('f', {
        role: 'formula',
        terms: [
          { point: 'p', sign: 1 },
          { point: 'q', sign: -1 },
        ],
      }),
      point('s', { allocations: [{ from: 0, value: { basis: 'area', among } }] }),
    ];
    const mountings = points
      .map(({ id }) => mounting({ id: `${id}/1`, point: id }))
      .filter(({ point: id }) => id !== 'f');
    const world = input(faces([0, 0], [1, 100]), { registry: registry({ institutions, points, mountings }) });
    expect(linesOf('party', world)).toEqual([
      'party|site|i1|2026-01-05|p|33',
      'party|site|i1|2026-01-05|q|-17',
      'party|site|i2|2026-01-05|p|67',
      'party|site|i2|2026-01-05|q|-33',
      'party|site|unallocated|2026-01-05|q|-50',
      'party|site|unallocated|2026-01-05|s|100',
    ]);
    expect(linesOf('total', world)).toEqual([
      'total|site|i1|electricity|2026-01-05|16|1',
      'total|site|i2|electricity|2026-01-05|34|1',
      'total|site|unallocated|electricity|2026-01-05|50|1',
    ]);
    expect(linesOf('day', world)).toContain('day|site|f|2026-01-05|0|0|0|0|0');
  });
});
