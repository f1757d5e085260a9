import { z } from 'zod';
import { CARRIERS, ID_PATTERN, parseRational, REGISTER_KINDS, REGISTER_PATTERN } from '#domain';
import {
  CONFIDENCES,
  type DeviceModel,
  type ModbusRegister,
  RATIOS,
  type RegisterPart,
  WORD_ORDERS,
  WORD_TYPES,
  type WordOrder,
  type WordType,
} from '../contract.ts';

/** Words (16 bit) that a value of the type takes. */
export const WORDS_OF: Readonly<Record<WordType, 1 | 2 | 3 | 4>> = {
  u16: 1,
  i16: 1,
  bcd4: 1,
  u32: 2,
  i32: 2,
  f32: 2,
  bcd8: 2,
  bcd12: 3,
  u64: 4,
  i64: 4,
  f64: 4,
};

/** An order names each byte once, so its length says for how many words it is. */
export const wordsOfOrder = (order: WordOrder): number => order.length / 2;

/** Modbus Application Protocol V1.1b3, 6.3: at most 125 registers in one read. */
export const MAX_WORDS = 125;

/** The numbers whose weighted sum is the register's raw value: its own, then the further parts of a split total. */
export const partsOf = ({ address, type, order, parts = [] }: ModbusRegister): readonly RegisterPart[] => [
  { address, type, order, times: 1 },
  ...parts,
];

/** The words that a register needs, `to` exclusive; of a split total from its lowest part to its highest. */
export function extentOf(register: ModbusRegister): { readonly from: number; readonly to: number } {
  const parts = partsOf(register);
  return {
    from: Math.min(...parts.map(({ address }) => address)),
    to: Math.max(...parts.map(({ address, type }) => address + WORDS_OF[type])),
  };
}

const id = z
  .string()
  .regex(ID_PATTERN)
  .describe(
    '小写字母、数字、点、连字符、下划线，与文件名相同：acme-em1。 | Small letters, digits, point, hyphen, underscore, the same as the name of the file: acme-em1.',
  );

const name = z
  .string()
  .regex(REGISTER_PATTERN)
  .describe('帧中的短名：e1、p1。 | Short name, what stands in the frame: e1, p1.');

const quantity = z
  .string()
  .regex(/^[a-z][a-z0-9]*(\.[a-z0-9_]+)*$/)
  .describe('写成 energy.import.total 的样子。 | Write it like energy.import.total.');

const ratio = z
  .string()
  .refine((text) => {
    try {
      return parseRational(text).num > 0;
    } catch {
      return false;
    }
  })
  .describe(
    "准确的正比值，写成文字：'1'、'0.01'、'1/800'。 | An exact positive ratio as text: '1', '0.01' or '1/800'.",
  );

const words = (zh: string, en: string) => z.string().min(1).describe(`${zh} | ${en}`);

const fc = z
  .union([z.literal(3), z.literal(4)])
  .describe(
    '3 读保持寄存器，4 读输入寄存器；只有读功能码。 | 3 reads holding registers, 4 input registers; there are only these.',
  );

const placeShape = {
  address: z
    .int()
    .min(0)
    .max(65_535)
    .describe(
      '线路上从 0 起的地址，0–65535；文档常印成加 1。 | Address on the wire from 0, 0–65535; documents often print it plus 1.',
    ),
  type: z.enum(WORD_TYPES),
  order: z.enum(WORD_ORDERS),
};

const source = z
  .strictObject({
    document: z
      .string()
      .min(3)
      .describe(
        '文档与页码，或仓库：EM1 manual rev 3, p12。 | Document and page, or repository: EM1 manual rev 3, p12.',
      ),
    confidence: z
      .enum(CONFIDENCES)
      .describe(
        'A 两处一致，B 一处可靠，C 须在现场核对。 | A two sources agree, B one good source, C to be checked on a device.',
      ),
  })
  .describe('依据：{ document, confidence }。 | What it rests on: { document, confidence }.');

const registerShape = {
  name,
  quantity,
  kind: z.enum(REGISTER_KINDS),
  carrier: z.enum(CARRIERS).optional(),
  unit: words('raw × scale 的单位：kWh、m3、V。', 'Unit of raw × scale: kWh, m3, V.'),
  scale: ratio,
  modulus: ratio.optional(),
  markers: z
    .array(z.number())
    .min(1)
    .readonly()
    .optional()
    .describe('表示无值的原始数：[2147483647]。 | Raw numbers that mean no value: [2147483647].'),
  note: z.string().optional(),
};

const modbusRegister = z.strictObject({
  ...registerShape,
  fc,
  ...placeShape,
  parts: z
    .array(
      z.strictObject({
        ...placeShape,
        times: z
          .int()
          .min(1)
          .max(1_000_000_000_000)
          .describe('这部分的一格值多少个末位：10000。 | How many of the last digit one of this part is: 10000.'),
      }),
    )
    .min(1)
    .max(7)
    .readonly()
    .optional()
    .describe(
      '分开存放的总量的其余部分：[{ address, type, order, times }]。 | Further parts of a split total: [{ address, type, order, times }].',
    ),
});

const opcUaRegister = z.strictObject({
  ...registerShape,
  path: words('设备节点之下的路径。', 'Path below the node of the device.'),
});

const modelShape = {
  id,
  vendor: words('厂家。', 'Who makes it.'),
  model: words('铭牌上的型号。', 'What stands on its name plate.'),
  source,
};

const modbusModel = z.strictObject({
  protocol: z.literal('modbus'),
  ...modelShape,
  maxWords: z
    .int()
    .min(1)
    .max(MAX_WORDS)
    .describe(
      '一次最多读多少个寄存器，1–125；文档没写时用 60。 | Registers in one read at most, 1–125; 60 where no document says.',
    ),
  refuses: z
    .array(
      z.strictObject({
        fc,
        from: placeShape.address,
        to: placeShape.address,
      }),
    )
    .readonly()
    .optional()
    .describe('设备拒读的地址段：[{ fc, from, to }]。 | Addresses that the device refuses: [{ fc, from, to }].'),
  noGaps: z.boolean().optional(),
  ratio: z.enum(RATIOS).optional(),
  settings: z
    .array(z.strictObject({ quantity, fc, ...placeShape, note: words('它决定什么。', 'What it decides.') }))
    .readonly()
    .optional()
    .describe(
      '决定读数含义的设置，只作说明：[{ quantity, fc, address, type, order, note }]。 | Settings that decide what values mean, for people only: [{ quantity, fc, address, type, order, note }].',
    ),
  registers: z.array(modbusRegister).min(1).readonly().describe('至少一个寄存器。 | One register at least.'),
});

const opcUaModel = z.strictObject({
  protocol: z.literal('opcua'),
  ...modelShape,
  registers: z.array(opcUaRegister).min(1).readonly().describe('至少一个变量。 | One variable at least.'),
});

/**
 * The shape of a model file, strictly; each description stands in both languages and serves as the cure of a mistake in its
 * place. What a schema cannot say is in rules.ts.
 */
export const deviceModelSchema: z.ZodType<DeviceModel> = z.discriminatedUnion('protocol', [modbusModel, opcUaModel]);
