import { z } from 'zod';
import { CARRIERS, ID_PATTERN, ITEMS, ROLES } from '#domain';

/**
 * Shape of a site file (YAML). Everything that people write as text stays text here (dates, durations, ratios,
 * quantities): resolve.ts reads it, so that each mistake keeps its place. docs/schema/site.schema.json is generated from
 * this file for editors.
 */
const id = z
  .string()
  .regex(ID_PATTERN)
  .describe('Small letters, digits, point, hyphen, underscore; at most 63 characters.');

const text = z
  .union([z.string().min(1), z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })])
  .describe('A text, or one for each language: { zh: 总表, en: Main meter }.');

const amount = z.union([z.string().min(1), z.number()]);
const date = z
  .string()
  .min(4)
  .describe(
    'A local day, 2025-01-01, or an instant, 2025-01-01 08:00, with an offset if need be, 2025-01-01T08:00+08:00.',
  );
const day = z.string().min(4).describe('A local day: 2025-01-01.');
const duration = z.string().min(2).describe('A number and ms, s, min, h or d: 500 ms, 15 min.');
const quantity = z.string().min(2).describe('A number and a unit: 84,210.5 kWh.');

const dated = (what: string) =>
  z
    .union([amount, z.array(z.strictObject({ from: day, value: amount })).min(1)])
    .describe(`${what}: one value, or a list of { from: 2025-01-01, value: … }.`);

const siteShape = z.strictObject({
  id,
  name: text,
  zone: z.string().default('Asia/Shanghai').describe('Time zone, IANA name: Asia/Shanghai.'),
  slot: z.string().default('60 min').describe('Base interval of the books: 15 min, 30 min or 60 min.'),
});

const institutionShape = z.strictObject({
  id,
  name: text,
  headcount: dated('Persons who use energy').optional(),
  area: dated('Building area in m²').optional(),
});

const premisesShape = z.strictObject({
  id,
  name: text,
  parent: id.optional().describe('The premises that these are part of.'),
  area: dated('Area in m²').optional(),
});

const connectionShape = z.discriminatedUnion('kind', [
  z.strictObject({
    id,
    kind: z.literal('modbus-tcp'),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(502),
    timeout: duration.default('1 s').describe('How long an answer may take.'),
    pause: duration.default('0 ms').describe('Silence between two requests on the line.'),
  }),
  z.strictObject({
    id,
    kind: z.literal('opcua'),
    endpoint: z
      .string()
      .regex(/^opc\.tcp:\/\/.+/)
      .describe('opc.tcp://host:4840/path'),
    security: z.enum(['none', 'sign', 'sign-and-encrypt']).default('sign-and-encrypt'),
    timeout: duration.default('5 s').describe('How long an answer may take.'),
  }),
]);

const deviceShape = z.strictObject({
  id,
  connection: id,
  model: z.string().min(1).describe('Id of a model in collectors/devices.'),
  interval: duration.default('15 min').describe('How often it is read.'),
  unit: z.int().min(0).max(255).optional().describe('Modbus: address of the device on its line.'),
  namespace: z.string().min(1).optional().describe('OPC UA: namespace URI of its nodes.'),
  nodePrefix: z.string().optional().describe('OPC UA: what stands before each path of the model in the node id.'),
});

const shares = z.record(z.string(), amount).describe('Institution and its share: { bureau: 2/5, court: 40 % }.');

const allocationShape = z.discriminatedUnion('basis', [
  z.strictObject({ from: day.optional(), basis: z.literal('fixed'), shares }),
  z.strictObject({
    from: day.optional(),
    basis: z.enum(['area', 'headcount']),
    among: z.array(id).min(1).describe('Institutions among which it is divided.'),
    of: z
      .number()
      .positive()
      .optional()
      .describe('Whole (m² or persons) of which they have a part; the rest is unallocated.'),
  }),
  z.strictObject({
    from: day.optional(),
    basis: z.literal('sub-meter'),
    by: z.record(z.string(), z.string()).describe('Institution and the point that measures its part.'),
  }),
]);

const ratingShape = z
  .strictObject({
    current: z.string().optional().describe('Largest current on the primary side: 400 A.'),
    voltage: z.string().optional().describe('Voltage of a phase against neutral, primary side: 220 V.'),
    phases: z.int().optional().describe('1 or 3.'),
    power: z.string().optional().describe('Largest power on the primary side: 250 kW.'),
    flow: z.string().optional().describe('Largest flow: 3.125 m3/h.'),
  })
  .describe('The most that can pass here: current, voltage and phases; or power; or flow.');

const mountShape = z.strictObject({
  at: date,
  reading: quantity.optional().describe('What the face of the meter showed at that time.'),
});

const meterShape = z.strictObject({
  serial: z.union([z.string().min(1), z.int()]).describe('Number on its name plate; in quotes if it begins with 0.'),
  device: id.optional().describe('The device that reads it; without one it is read by hand or delivered as files.'),
  register: z.string().optional().describe('Register of the device model.'),
  unit: z.string().optional().describe('Without a device: unit on the face of the meter.'),
  multiplier: amount.optional().describe('CT × PT: 80 or 400/5. 1 if absent.'),
  modulus: z.string().optional().describe('Where the face starts again at 0: 1000000 kWh, or 6 digits.'),
  rating: ratingShape.optional(),
  backlash: quantity.optional().describe('How far the face may step back in use; one minute of the rating if absent.'),
  mounted: mountShape.optional(),
  removed: mountShape.optional(),
});

const pointShape = z.strictObject({
  id,
  name: text,
  carrier: z.enum(CARRIERS),
  premises: id.optional(),
  role: z.enum(ROLES),
  parent: id.optional().describe('Of a sub: the point whose usage it breaks down.'),
  item: z.enum(ITEMS).optional().describe('Item of the national guide, for electricity.'),
  formula: z.string().optional().describe('Of a formula: points with signs: p-main - p-canteen + p-solar.'),
  institution: id.optional().describe('Who bears all of it; in place of allocations.'),
  allocations: z.array(allocationShape).min(1).optional().describe('Who bears it, from which day.'),
  meters: z.array(meterShape).optional().describe('The meters that were here, one after the other.'),
});

export const siteFileSchema = z
  .strictObject({
    site: siteShape,
    institutions: z.array(institutionShape).default([]),
    premises: z.array(premisesShape).default([]),
    connections: z.array(connectionShape).default([]),
    devices: z.array(deviceShape).default([]),
    points: z.array(pointShape).default([]),
  })
  .describe('CivicMeter site file.');

export type SiteFile = z.output<typeof siteFileSchema>;
export type SiteFileInput = z.input<typeof siteFileSchema>;
export type InstitutionEntry = SiteFile['institutions'][number];
export type PremisesEntry = SiteFile['premises'][number];
export type ConnectionEntry = SiteFile['connections'][number];
export type DeviceEntry = SiteFile['devices'][number];
export type PointEntry = SiteFile['points'][number];
export type MeterEntry = NonNullable<PointEntry['meters']>[number];
export type AllocationEntry = NonNullable<PointEntry['allocations']>[number];
