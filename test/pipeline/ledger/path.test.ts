import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import { cheapestPath } from '../../../pipeline/ledger/path.ts';
import { isWrap, step } from '../../../pipeline/ledger/step.ts';
import { randomOf } from '../../oracle/world/random.ts';
import { type Believed, believedOf, faultyRegister, randomRegister, type RandomRegister } from './registers.ts';

/** The rule as it was agreed, kept beside the checkout; not part of it. */
const REFERENCE = fileURLToPath(new URL('../../../../shared/design/path.py', import.meta.url));

const DRIVER = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)
for line in sys.stdin:
    given = json.loads(line)
    rule = given["rule"]
    register = reference.Register(rule.get("maxRate"), rule.get("modulus"), rule.get("backlash"))
    s = given["readings"]
    chain, breaks, outliers, pending = reference.path(register, s)
    advance = sum(register.step(s[a], s[b]) or 0 for a, b in zip(chain, chain[1:]))
    print(json.dumps({"advance": advance, "believed": chain, "breaks": breaks, "outliers": outliers, "pending": pending}))
`;

function referenceOf(registers: readonly RandomRegister[]): readonly Believed[] {
  const { stdout, stderr, status } = spawnSync('python3', ['-B', '-c', DRIVER, REFERENCE], {
    input: registers.map((r) => JSON.stringify(r)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  // the driver above prints nothing else
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Believed);
}

const missing = !existsSync(REFERENCE)
  ? `no reference at ${REFERENCE}`
  : spawnSync('python3', ['--version']).status === 0
    ? undefined
    : 'no python3';

describe('the path against its reference', () => {
  it('believes the same readings of 10,000 random registers', { timeout: 120_000 }, (context) => {
    context.skip(missing !== undefined, `not compared: ${missing}`);
    const random = randomOf(20_261_124);
    const registers = Array.from({ length: 10_000 }, () => randomRegister(random));
    const wanted = referenceOf(registers);
    expect(wanted).toHaveLength(registers.length);
    for (const [i, register] of registers.entries()) {
      const want = wanted[i];
      const got = believedOf(register);
      // sums beyond 2^53 are no quantity of the ledger
      const advance = Number.isSafeInteger(want?.advance) ? got.advance : want?.advance;
      expect({ ...got, advance }, `register ${i}: ${JSON.stringify(register.rule)}`).toEqual(want);
    }
    const seen = wanted.filter((w) => w.breaks.length > 0).length;
    expect(seen).toBeGreaterThan(500);
    expect(wanted.filter((w) => w.pending.length > 0).length).toBeGreaterThan(500);
    expect(wanted.filter((w) => w.outliers.length > 0).length).toBeGreaterThan(2_000);
  });
});

describe('wrong readings', () => {
  it('up to five runs of up to three wrong readings leave the true total, without a break', () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const register = faultyRegister(randomOf(seed));
      const { advance, breaks } = believedOf(register);
      expect({ seed, advance, breaks }).toEqual({ seed, advance: register.truth, breaks: [] });
    }
  });

  it('the same holds without a rating for what an unrated register can know: readings that fall', () => {
    const readings = [100, 110, 5, 120, 0, 0, 130, 140, 150].map((v, i) => [i * HOUR, v] as const);
    expect(believedOf({ rule: {}, readings })).toMatchObject({ advance: 50, breaks: [], outliers: [2, 4, 5] });
  });

  it('a persistent jump, up or down, is a break that books nothing', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const interval = random.pick([15 * MINUTE, HOUR, DAY]);
      const per = Math.floor((1_000 * interval) / HOUR);
      const [before, after] = [random.int(35, 90), random.int(35, 90)];
      const jump = random.pick([1, -1]) * per * random.int(40, 90) * 10;
      const level = per * 1_000;
      const readings = Array.from(
        { length: before + after },
        (_, i) => [i * interval, level + i * Math.floor(per / 2) + (i >= before ? jump : 0)] as const,
      );
      const { advance, breaks, outliers, pending } = believedOf({ rule: { maxRate: 1_000 }, readings });
      expect({ seed, advance, breaks, outliers, pending }).toEqual({
        seed,
        advance: (before + after - 2) * Math.floor(per / 2),
        breaks: [[before - 1, before]],
        outliers: [],
        pending: [],
      });
    }
  });

  it('three days of one and the same lie are a break, which is loud and books nothing', () => {
    const readings = Array.from({ length: 90 }, (_, i) => [i * DAY, i >= 50 && i < 53 ? 0 : 9_000 + i * 100] as const);
    const { breaks, advance } = believedOf({ rule: { maxRate: 10 }, readings });
    expect(breaks).toEqual([
      [49, 50],
      [52, 53],
    ]);
    expect(advance).toBe(4_900 + 3_600);
  });

  it('a jump at the very end is pending until later readings decide', () => {
    const readings = Array.from({ length: 40 }, (_, i) => [i * HOUR, i * 10] as const);
    const jumped = [...readings, [40 * HOUR, 900_000] as const, [41 * HOUR, 900_010] as const];
    expect(believedOf({ rule: { maxRate: 100 }, readings: jumped })).toMatchObject({ pending: [40, 41], breaks: [] });
  });
});

describe('a path that begins in the middle', () => {
  it('anchored at 31 readings that follow one another, it believes what the whole register believes', () => {
    let compared = 0;
    for (let seed = 1; seed <= 3_000; seed++) {
      const random = randomOf(seed);
      const { rule, readings } = random.chance(0.5) ? faultyRegister(random) : randomRegister(random);
      const whole = believedOf({ rule, readings });
      const start = settledRun(whole, 36);
      if (start === undefined) continue;
      compared += 1;
      const rest = readings.slice(start);
      const path = cheapestPath(
        rule,
        {
          length: rest.length,
          at: Float64Array.from(rest, ([at]) => at),
          value: Float64Array.from(rest, ([, v]) => v),
        },
        true,
      );
      expect([...path.believed].map((i) => i + start)).toEqual(whole.believed.filter((i) => i >= start));
      expect(path.pending.map((i) => i + start)).toEqual(whole.pending);
    }
    expect(compared).toBeGreaterThan(1_000);
  });
});

/** Where the first `length` believed readings in a row, without a break, begin. */
function settledRun({ believed, breaks }: Believed, length: number): number | undefined {
  const broken = new Set(breaks.map(([, b]) => b));
  let run = 0;
  for (const [k, i] of believed.entries()) {
    run = believed[k - 1] === i - 1 && !broken.has(i) ? run + 1 : 1;
    if (run === length) return i - length + 1;
  }
  return undefined;
}

describe('step', () => {
  it('a rated register advances by at most 1.2 times its rating, to the unit', () => {
    const rule = { maxRate: 1_000 };
    expect(step(rule, 0, 0, HOUR, 1_200)).toBe(1_200);
    expect(step(rule, 0, 0, HOUR, 1_201)).toBeNaN();
    expect(step(rule, 0, 0, 1, 20)).toBe(20);
    expect(step(rule, 0, 0, 1, 21)).toBeNaN();
  });

  it('the cap is exact near 2^53', () => {
    const maxRate = 2 ** 52;
    const cap = Number((12n * BigInt(maxRate)) / 10n);
    expect(step({ maxRate }, 0, 0, HOUR, cap)).toBe(cap);
    expect(step({ maxRate }, 0, 0, HOUR, cap + 1)).toBeNaN();
  });

  it('999,984 to 20 on a face of six digits is 36, rated or not', () => {
    expect(step({ modulus: 1_000_000, maxRate: 3_125 }, 0, 999_984, HOUR, 20)).toBe(36);
    expect(step({ modulus: 1_000_000 }, 0, 999_984, HOUR, 20)).toBe(36);
    expect(isWrap({ modulus: 1_000_000, maxRate: 3_125 }, 999_984, 20)).toBe(true);
  });

  it('a small step back is signed flow, one beyond the backlash is none', () => {
    expect(step({ maxRate: 600 }, 0, 100, HOUR, 90)).toBe(-10);
    expect(step({ maxRate: 600 }, 0, 100, HOUR, 89)).toBeNaN();
    expect(step({ maxRate: 600, backlash: 0 }, 0, 100, HOUR, 99)).toBeNaN();
    expect(step({ maxRate: 600, backlash: 50 }, 0, 100, HOUR, 50)).toBe(-50);
  });

  it('no wrap where the face could have turned more than once', () => {
    expect(step({ modulus: 1_000, maxRate: 1_000 }, 0, 990, HOUR, 10)).toBeNaN();
    expect(step({ modulus: 2_400, maxRate: 1_000 }, 0, 2_390, HOUR, 10)).toBeNaN();
    expect(step({ modulus: 2_401, maxRate: 1_000 }, 0, 2_391, HOUR, 10)).toBe(20);
  });
});
