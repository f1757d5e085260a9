import { z } from 'zod';
import { CARRIERS, ID_PATTERN, parseRational, REGISTER_KINDS, REGISTER_PATTERN } from '#domain';
import { CONFIDENCES, type DeviceModel, WORD_ORDERS, WORD_TYPES, type WordOrder, type WordType } from '../contract.ts';

/** Words (16 bit) that a value of the type takes. */
export const WORDS_OF: Readonly<Record<WordType, 1 | 2 | 4>> = {
  u16: 1,
  i16: 1,
  u32: 2,
  i32: 2,
  f32: 2,
  u64: 4,
  i64: 4,
  f64: 4,
};

/** An order names each byte once, so its length says for how many words it is. */
export const wordsOfOrder = (order: WordOrder): number => order.length / 2;

/** Modbus Application Protocol V1.1b3, 6.3: at most 125 registers in one read. */
export const MAX_WORDS = 125;

const ratio = z.string().refine(
  (text) => {
    try {
      return parseRational(text).num > 0;
    } catch {
      return false;
    }
  },
  { error: 'write a positive ratio as text, such as "1", "0.01" or "1/800"' },
);

const source = z.strictObject({ document: z.string().min(3), confidence: z.enum(CONFIDENCES) });

const registerShape = {
  name: z.string().regex(REGISTER_PATTERN),
  quantity: z.string().regex(/^[a-z][a-z0-9]*(\.[a-z0-9_]+)*$/, 'write it like energy.import.total'),
  kind: z.enum(REGISTER_KINDS),
  carrier: z.enum(CARRIERS).optional(),
  unit: z.string().min(1),
  scale: ratio,
  modulus: ratio.optional(),
  markers: z.array(z.number()).min(1).readonly().optional(),
  note: z.string().optional(),
};

const modbusRegister = z
  .strictObject({
    ...registerShape,
    fc: z.union([z.literal(3), z.literal(4)]),
    address: z.int().min(0).max(65_535),
    type: z.enum(WORD_TYPES),
    order: z.enum(WORD_ORDERS),
  })
  .refine((r) => wordsOfOrder(r.order) === WORDS_OF[r.type], {
    error: 'the order must name each byte of the type once: AB for 16 bits, ABCD for 32, ABCDEFGH for 64',
    path: ['order'],
  })
  .refine((r) => r.address + WORDS_OF[r.type] <= 65_536, {
    error: 'the value ends beyond address 65535',
    path: ['address'],
  });

const opcUaRegister = z.strictObject({ ...registerShape, path: z.string().min(1) });

const modelShape = {
  id: z.string().regex(ID_PATTERN),
  vendor: z.string().min(1),
  model: z.string().min(1),
  source,
};

const modbusModel = z.strictObject({
  protocol: z.literal('modbus'),
  ...modelShape,
  maxWords: z.int().min(1).max(MAX_WORDS),
  refuses: z
    .array(
      z
        .strictObject({
          fc: z.union([z.literal(3), z.literal(4)]),
          from: z.int().min(0).max(65_535),
          to: z.int().min(0).max(65_535),
        })
        .refine((range) => range.from <= range.to, { error: 'from must not be beyond to' }),
    )
    .readonly()
    .optional(),
  noGaps: z.boolean().optional(),
  registers: z.array(modbusRegister).min(1).readonly(),
});

const opcUaModel = z.strictObject({
  protocol: z.literal('opcua'),
  ...modelShape,
  registers: z.array(opcUaRegister).min(1).readonly(),
});

/** The shape of a model file, strictly; what a schema cannot say is in `modelMistakes`. */
export const deviceModelSchema: z.ZodType<DeviceModel> = z.discriminatedUnion('protocol', [modbusModel, opcUaModel]);
