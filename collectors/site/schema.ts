import { z } from 'zod';
import { CARRIERS, ID_PATTERN, ITEMS, ROLES } from '#domain';

/**
 * Shape of a site file (YAML). Everything that people write as text stays text here (dates, durations, ratios,
 * quantities): resolve.ts reads it, so that each mistake keeps its place. docs/schema/site.schema.json is generated from
 * this file for editors; each description stands in both languages, with a bar between them, and serves as the cure of a
 * mistake in its place.
 */
const id = z
  .string()
  .regex(ID_PATTERN)
  .describe(
    '小写字母、数字、点、连字符、下划线，最多 63 个字符。 | Small letters, digits, point, hyphen, underscore; at most 63 characters.',
  );

const text = z
  .union([z.string().min(1), z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })])
  .describe(
    '一段文字，或两种语言各一段：{ zh: 总表, en: Main meter }。 | A text, or one for each language: { zh: 总表, en: Main meter }.',
  );

const amount = z.union([z.string().min(1), z.number()]);
const date = z
  .string()
  .min(4)
  .describe(
    '当地日期 2025-01-01，或时刻 2025-01-01 08:00，需要时带时差 2025-01-01T08:00+08:00。 | A local day, 2025-01-01, or an instant, 2025-01-01 08:00, with an offset if need be, 2025-01-01T08:00+08:00.',
  );
const day = z.string().min(4).describe('当地日期：2025-01-01。 | A local day: 2025-01-01.');
const duration = z
  .string()
  .min(2)
  .describe('数字加 ms、s、min、h 或 d：500 ms，15 min。 | A number and ms, s, min, h or d: 500 ms, 15 min.');
const quantity = z.string().min(2).describe('数字加单位：84,210.5 kWh。 | A number and a unit: 84,210.5 kWh.');

const dated = (zh: string, en: string) =>
  z
    .union([amount, z.array(z.strictObject({ from: day, value: amount })).min(1)])
    .describe(
      `${zh}：一个数，或一列 { from: 2025-01-01, value: … }。 | ${en}: one value, or a list of { from: 2025-01-01, value: … }.`,
    );

const siteShape = z.strictObject({
  id,
  name: text,
  zone: z
    .string()
    .default('Asia/Shanghai')
    .describe('时区，IANA 名称：Asia/Shanghai。 | Time zone, IANA name: Asia/Shanghai.'),
  slot: z
    .string()
    .default('60 min')
    .describe('账簿的基本时段：15 min、30 min 或 60 min。 | Base interval of the books: 15 min, 30 min or 60 min.'),
});

const institutionShape = z.strictObject({
  id,
  name: text,
  headcount: dated('用能人数', 'Persons who use energy').optional(),
  area: dated('建筑面积，m²', 'Building area in m²').optional(),
});

const premisesShape = z.strictObject({
  id,
  name: text,
  parent: id.optional().describe('所属的场所。 | The premises that these are part of.'),
  area: dated('面积，m²', 'Area in m²').optional(),
});

const socketShape = { host: z.string().min(1) };
const modbusLineShape = {
  timeout: duration.default('1 s').describe('等待应答的时间。 | How long an answer may take.'),
  pause: duration.default('0 ms').describe('线路上两次请求之间的停顿。 | Silence between two requests on the line.'),
};

const opcUaUserShape = z
  .strictObject({
    name: z.string().min(1).optional().describe('用户名。 | User name.'),
    passwordEnv: z
      .string()
      .min(1)
      .optional()
      .describe('存放密码的环境变量名。 | Environment variable that holds the password.'),
    passwordFile: z
      .string()
      .min(1)
      .optional()
      .describe('只存放密码的文件。 | File that holds the password and nothing else.'),
    certificate: z.string().min(1).optional().describe('用户证书，PEM 文件。 | Certificate of the user, a PEM file.'),
    key: z.string().min(1).optional().describe('用户证书的私钥，PEM 文件。 | Its private key, a PEM file.'),
  })
  .describe(
    '以谁的身份登录：{ name, passwordEnv }、{ name, passwordFile } 或 { certificate, key }；不写为匿名。 | Who logs in: { name, passwordEnv }, { name, passwordFile } or { certificate, key }; anonymous if absent.',
  );

const connectionShape = z.discriminatedUnion('kind', [
  z.strictObject({
    id,
    kind: z.literal('modbus-tcp'),
    ...socketShape,
    port: z.int().min(1).max(65_535).default(502),
    ...modbusLineShape,
  }),
  z.strictObject({
    id,
    kind: z.literal('modbus-rtu-tcp'),
    ...socketShape,
    port: z.int().min(1).max(65_535).describe('串口服务器的端口。 | Port of the serial server.'),
    ...modbusLineShape,
  }),
  z.strictObject({
    id,
    kind: z.literal('modbus-rtu'),
    device: z.string().min(1).describe('串口：/dev/ttyUSB0 或 COM3。 | Serial port: /dev/ttyUSB0 or COM3.'),
    baud: z.int().min(300).max(921_600).default(9600).describe('波特率。 | Baud rate.'),
    parity: z.enum(['none', 'even', 'odd']).default('none').describe('校验。 | Parity.'),
    stopBits: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe('停止位：1 或 2。 | Stop bits: 1 or 2.'),
    ...modbusLineShape,
  }),
  z.strictObject({
    id,
    kind: z.literal('opcua'),
    endpoint: z
      .string()
      .regex(/^opc\.tcp:\/\/.+/)
      .describe('例如 opc.tcp://host:4840/path | opc.tcp://host:4840/path'),
    security: z.enum(['none', 'sign', 'sign-and-encrypt']).default('sign-and-encrypt'),
    user: opcUaUserShape.optional(),
    certificateHost: z
      .string()
      .min(1)
      .optional()
      .describe(
        '服务器证书上的主机名，若与 endpoint 中的不同。 | Host that the certificate of the server bears, where it differs from that of the endpoint.',
      ),
    timeout: duration.default('5 s').describe('等待应答的时间。 | How long an answer may take.'),
  }),
]);

const deviceShape = z.strictObject({
  id,
  connection: id,
  model: z
    .string()
    .min(1)
    .describe('型号；civicmeter devices 列出全部。 | Id of a device model; civicmeter devices lists them.'),
  interval: duration.default('15 min').describe('抄读间隔。 | How often it is read.'),
  unit: z
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('Modbus：设备在线路上的地址，0–255。 | Modbus: address of the device on its line.'),
  namespace: z
    .string()
    .min(1)
    .optional()
    .describe('OPC UA：节点的命名空间 URI。 | OPC UA: namespace URI of its nodes.'),
  nodePrefix: z
    .string()
    .optional()
    .describe(
      'OPC UA：节点标识里型号路径前面的部分。 | OPC UA: what stands before each path of the model in the node id.',
    ),
});

const shares = z
  .record(z.string(), amount)
  .describe('机构及其份额：{ bureau: 2/5, court: 40 % }。 | Institution and its share: { bureau: 2/5, court: 40 % }.');

const allocationShape = z.discriminatedUnion('basis', [
  z.strictObject({ from: day.optional(), basis: z.literal('fixed'), shares }),
  z.strictObject({
    from: day.optional(),
    basis: z.enum(['area', 'headcount']),
    among: z.array(id).min(1).describe('在哪些机构之间分摊。 | Institutions among which it is divided.'),
    of: z
      .number()
      .positive()
      .optional()
      .describe(
        '总数（m² 或人），机构之外的部分不分摊。 | Whole (m² or persons) of which they have a part; the rest is unallocated.',
      ),
  }),
  z.strictObject({
    from: day.optional(),
    basis: z.literal('sub-meter'),
    by: z
      .record(z.string(), z.string())
      .describe('机构及计量其部分的测点。 | Institution and the point that measures its part.'),
  }),
]);

const ratingShape = z
  .strictObject({
    current: z.string().optional().describe('一次侧最大电流：400 A。 | Largest current on the primary side: 400 A.'),
    voltage: z
      .string()
      .optional()
      .describe('一次侧相电压：220 V。 | Voltage of a phase against neutral, primary side: 220 V.'),
    phases: z.int().optional().describe('1 或 3。 | 1 or 3.'),
    power: z.string().optional().describe('一次侧最大功率：250 kW。 | Largest power on the primary side: 250 kW.'),
    flow: z.string().optional().describe('最大流量：3.125 m3/h。 | Largest flow: 3.125 m3/h.'),
  })
  .describe(
    '此处最多能通过多少：current、voltage 和 phases；或 power；或 flow。 | The most that can pass here: current, voltage and phases; or power; or flow.',
  );

const mountShape = z.strictObject({
  at: date,
  reading: quantity.optional().describe('当时表面的读数。 | What the face of the meter showed at that time.'),
});

const meterShape = z.strictObject({
  serial: z
    .union([z.string().min(1), z.int()])
    .describe('铭牌上的表号；以 0 开头时加引号。 | Number on its name plate; in quotes if it begins with 0.'),
  device: id
    .optional()
    .describe(
      '抄读它的设备；没有则为人工抄表或文件导入。 | The device that reads it; without one it is read by hand or delivered as files.',
    ),
  register: z.string().optional().describe('设备型号的寄存器。 | Register of the device model.'),
  unit: z.string().optional().describe('没有设备时：表面的单位。 | Without a device: unit on the face of the meter.'),
  pulse: z
    .string()
    .optional()
    .describe(
      '脉冲计数器：一个脉冲值多少，10 L 或 800 imp/kWh。 | Of a pulse counter: what a pulse is worth, 10 L or 800 imp/kWh.',
    ),
  multiplier: amount.optional().describe('倍率 CT × PT：80 或 400/5。不写为 1。 | CT × PT: 80 or 400/5. 1 if absent.'),
  modulus: z
    .string()
    .optional()
    .describe('表面在何处归零：1000000 kWh，或 6 位。 | Where the face starts again at 0: 1000000 kWh, or 6 digits.'),
  rating: ratingShape.optional(),
  backlash: quantity
    .optional()
    .describe(
      '使用中允许倒走多少；不写为额定值的一分钟。 | How far the face may step back in use; one minute of the rating if absent.',
    ),
  mounted: mountShape.optional(),
  removed: mountShape.optional(),
});

const pointShape = z.strictObject({
  id,
  name: text,
  carrier: z.enum(CARRIERS),
  premises: id.optional(),
  role: z.enum(ROLES),
  parent: id.optional().describe('role 为 sub 时：被分项的测点。 | Of a sub: the point whose usage it breaks down.'),
  item: z.enum(ITEMS).optional().describe('用电分项（国家导则）。 | Item of the national guide, for electricity.'),
  formula: z
    .string()
    .optional()
    .describe(
      'role 为 formula 时：带符号的测点：p-main - p-canteen + p-solar。 | Of a formula: points with signs: p-main - p-canteen + p-solar.',
    ),
  institution: id
    .optional()
    .describe('全部由谁承担；代替 allocations。 | Who bears all of it; in place of allocations.'),
  allocations: z
    .array(allocationShape)
    .min(1)
    .optional()
    .describe('从哪天起由谁承担。 | Who bears it, from which day.'),
  meters: z
    .array(meterShape)
    .optional()
    .describe('此处先后装过的表。 | The meters that were here, one after the other.'),
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
  .describe('CivicMeter 站点文件。 | CivicMeter site file.');

export type SiteFile = z.output<typeof siteFileSchema>;
export type InstitutionEntry = SiteFile['institutions'][number];
export type ConnectionEntry = SiteFile['connections'][number];
export type OpcUaUserEntry = z.output<typeof opcUaUserShape>;
export type DeviceEntry = SiteFile['devices'][number];
export type PointEntry = SiteFile['points'][number];
export type MeterEntry = NonNullable<PointEntry['meters']>[number];
export type AllocationEntry = NonNullable<PointEntry['allocations']>[number];
