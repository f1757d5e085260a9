import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkModel, type ModelCheck, resolveRegister } from '../../../collectors/devices/index.ts';

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

/** What is wrong with the answer itself. */
const soundness = (checked: ModelCheck, lines: number): readonly unknown[] =>
  'model' in checked
    ? checked.model.registers.filter((register) => resolveRegister(register).name !== register.name)
    : checked.problems.length === 0
      ? ['refused without a reason']
      : checked.problems.filter(
          ({ line, wrong, instead }) =>
            line < 1 || line > lines || [wrong.zh, wrong.en, instead.zh, instead.en].includes(''),
        );

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
        expect(soundness(checkModel(text, join(MODELS, file)), text.split('\n').length)).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});
