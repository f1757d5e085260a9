import { expect, test } from 'vitest';
import { loadModels, partsOf, WORDS_OF } from '../../../collectors/devices/index.ts';
import { decoderOf } from '../../../collectors/modbus/decode.ts';

const registers = [...loadModels().values()].flatMap((model) =>
  model.protocol === 'modbus' ? model.registers.map((register) => ({ model: model.id, register })) : [],
);

/** Words of a marker in the register's order, laid out apart from the decoder. */
function wordsOf(marker: number, bytes: number, order: string): readonly number[] {
  const digits = BigInt.asUintN(8 * bytes, BigInt(marker))
    .toString(16)
    .padStart(2 * bytes, '0');
  const wire = Array.from(order, (letter) => digits.slice(2 * 'ABCDEFGH'.indexOf(letter)).slice(0, 2)).join('');
  return (wire.match(/.{4}/g) ?? []).map((word) => Number.parseInt(word, 16));
}

test('a marker that a model names is no value, in the order of its words', () => {
  const marked = registers.flatMap(({ model, register }) =>
    (register.markers ?? []).map((marker) => ({ model, register, marker })),
  );
  expect(marked.length).toBeGreaterThan(20);
  for (const { model, register, marker } of marked) {
    const words = wordsOf(marker, WORDS_OF[register.type] * 2, register.order);
    expect(decoderOf(register)(words, 0), `${model}/${register.name}`).toEqual({
      ok: false,
      reason: 'no-value-marker',
    });
  }
});

test('not a number makes no value in any float of any model', () => {
  const floats = registers.filter(({ register }) => partsOf(register).some(({ type }) => type.startsWith('f')));
  expect(floats.length).toBeGreaterThan(50);
  for (const { model, register } of floats) {
    const words = Array.from({ length: 8 }, () => 0xffff);
    expect(decoderOf(register)(words, 0), `${model}/${register.name}`).toEqual({ ok: false, reason: 'not-finite' });
  }
});
