import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkModel, resolveRegister } from '../../../collectors/devices/index.ts';

const MODELS = join(import.meta.dirname, '../../../collectors/devices');
const files = readdirSync(MODELS).filter((name) => name.endsWith('.yaml'));

const SPLINTERS = [
  '',
  ' ',
  '{',
  ']',
  '-',
  ': ',
  "'",
  '0',
  '-1',
  '1e400',
  '65536',
  '.nan',
  'null',
  'u64',
  '&a [*a]',
  '\t',
  '#',
];

test('whatever becomes of a model file, it is a model or has mistakes with places; nothing is thrown', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(20_000), fc.nat(40), fc.constantFrom(...SPLINTERS)), { maxLength: 4 }),
      (file, cuts) => {
        const whole = readFileSync(join(MODELS, file), 'utf8');
        const text = cuts.reduce((at, [from, length, put]) => {
          const start = from % (at.length + 1);
          return at.slice(0, start) + put + at.slice(start + length);
        }, whole);
        const checked = checkModel(text, join(MODELS, file));
        if ('model' in checked) {
          for (const register of checked.model.registers) expect(resolveRegister(register).name).toBe(register.name);
        } else {
          expect(checked.problems.length).toBeGreaterThan(0);
          for (const { line, wrong, instead } of checked.problems) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(text.split('\n').length);
            expect(wrong.zh.length * wrong.en.length * instead.zh.length * instead.en.length).toBeGreaterThan(0);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
