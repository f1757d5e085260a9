import { z } from 'zod';
import { DOUBTS, QUALITIES, UNIT_ANSWERS, VERDICTS } from '../../collectors/commissioning/index.ts';

const isoTime = z.string().describe('ISO 8601 with offset');
const ms = z.number().describe('milliseconds');
const share = z.number().describe('1 is all of it');
const kind = z.enum(['modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu', 'opcua']);
const fc = z.union([z.literal(3), z.literal(4)]);

const pacedSchema = z
  .strictObject({
    baudRate: z.int().nullable(),
    parity: z.enum(['none', 'even', 'odd']).nullable(),
    stopBits: z.int().nullable(),
    assumedSerial: z.boolean().describe('the serial line behind the gateway is assumed'),
    turnaroundMs: ms.describe('until a meter begins its reply, stated'),
    roundTripMs: ms.describe('through the network, stated'),
    pauseMs: ms,
    replyMs: ms.nullable().describe('measured; takes the place of what is computed'),
  })
  .describe('what is reckoned with');

export const planSchema = z.strictObject({
  site: z.string(),
  lines: z.array(
    z.strictObject({
      connection: z.string(),
      kind,
      address: z.string(),
      verdict: z.enum(VERDICTS),
      share: share.describe('of its time that the line is busy'),
      skippedShare: share.describe('of the polls that the line is too late for'),
      roundMs: ms,
      holdsFromMs: ms.nullable().describe('an interval that would hold'),
      pace: pacedSchema,
      deadUnit: z
        .strictObject({
          attemptMs: ms,
          attemptsInTenMinutes: z.int(),
          thenEveryMs: ms,
          skippedShare: share.describe('of the polls of the others, at most'),
        })
        .nullable()
        .describe('what one unit costs that does not answer'),
      devices: z.array(
        z.strictObject({
          device: z.string(),
          model: z.string(),
          unit: z.int().nullable(),
          intervalMs: ms,
          pollMs: ms,
          nodes: z.int().nullable().describe('OPC UA: nodes subscribed to'),
          requests: z.array(
            z.strictObject({
              fc,
              address: z.int().describe('zero-based'),
              words: z.int(),
              registers: z.array(z.string()),
              ms,
            }),
          ),
        }),
      ),
    }),
  ),
});

export const readSchema = z.strictObject({
  device: z.string().nullable(),
  model: z.string(),
  line: z.string().describe('address of the line'),
  unit: z.int().nullable(),
  at: isoTime,
  failure: z.string().nullable().describe('why the reading broke off'),
  values: z.array(
    z.strictObject({
      register: z.string(),
      quantity: z.string(),
      kind: z.enum(['counter', 'gauge']),
      value: z.string().nullable().describe('exact decimal on the face of the meter, in `unit`'),
      unit: z.string(),
      quality: z.enum(QUALITIES),
      reason: z.string().nullable(),
      at: isoTime.nullable().describe('of the source where it gives its time'),
      ageMs: ms.nullable(),
      words: z.array(z.string()).nullable().describe('as they came, hexadecimal'),
    }),
  ),
});

const place = { line: z.string().describe('address of the line'), stopped: z.boolean().describe('ended by hand') };

const registerProbeSchema = z.strictObject({
  what: z.literal('register'),
  ...place,
  unit: z.int(),
  fc,
  address: z.int().describe('zero-based'),
  readings: z.array(z.array(z.string())).describe('words of each reading, hexadecimal'),
  expected: z.number().nullable(),
  candidates: z.array(
    z.strictObject({
      type: z.string(),
      order: z.string(),
      scale: z.string(),
      value: z.number().nullable().describe('null: not a finite number'),
      off: share.nullable().describe('distance from what is expected'),
      plausible: z.boolean(),
      doubts: z.array(z.enum(DOUBTS)),
    }),
  ),
});

const unitsProbeSchema = z.strictObject({
  what: z.literal('units'),
  ...place,
  units: z.array(
    z.strictObject({
      unit: z.int(),
      answer: z.enum(UNIT_ANSWERS),
      exception: z.int().nullable(),
      ms,
    }),
  ),
});

const timingProbeSchema = z.strictObject({
  what: z.literal('timing'),
  ...place,
  unit: z.int(),
  fc,
  address: z.int().describe('zero-based'),
  words: z.int().describe('of each request'),
  requests: z.int(),
  answered: z.int(),
  minMs: ms.nullable(),
  medianMs: ms.nullable(),
  maxMs: ms.nullable(),
  failures: z.record(z.string(), z.int()),
  largest: z.strictObject({
    words: z.int().nullable().describe('of one request'),
    beyond: z.string().nullable().describe('what is answered to more; null: Modbus allows no more'),
    requests: z.int(),
  }),
});

export const probeSchema = z.union([registerProbeSchema, unitsProbeSchema, timingProbeSchema]);
