import { z } from 'zod';
import { CARRIERS, REGISTER_KINDS } from '#domain';
import { CONFIDENCES, RATIOS, WORD_ORDERS, WORD_TYPES } from '../../collectors/contract.ts';
import { checkSchema } from './shapes.ts';

/** Shapes of `civicmeter devices`, as docs/cli.md shows them. */
const place = {
  address: z.int().describe('zero-based, on the wire'),
  type: z.enum(WORD_TYPES),
  order: z.enum(WORD_ORDERS).describe('A: most significant byte'),
};

const registerSchema = z.strictObject({
  name: z.string().describe('what stands in the frame'),
  quantity: z.string(),
  kind: z.enum(REGISTER_KINDS),
  carrier: z.enum(CARRIERS).optional(),
  unit: z.string(),
  scale: z.string().describe('exact: value in unit = raw × scale; the resolution of an integer'),
  modulus: z.string().optional().describe('where it wraps, in unit; absent where no document says'),
  markers: z.array(z.number()).optional().describe('raw numbers that mean no value'),
  note: z.string().optional(),
  fc: z.literal([3, 4]).optional(),
  address: place.address.optional(),
  type: place.type.optional(),
  order: place.order.optional(),
  parts: z
    .array(z.strictObject({ ...place, times: z.int() }))
    .optional()
    .describe('split total: raw = own number + sum of part × times'),
  path: z.string().optional().describe('OPC UA'),
});

const deviceSchema = z.strictObject({
  id: z.string(),
  vendor: z.string(),
  model: z.string(),
  protocol: z.enum(['modbus', 'opcua']),
  source: z.strictObject({ document: z.string(), confidence: z.enum(CONFIDENCES) }),
  ratio: z.enum(RATIOS).optional(),
  maxWords: z.int().optional().describe('registers per request'),
  noGaps: z.boolean().optional(),
  refuses: z.array(z.strictObject({ fc: z.literal([3, 4]), from: z.int(), to: z.int() })).optional(),
  settings: z
    .array(z.strictObject({ quantity: z.string(), fc: z.literal([3, 4]), ...place, note: z.string() }))
    .optional(),
  registers: z.array(registerSchema),
});

export const devicesSchema = z.strictObject({ devices: z.array(deviceSchema) });

export const devicesCheckSchema = z.strictObject({ files: z.array(checkSchema) });
