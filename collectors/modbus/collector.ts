import { configError, invariantError } from '#domain';
import type {
  Collector,
  CollectorContext,
  ConnectedDevice,
  DeviceModel,
  LineHealth,
  ModbusConnection,
} from '../contract.ts';
import { deliverHeld } from '../deliver.ts';
import {
  DEVICE_LOST,
  DEVICE_RECOVERED,
  FOREIGN_HEARD,
  FOREIGN_HEARD_AGAIN,
  LINE_NOT_OPENED,
  LINE_NOT_OPENED_AGAIN,
  LINE_OPENED,
  LINE_OPENED_AGAIN,
  LINE_POISONED,
  LINE_POISONED_AGAIN,
  POLLS_SKIPPED,
  POLLS_SKIPPED_AGAIN,
} from './events.ts';
import { createLine, type Line, type LineWatch } from './line.ts';
import { createPoller, type ModbusModel, type PollResult } from './poller.ts';
import { reasonOf } from './report.ts';
import { type Backoff, LINE_BACKOFF, UNIT_BACKOFF } from './schedule.ts';
import { addressOf, openTransportOf, pauseMsOf } from './lines.ts';
import type { OpenTransport, ReadRequest, ReadResult } from './transport.ts';
import { healthOf, mindClock, nextUnit, settle, type Unit, unitOf } from './unit.ts';

export interface ModbusOptions {
  readonly unitBackoff?: Backoff | undefined;
  readonly lineBackoff?: Backoff | undefined;
  /** Another transport than the one of the connection's kind. */
  readonly open?: OpenTransport | undefined;
}

/** A wait is cut into pieces of this length, so that a clock that was set is noticed. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Collector of one Modbus line: its devices one after another, one request in flight, each at multiples of its interval.
 * A unit that does not answer costs the line one time-out per back-off period; a round that is late skips, never piles up.
 * Throws MODEL_UNKNOWN where a device's model is not among `models` or is none of Modbus.
 */
export function createModbusCollector(
  connection: ModbusConnection,
  devices: readonly ConnectedDevice[],
  models: ReadonlyMap<string, DeviceModel>,
  context: CollectorContext,
  options: ModbusOptions = {},
): Collector {
  const { clock, random, telemetry, site } = context;
  const unitBackoff = options.unitBackoff ?? UNIT_BACKOFF;
  const units = devices.map((device) =>
    unitOf(device, createPoller(device, modbusModel(device, models), context, unitBackoff), clock.now()),
  );
  const line = createLine(
    options.open ?? openTransportOf(connection, clock),
    { pauseMs: pauseMsOf(connection), backoff: options.lineBackoff ?? LINE_BACKOFF },
    context,
    lineWatch(connection, telemetry),
  );
  /** Polls of these were skipped the last time. */
  const late = new Set<Unit>();
  let running = false;

  const pollUnit = async (unit: Unit, signal: AbortSignal): Promise<void> => {
    const from = clock.now();
    const before = unit.state;
    const result = await unit.poller.poll(reopeningOnce(line, signal), signal);
    if (signal.aborted) return;
    const now = clock.now();
    unit.lastPollMs = Math.max(0, now - from);
    const skipped = settle(unit, result, now, unitBackoff, random);
    report(unit, before, result, skipped);
    if (result.entries.length === 0) return;
    const frame = { site, device: unit.device.id, at: result.at, r: result.entries };
    await deliverHeld([frame], connection.id, context, signal);
  };

  const report = (unit: Unit, before: Unit['state'], result: PollResult, skipped: number): void => {
    const fields = { connection: connection.id, device: unit.device.id, unit: unit.device.unit };
    if (skipped > 0) {
      telemetry.emit('pollsSkipped', late.has(unit) ? POLLS_SKIPPED_AGAIN : POLLS_SKIPPED, fields, skipped);
      late.add(unit);
    } else late.delete(unit);
    if (unit.state === before) return;
    if (result.failure) {
      telemetry.emit('deviceLost', DEVICE_LOST, { ...fields, state: unit.state, reason: reasonOf(result.failure) });
    } else if (before !== 'not-yet-read') telemetry.emit('deviceRecovered', DEVICE_RECOVERED, fields);
  };

  /** Waits for the next device that is due. None: the signal aborted, or there are no devices. */
  const nextDueUnit = async (signal: AbortSignal): Promise<Unit | undefined> => {
    while (!signal.aborted) {
      const now = clock.now();
      for (const unit of units) mindClock(unit, now, unitBackoff);
      const unit = nextUnit(units, now);
      if (unit && unit.dueAt <= now) return unit;
      const wait = Math.min(LONGEST_WAIT_MS, (unit?.dueAt ?? Infinity) - now);
      await clock.sleep(wait, signal).catch(() => undefined);
    }
    return undefined;
  };

  const rounds = async (signal: AbortSignal): Promise<void> => {
    while (await line.ready(signal)) {
      const unit = await nextDueUnit(signal);
      // the wait may have been long: some gateways close what is idle
      if (unit && (await line.ready(signal))) await pollUnit(unit, signal);
    }
  };

  return {
    connection: connection.id,
    run: async (signal) => {
      if (running) throw invariantError('COLLECTOR_RUNNING', `${connection.id} is already running`);
      running = true;
      // a read in flight ends at once, and nothing is delivered after
      signal.addEventListener('abort', line.close, { once: true });
      try {
        await rounds(signal);
      } finally {
        signal.removeEventListener('abort', line.close);
        line.close();
        running = false;
      }
    },
    health: () => ({
      connection: connection.id,
      kind: connection.kind,
      ...line.state(),
      roundMs: roundMsOf(units),
      units: units.map(healthOf),
    }),
  };
}

function modbusModel(device: ConnectedDevice, models: ReadonlyMap<string, DeviceModel>): ModbusModel {
  const model = models.get(device.model);
  if (model?.protocol === 'modbus') return model;
  const known = [...models.values()].filter((m) => m.protocol === 'modbus').map((m) => m.id);
  throw configError(
    'MODEL_UNKNOWN',
    model
      ? `model ${device.model} of device ${device.id} is not read over Modbus`
      : `device ${device.id} has the model "${device.model}", which is not known`,
    { place: device.id, cure: `use one of ${known.join(', ')}, or add its file to the device models` },
  );
}

/** What one full round takes: the last poll of each device, time-outs included. Unknown until each was asked once. */
function roundMsOf(units: readonly Unit[]): LineHealth['roundMs'] {
  const durations = units.map((unit) => unit.lastPollMs);
  return durations.reduce((sum, ms) => (sum === undefined || ms === undefined ? undefined : sum + ms), 0);
}

/**
 * A connection that was closed while nobody looked costs no reading: it is opened anew and the request asked once more.
 * Only the first of a poll: what was read before a long interruption must not share a frame with what comes after it.
 */
function reopeningOnce(line: Line, signal: AbortSignal): (request: ReadRequest) => Promise<ReadResult> {
  let first = true;
  return async (request) => {
    const mayReopen = first;
    first = false;
    const result = await line.read(request);
    if (result.ok || result.fault.kind !== 'closed' || !mayReopen) return result;
    return (await line.ready(signal)) ? line.read(request) : result;
  };
}

const lineWatch = (connection: ModbusConnection, telemetry: CollectorContext['telemetry']): LineWatch => {
  const fields = { connection: connection.id, address: addressOf(connection) };
  const heard = new Set<number>();
  const poisons = new Set<string>();
  let isPoisoned = false;
  let refusal: string | undefined;
  return {
    opened: (reopened) => {
      const spec = isPoisoned && refusal === undefined ? LINE_OPENED_AGAIN : LINE_OPENED;
      [isPoisoned, refusal] = [false, undefined];
      telemetry.emit('lineOpened', spec, { ...fields, reopened });
    },
    notOpened: (failure, retryInMs) => {
      const spec = failure.reason === refusal ? LINE_NOT_OPENED_AGAIN : LINE_NOT_OPENED;
      refusal = failure.reason;
      telemetry.emit('lineNotOpened', spec, { ...fields, ...failure, retryInMs: Math.round(retryInMs) });
    },
    poisoned: (reason) => {
      telemetry.emit('linePoisoned', poisons.has(reason) ? LINE_POISONED_AGAIN : LINE_POISONED, { ...fields, reason });
      poisons.add(reason);
      isPoisoned = true;
    },
    foreign: (unit, detail) => {
      telemetry.emit('foreignHeard', heard.has(unit) ? FOREIGN_HEARD_AGAIN : FOREIGN_HEARD, {
        ...fields,
        unit,
        detail,
      });
      heard.add(unit);
    },
  };
};
