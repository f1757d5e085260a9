import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, MAX_FRAME_BYTES } from '../../../pipeline/domain/index.ts';
import { parseFrame } from '../../../pipeline/ledger/admission.ts';
import { createScan, scanFrame } from '../../../pipeline/ledger/scan.ts';

const id = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
const entry = fc.oneof(
  fc.tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/), fc.integer({ min: -1e15 + 1, max: 1e15 - 1 })),
  fc.tuple(
    fc.constantFrom('e1', ' odd name! ', ''),
    fc.integer(),
    fc.constantFrom('g' as const, 'u' as const, 'gu' as const, 'ug' as const),
  ),
);
const frames: fc.Arbitrary<Frame> = fc
  .record(
    {
      v: fc.constant(1 as const),
      src: fc.stringMatching(/^[0-9a-f]{8}$/),
      site: id,
      device: id,
      seq: fc.oneof(fc.nat(), fc.constant(1e12)),
      at: fc.nat({ max: 2 ** 41 }),
      got: fc.integer(),
      r: fc.array(entry, { maxLength: 5 }),
    },
    { requiredKeys: ['v', 'src', 'site', 'device', 'seq', 'at', 'r'], noNullPrototype: true },
  )
  // as spools write them: keys in this order
  .map(({ v, src, site, device, seq, at, got, r }) =>
    got === undefined ? { v, src, site, device, seq, at, r } : { v, src, site, device, seq, at, got, r },
  );

const scan = createScan();

/** What was scanned, as the frame that it is; `got` is not kept. */
function scanned(bytes: Uint8Array): unknown {
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  const [site, device] = text(scan.nameFrom, scan.nameTo).split('","device":"');
  const r = Array.from({ length: scan.entries }, (_, i) => [
    text(scan.from[i] ?? 0, scan.to[i] ?? 0),
    scan.value[i],
    scan.uncertain[i] === 1,
  ]);
  return { src: scan.src.toString(16).padStart(8, '0'), site, device, seq: scan.seq, at: scan.at, r };
}

const parsedAlike = (frame: Frame): unknown => ({
  src: frame.src,
  site: frame.site,
  device: frame.device,
  seq: frame.seq,
  at: frame.at,
  r: frame.r.map(([name, value, flags]) => [name, value, flags?.includes('u') ?? false]),
});

function holds(bytes: Uint8Array): boolean {
  if (!scanFrame(bytes, scan)) return false;
  const found = scanned(bytes);
  const parsed = parseFrame(bytes);
  expect(parsed.ok ? parsedAlike(parsed.frame) : parsed, Buffer.from(bytes).toString('latin1')).toEqual(found);
  return true;
}

/** What may stand where something else stood. */
const bits = fc.constantFrom(
  '',
  ' ',
  '"',
  '\\',
  '\\u0041',
  'é',
  '\0',
  '-',
  '-0',
  '00',
  '1',
  '1.0',
  '1e3',
  '9'.repeat(16),
  '9'.repeat(15),
  ',',
  '[',
  ']',
  '{}',
  '],["e',
  '"g"',
  ',"u"',
  '"gu"',
  '"r":[',
  ',"got":5',
  '"v":1',
  'null',
  'true',
  'a'.repeat(64),
  'Z',
);

describe('scanning a frame', () => {
  it('takes every frame as spools write it, with the content that parsing gives', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(holds(Buffer.from(JSON.stringify(frame))), JSON.stringify(frame)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes nothing that parsing refuses or reads otherwise, whatever was done to the bytes', () => {
    let taken = 0;
    const edit = fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.oneof(bits, fc.string({ maxLength: 3, unit: 'binary' })));
    fc.assert(
      fc.property(frames, fc.array(edit, { minLength: 1, maxLength: 3 }), (frame, edits) => {
        let text = JSON.stringify(frame);
        for (const [where, cut, put] of edits) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + put + text.slice(at + cut);
        }
        taken += holds(Buffer.from(text)) ? 1 : 0;
      }),
      { numRuns: 20_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void holds(bytes)));
    fc.assert(fc.property(fc.jsonValue(), (value) => void holds(Buffer.from(JSON.stringify(value)))));
    expect(taken).toBeGreaterThan(200);
  });

  it('leaves to parsing what is too long, has too many entries or too great a number, or is cut', () => {
    const good = '{"v":1,"src":"7f3a91c2","site":"s","device":"d","seq":7,"at":5,"r":[["e1",5]]}';
    const many = (n: number): Buffer => Buffer.from(good.replace('["e1",5]', Array(n).fill('["e1",5]').join(',')));
    expect([holds(Buffer.from(good)), holds(many(512)), holds(many(513))]).toEqual([true, true, false]);
    const numbered = (seq: number): Buffer => Buffer.from(good.replace('"seq":7', `"seq":${seq}`));
    expect([holds(numbered(1e12)), holds(numbered(1e12 + 1))]).toEqual([true, false]);
    expect(holds(Buffer.from(good.replace('"e1"', `"${'e'.repeat(65)}"`)))).toBe(false);
    expect(holds(Buffer.from(`${good}${' '.repeat(MAX_FRAME_BYTES)}`))).toBe(false);
    for (let n = 0; n < good.length; n++) expect(holds(Buffer.from(good.slice(0, n)))).toBe(false);
  });
});
