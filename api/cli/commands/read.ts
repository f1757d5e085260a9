import { z } from 'zod';
import { deviceError, requestError } from '#domain';
import { createTelemetry, silentLogger } from '#platform';
import {
  checkUnit,
  type DeviceReading,
  GATEWAY_CODES,
  readModbusDevice,
  readOpcUaDevice,
  type ReadValue,
} from '../../../collectors/commissioning/index.ts';
import type { ConnectedDevice, Connection, DeviceModel, OpcUaConnection } from '../../../collectors/contract.ts';
import { addressOf } from '../../../collectors/plan.ts';
import { routeLibraryLog } from '../../../collectors/opcua/library-log.ts';
import { suggest } from '../../../collectors/site/nearest.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { reasonText } from '../labels-commissioning.ts';
import { readSchema } from '../shapes-commissioning.ts';
import { filesOf } from '../wiring/data-folder.ts';
import {
  type FieldLine,
  fieldLine,
  holdLine,
  isTcp,
  LINE_OPTIONS,
  lineInput,
  type LineInput,
} from '../wiring/field-line.ts';
import { showReading } from './read-view.ts';

export const read = command({
  name: 'read',
  summary: {
    zh: '立即读一台设备：每个值及其单位、新旧、质量和原始字',
    en: 'reads one device now: every value with unit, age, quality and raw words',
  },
  args: [{ name: '[device]', text: { zh: '站点文件中的设备', en: 'a device of the site file' } }],
  options: [
    ...LINE_OPTIONS,
    { flags: '--model <id>', text: { zh: '不用站点文件：设备型号', en: 'without a site file: the device model' } },
  ],
  examples: [
    {
      command: 'civicmeter read a-main --site site.yaml',
      text: { zh: '按站点文件读设备 a-main', en: 'the device a-main as the site file has it' },
    },
    {
      command: 'civicmeter read --host 10.0.0.5 --unit 3 --model schneider-iem3000',
      text: { zh: '尚未写进站点文件的表计', en: 'a meter that no site file has yet' },
    },
    {
      command: 'civicmeter read --serial /dev/ttyUSB0 --baud 19200 --parity even --unit 3 --model schneider-iem3000',
      text: { zh: '本机串口上的表计', en: 'a meter on a serial port' },
    },
  ],
  answer: readSchema,
  csv: true,
  input: z.strictObject({ args: z.array(z.string()).max(1), ...lineInput, model: z.string().optional() }),
  run: async (cli, { args: [device], ...input }) => {
    const target = targetOf(fieldLine(cli, input, device), input);
    const { values, failure } = await readNow(cli, target, input.force === true);
    const { connection, model, name, zone } = target;
    const about = { device: name, model: model.id, line: addressOf(connection), unit: target.device.unit ?? null };
    showReading(cli, { ...about, values, failure: failure?.kind ?? null, zone });
    return values.every(({ quality }) => quality !== 'absent') ? EXIT.fine : EXIT.found;
  },
});

interface Target extends Pick<FieldLine, 'zone'> {
  readonly connection: Connection;
  readonly device: ConnectedDevice;
  readonly model: DeviceModel;
  /** Name in the site file. */
  readonly name: string | null;
}

/** Throws DEVICE_NEEDED, MODEL_UNKNOWN, UNIT_INVALID. */
function targetOf(line: FieldLine, input: LineInput & { readonly model?: string | undefined }): Target {
  const { connection, models } = line;
  const id = line.device?.model ?? input.model;
  if (id === undefined || (!line.device && input.unit === undefined)) {
    throw requestError('DEVICE_NEEDED', 'it is not said which device is meant', {
      place: input.site === undefined ? '--unit, --model' : '[device]',
      cure: input.site === undefined ? 'add --unit N and --model ID' : 'name a device of the site file',
    });
  }
  const model = models.get(id);
  const fitting = [...models.values()].filter(
    ({ protocol }) => (protocol === 'opcua') === (connection.kind === 'opcua'),
  );
  if (!model || !fitting.includes(model)) {
    throw requestError(
      'MODEL_UNSUITABLE',
      model ? `${id} is not read over ${connection.kind}` : `there is no model "${id}"`,
      {
        place: '--model',
        cure: suggest(
          id,
          fitting.map((one) => one.id),
        ).en,
      },
    );
  }
  const unit = input.unit ?? line.device?.unit;
  const device = line.device ?? { id: 'device', connection: connection.id, model: id, intervalMs: 0 };
  const checked = connection.kind === 'opcua' ? undefined : checkUnit(unit ?? Number.NaN, '--unit', isTcp(connection));
  return { connection, device: { ...device, unit: checked }, model, name: line.device?.id ?? null, zone: line.zone };
}

async function readNow(cli: Cli, { connection, device, model }: Target, force: boolean): Promise<DeviceReading> {
  if (connection.kind === 'opcua') {
    return model.protocol === 'opcua' ? { values: await readServer(cli, connection, device, model) } : { values: [] };
  }
  if (model.protocol === 'opcua') return { values: [] };
  const session = await holdLine(cli, connection, force);
  try {
    const unit = device.unit ?? 0;
    const reading = await readModbusDevice(session.ask, unit, model, cli.io.clock.now);
    if (reading.values.some(({ words }) => words !== null) || !reading.failure) return reading;
    throw nothingRead(`unit ${unit} on ${addressOf(connection)}`, connection.timeoutMs, reading.failure);
  } finally {
    session.close();
  }
}

function nothingRead(place: string, timeoutMs: number, fault: NonNullable<DeviceReading['failure']>): Error {
  if (fault.kind === 'exception' && !GATEWAY_CODES.includes(fault.code)) {
    return deviceError(
      'DEVICE_REFUSES',
      `${place} answers, but refuses every register: ${reasonText(`exception-${fault.code}`).en}`,
      {
        place,
        cure: 'check the model; behind a gateway, check that the meter is connected and its unit is right',
      },
    );
  }
  if (fault.kind === 'timeout' || fault.kind === 'exception') {
    const why =
      fault.kind === 'timeout' ? `no answer within ${timeoutMs} ms` : reasonText(`exception-${fault.code}`).en;
    return deviceError('DEVICE_SILENT', `${place} is silent: ${why}`, {
      place,
      cure: 'check power, wiring (A and B), unit and speed; civicmeter probe --units 1-247 finds what answers',
    });
  }
  return deviceError('DEVICE_GARBLED', `${place} gave no usable answer: ${fault.detail}`, {
    place,
    cure: 'check the framing (--rtu), speed and parity, and that no two meters have one unit',
  });
}

async function readServer(
  cli: Cli,
  connection: OpcUaConnection,
  device: ConnectedDevice,
  model: Extract<DeviceModel, { readonly protocol: 'opcua' }>,
): Promise<readonly ReadValue[]> {
  const { opcUaClient } = await import('../../../collectors/opcua/client.ts');
  routeLibraryLog(createTelemetry(silentLogger()));
  const { env, clock } = cli.io;
  const surroundings = { certificates: filesOf(cli.data).certificates, env, now: clock.now };
  const session = await opcUaClient(connection, surroundings)();
  try {
    return await readOpcUaDevice(session, device, model);
  } finally {
    await session.close();
  }
}
