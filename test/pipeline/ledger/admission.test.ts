import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, type FrameEntry, frameSchema, MAX_FRAME_BYTES, MINUTE } from '../../../pipeline/domain/index.ts';
import { admit, EARLIEST_MS, MAX_AHEAD_MS, parseFrame } from '../../../pipeline/ledger/admission.ts';
import { multirange, rangesOf } from '../../../pipeline/ledger/batch.ts';
import type { Directory, DirectoryRegister } from '../../../pipeline/ledger/directory.ts';

const good: Frame = {
  v: 1,
  src: '7f3a91c2',
  site: 'gz',
  device: 'dev-07',
  seq: 7,
  at: 1_767_225_600_000,
  r: [['e1', 5]],
};
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const entryArb = fc.oneof(
  fc.tuple(fc.constantFrom('e1', 'p1', '', 'x'.repeat(64), 'x'.repeat(65)), fc.oneof(fc.double(), fc.maxSafeInteger())),
  fc.tuple(fc.constant('e1'), fc.integer(), fc.constantFrom('g', 'u', 'gu', 'ug', 'uu', '', 'G', 7)),
  fc.tuple(fc.constant('e1'), fc.constantFrom('7', null, true)),
  fc.constantFrom([], ['e1'], ['e1', 1, 'g', 2], 'e1', null, { 0: 'e1', 1: 2, length: 2 }),
);
const whole = fc.oneof(
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -1, 1e12, 1e12 + 1, 2 ** 53, '7', null, -0),
);
/** Mostly a frame, with one field or another that may be anything. */
const frameArb = fc
  .record(
    {
      v: fc.constantFrom(2, '1', null, true),
      src: fc.constantFrom('7F3A91C2', '7f3a91c', '7f3a91c22', '', 5, 'ffffffff'),
      site: fc.constantFrom('gz-1.a_b', '', 'A', '-a', 'a'.repeat(63), 'a'.repeat(64), 1),
      device: fc.constantFrom('d', 'd/e', 'a\n', '0', null),
      seq: whole,
      at: whole,
      got: fc.oneof(whole, fc.constant(undefined)),
      r: fc.oneof(fc.array(entryArb, { maxLength: 4 }), fc.constantFrom({}, 'r', null)),
      more: fc.constant(1),
    },
    { requiredKeys: [] },
  )
  .chain((fields) => fc.subarray(Object.entries(fields)).map((some) => ({ ...good, ...Object.fromEntries(some) })));

const long = (n: number): unknown => ({ ...good, r: Array.from({ length: n }, () => ['e1', 1]) });

describe('parsing a frame', () => {
  it('takes exactly what the schema of frames takes', () => {
    let taken = 0;
    const same = (value: unknown): void => sameText(JSON.stringify(value) ?? '');
    const sameText = (text: string): void => {
      const known = frameSchema.safeParse(text === '' ? undefined : JSON.parse(text));
      const parsed = parseFrame(Buffer.from(text));
      expect(parsed.ok, `${text.slice(0, 300)} ${JSON.stringify(known.error?.issues ?? [])}`).toBe(known.success);
      expect(parsed).toEqual(
        known.success ? { ok: true, frame: known.data } : { ok: false, detail: parsed.ok ? '' : parsed.detail },
      );
      taken += known.success ? 1 : 0;
    };
    fc.assert(fc.property(frameArb, same), { numRuns: 3_000 });
    fc.assert(fc.property(fc.jsonValue(), same));
    for (const n of [0, 1, 512, 513]) same(long(n));
    // JSON can name numbers that no number holds
    for (const value of ['1e308', '1e400', '-1e400'])
      sameText(JSON.stringify(good).replace('["e1",5]', `["e1",${value}],["e2",1]`));
    for (const key of Object.keys(good)) same(Object.fromEntries(Object.entries(good).filter(([k]) => k !== key)));
    expect(taken).toBeGreaterThan(200);
  });

  it('refuses what is no UTF-8, no JSON or too long, and says so', () => {
    expect(parseFrame(Buffer.from([0x7b, 0xff, 0x7d]))).toMatchObject({ ok: false });
    expect(parseFrame(Buffer.from('{"v":1'))).toMatchObject({ ok: false });
    expect(parseFrame(Buffer.from('\ufeff' + JSON.stringify(good)))).toMatchObject({ ok: false });
    const padded = JSON.stringify(good).padEnd(MAX_FRAME_BYTES, ' ');
    expect(parseFrame(Buffer.from(padded))).toMatchObject({ ok: true });
    expect(parseFrame(Buffer.from(`${padded} `))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('bytes'),
    });
    expect(parseFrame(bytes({ ...good, colour: 1 }))).toEqual({ ok: false, detail: 'unknown key "colour"' });
  });
});

const register = (more: Partial<DirectoryRegister>): DirectoryRegister => ({
  name: 'e1',
  ordinal: 0,
  kind: 'counter',
  moduli: [],
  cuts: [],
  ...more,
});

function directoryOf(registers: readonly DirectoryRegister[]): Directory {
  const device = {
    site: 'gz',
    id: 'dev-07',
    key: 1,
    slotMs: 60 * MINUTE,
    registers: new Map(registers.map((r) => [r.name, r])),
  };
  const registry = {
    site: { id: 'gz', name: { zh: '', en: '' }, zone: 'UTC', slotMinutes: 60 as const },
    institutions: [],
    premises: [],
    devices: [],
    points: [],
    mountings: [],
  };
  const site = {
    registry,
    version: 1,
    slotMs: device.slotMs,
    events: [],
    devices: new Map([['dev-07', device]]),
    registers: new Map(),
  };
  return { edition: 1, sites: new Map([['gz', site]]), byKey: new Map([[1, device]]) };
}

const NOW = good.at + 1_000;

function verdict(entry: FrameEntry, more: Partial<Frame> = {}, reg: Partial<DirectoryRegister> = {}): string {
  const result = admit({ ...good, ...more }, entry, NOW, directoryOf([register(reg)]));
  return result.ok ? `taken, rank ${result.reading.rank}` : result.reason;
}

describe('admission', () => {
  it('names the first thing that is wrong', () => {
    expect(verdict(['e1', 5])).toBe('taken, rank 1');
    expect(verdict(['e1', 5, 'u'])).toBe('taken, rank 0');
    expect(verdict(['e1', 5], { site: 'elsewhere' })).toBe('unknown-site');
    expect(verdict(['e1', 5], { device: 'dev-08' })).toBe('unknown-device');
    expect(verdict(['e2', 5])).toBe('unknown-register');
    expect(verdict(['constructor', 5])).toBe('unknown-register');
    for (const value of [0.5, 2 ** 53, NaN, Infinity, -(2 ** 53)])
      expect(verdict(['e1', value])).toBe('not-an-integer');
    expect(verdict(['e1', -1])).toBe('beyond-face');
  });

  it('lets a clock run ten minutes ahead of the log, not a millisecond more', () => {
    expect(verdict(['e1', 5], { at: NOW + MAX_AHEAD_MS })).toBe('taken, rank 1');
    expect(verdict(['e1', 5], { at: NOW + MAX_AHEAD_MS + 1 })).toBe('future');
  });

  it('begins with the first mounting, or with 1990 where that is not dated', () => {
    expect(verdict(['e1', 5], { at: EARLIEST_MS })).toBe('taken, rank 1');
    expect(verdict(['e1', 5], { at: EARLIEST_MS - 1 })).toBe('before-mounting');
    expect(verdict(['e1', 5], { at: 0 })).toBe('before-mounting');
    expect(verdict(['e1', 5], { at: -Number.MAX_SAFE_INTEGER })).toBe('before-mounting');
    expect(verdict(['e1', 5], {}, { earliest: good.at })).toBe('taken, rank 1');
    expect(verdict(['e1', 5], {}, { earliest: good.at + 1 })).toBe('before-mounting');
  });

  it('takes no value beyond the face of the meter that stood there then; gauges have none', () => {
    const moduli = [
      { from: -Infinity, to: good.at, modulus: 100 },
      { from: good.at, to: Infinity, modulus: 1_000 },
    ];
    expect(verdict(['e1', 999], {}, { moduli, modulus: 100 })).toBe('taken, rank 1');
    expect(verdict(['e1', 1_000], {}, { moduli, modulus: 100 })).toBe('beyond-face');
    expect(verdict(['e1', 100], { at: good.at - 1 }, { moduli, modulus: 1_000 })).toBe('beyond-face');
    expect(verdict(['e1', 100], {}, { modulus: 100 })).toBe('beyond-face');
    expect(verdict(['e1', -500, 'g'], {}, { kind: 'gauge', modulus: 100 })).toBe('taken, rank 1');
  });
});

describe('sequence numbers', () => {
  it('become the fewest ranges that hold exactly them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (seqs) => {
        const ranges = rangesOf(seqs);
        const held = ranges.flatMap(([a, b]) => Array.from({ length: b - a }, (_, i) => a + i));
        expect(held).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
        for (const [i, [from]] of ranges.entries()) expect(from).toBeGreaterThan(ranges[i - 1]?.[1] ?? -1);
      }),
    );
    expect(multirange(rangesOf([3, 1, 2, 9]))).toBe('{[1,4),[9,10)}');
  });
});
