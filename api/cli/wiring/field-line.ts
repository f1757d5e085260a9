import { z } from 'zod';
import { isMeteringError, requestError, type Zone, zoneOf } from '#domain';
import type { ConnectedDevice, Connection, DeviceModel, ModbusConnection } from '../../../collectors/contract.ts';
import { addressOf } from '../../../collectors/plan.ts';
import { lineSession, type LineSession } from '../../../collectors/commissioning/index.ts';
import { openTransportOf, pauseMsOf } from '../../../collectors/modbus/lines.ts';
import { loadSite } from '../../../collectors/site/index.ts';
import { suggest } from '../../../collectors/site/nearest.ts';
import type { OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';
import { askRunning } from './beside.ts';
import { readRun } from './data-folder.ts';
import { siteModels } from './models.ts';

/** Where to: a line of a site file, a host, or a serial port. */
export const LINE_OPTIONS: readonly OptionSpec[] = [
  { flags: '--site <file>', text: { zh: '站点文件（YAML）', en: 'site file (YAML)' } },
  { flags: '--line <id>', text: { zh: '站点文件中的连接', en: 'connection of the site file' } },
  {
    flags: '--host <host>',
    text: { zh: '不用站点文件：网关或表计的地址', en: 'without a site file: gateway or meter' },
  },
  { flags: '--port <n>', text: { zh: '端口，默认 502', en: 'its port, 502 by default' } },
  {
    flags: '--rtu',
    text: { zh: '串口服务器：套接字上传输 RTU 帧', en: 'a serial server: the socket carries RTU frames' },
  },
  { flags: '--serial <port>', text: { zh: '本机串口，如 /dev/ttyUSB0', en: 'a serial port, such as /dev/ttyUSB0' } },
  { flags: '--baud <n>', text: { zh: '波特率，默认 9600', en: 'its speed, 9600 by default' } },
  { flags: '--parity <none|even|odd>', text: { zh: '校验，默认 none', en: 'its parity, none by default' } },
  { flags: '--stop-bits <1|2>', text: { zh: '停止位，默认 1', en: 'its stop bits, 1 by default' } },
  { flags: '--unit <n>', text: { zh: '表计在线路上的地址', en: 'address of the meter on the line' } },
  { flags: '--timeout-ms <n>', text: { zh: '等待应答的毫秒数', en: 'how long a reply may take, in ms' } },
  {
    flags: '--force',
    text: { zh: '即使运行中的程序正占用该线路也照读', en: 'although the running program holds the line' },
  },
];

export const lineInput = {
  site: z.string().optional(),
  line: z.string().optional(),
  host: z.string().min(1).optional(),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  rtu: z.literal(true).optional(),
  serial: z.string().min(1).optional(),
  baud: z.coerce.number().int().min(300).max(921_600).default(9_600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.enum(['1', '2']).default('1'),
  unit: z.coerce.number().optional(),
  timeoutMs: z.coerce.number().int().min(1).max(60_000).optional(),
  force: z.literal(true).optional(),
};

export type LineInput = z.output<z.ZodObject<typeof lineInput>>;

export interface FieldLine {
  readonly connection: Connection;
  /** The device that is meant, where a site file has it. */
  readonly device?: ConnectedDevice | undefined;
  readonly models: ReadonlyMap<string, DeviceModel>;
  /** Of the site, else of this machine. */
  readonly zone: Zone;
}

/** Throws LINE_AMBIGUOUS, LINE_NEEDED, LINE_UNKNOWN, DEVICE_UNKNOWN, and what loading a site file throws. */
export function fieldLine(cli: Cli, input: LineInput, device: string | undefined): FieldLine {
  const ways = Object.entries({ '--site': input.site, '--host': input.host, '--serial': input.serial }).flatMap(
    ([flag, value]) => (value === undefined ? [] : [flag]),
  );
  if (ways.length > 1) {
    throw requestError('LINE_AMBIGUOUS', `${ways.join(' and ')} lead to different lines`, {
      place: ways.join(', '),
      cure: 'keep one of them',
    });
  }
  if (input.site !== undefined) return lineOfSite(cli, input.site, input, device);
  if (device !== undefined || input.line !== undefined) {
    throw requestError('LINE_NEEDED', `"${device ?? input.line}" is of a site file, and none is named`, {
      place: '--site',
      cure: 'add --site FILE, or leave it out and name the line with --host or --serial, and --unit',
    });
  }
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone);
  return {
    connection: withTimeout(connectionOf(input), input.timeoutMs),
    models: siteModels({ data: cli.data }).models,
    zone,
  };
}

function lineOfSite(cli: Cli, file: string, input: LineInput, wanted: string | undefined): FieldLine {
  const models = siteModels({ data: cli.data, site: file });
  const { plan, registry } = loadSite(file, models);
  const device = wanted === undefined ? undefined : plan.devices.find(({ id }) => id === wanted);
  if (wanted !== undefined && !device) {
    throw requestError('DEVICE_UNKNOWN', `the site file has no device "${wanted}"`, {
      place: file,
      cure: suggest(
        wanted,
        plan.devices.map(({ id }) => id),
      ).en,
    });
  }
  const known = plan.connections.map(({ id }) => id);
  const id = device?.connection ?? input.line ?? (known.length === 1 ? known[0] : undefined);
  const connection = plan.connections.find((one) => one.id === id);
  if (id === undefined) {
    throw requestError('LINE_NEEDED', `the site file has ${known.length} connections`, {
      place: '--line',
      cure: `name a device, or add --line, one of ${known.join(', ')}`,
    });
  }
  if (!connection) {
    throw requestError('LINE_UNKNOWN', `the site file has no connection "${id}"`, {
      place: file,
      cure: suggest(id, known).en,
    });
  }
  const zone = zoneOf(registry.site.zone);
  return { connection: withTimeout(connection, input.timeoutMs), device, models: models.models, zone };
}

const withTimeout = (connection: Connection, timeoutMs: number | undefined): Connection =>
  timeoutMs === undefined ? connection : { ...connection, timeoutMs };

const TIMEOUT_MS = 1_000;

function connectionOf({ host, port, rtu, serial, baud, parity, stopBits }: LineInput): ModbusConnection {
  const line = { id: 'line', timeoutMs: TIMEOUT_MS, pauseMs: 0 };
  if (serial !== undefined) {
    const stops = stopBits === '2' ? 2 : 1;
    return { ...line, kind: 'modbus-rtu', device: serial, baudRate: baud, parity, stopBits: stops };
  }
  if (host === undefined) {
    throw requestError('LINE_NEEDED', 'no line is named', {
      place: '--site, --host, --serial',
      cure: 'add --site FILE and a device, or --host HOST --unit N, or --serial PORT --unit N',
    });
  }
  return { ...line, kind: rtu ? 'modbus-rtu-tcp' : 'modbus-tcp', host, port: port ?? MODBUS_PORT };
}

const MODBUS_PORT = 502;

/** Throws LINE_NOT_MODBUS. */
export function modbusOnly(connection: Connection): ModbusConnection {
  if (connection.kind !== 'opcua') return connection;
  throw requestError('LINE_NOT_MODBUS', `${connection.id} is an OPC UA server: it has no units and no words`, {
    place: connection.id,
    cure: 'read its devices with civicmeter read',
  });
}

/** Whether 0 and 255 are units of it. */
export const isTcp = ({ kind }: Connection): boolean => kind === 'modbus-tcp';

/** A session on a line that nobody else of ours holds. Throws LINE_IN_USE, unless forced. */
export async function holdLine(
  cli: Cli,
  connection: ModbusConnection,
  force: boolean,
  signal: AbortSignal = cli.io.signal,
): Promise<LineSession> {
  if (!force) await refuseHeld(cli, connection);
  const surroundings = { clock: cli.io.clock, stopwatch: () => performance.now(), signal };
  return lineSession(openTransportOf(connection, cli.io.clock), pauseMsOf(connection), surroundings);
}

const heldSchema = z.object({ items: z.array(z.object({ address: z.string() })) });

/** Many gateways take one client: a second one would be refused, or the first thrown out. */
async function refuseHeld(cli: Cli, connection: ModbusConnection): Promise<void> {
  const run = readRun(cli.data);
  if (!run) return;
  const where = addressOf(connection);
  const held = await heldBy(run.address);
  if (held && !held.some((address) => sameAddress(address, where))) return;
  throw requestError('LINE_IN_USE', `the running program (${run.role}, process ${run.pid}) reads ${where}`, {
    place: where,
    cure:
      connection.kind === 'modbus-rtu'
        ? 'see its values with civicmeter registers, or end the program: a serial port serves one alone'
        : 'see its values with civicmeter registers, end the program, or add --force if the gateway takes more than one client',
  });
}

/** Addresses of the lines that the running program collects; undefined where it does not say, and so may hold any. */
async function heldBy(address: string | null): Promise<readonly string[] | undefined> {
  if (address === null) return undefined;
  try {
    return (await askRunning(address, '/api/v1/lines', heldSchema)).items.map((line) => line.address);
  } catch (error) {
    if (isMeteringError(error) && error.code === 'START_SILENT') return undefined;
    throw error;
  }
}

const sameAddress = (one: string, other: string): boolean =>
  one.replace(/^localhost:/, '127.0.0.1:') === other.replace(/^localhost:/, '127.0.0.1:');
