import { createModbusCollector } from '../../collectors/modbus/index.ts';
import { runRelay, toLog } from '../../collectors/spool/relay.ts';
import { createSupervisor } from '../../collectors/supervisor.ts';
import { storeError } from '../../pipeline/domain/index.ts';
import type { Random } from '../oracle/world/random.ts';
import { memorySpool, type SpoolDisk } from '../support/memory-spool.ts';
import { lineOf, MODELS, planOf, SITE } from './building.ts';
import type { Faults } from './faults.ts';
import type { GroupLog } from './group-log.ts';
import { nullTelemetry } from './telemetry.ts';
import { createProcess, type Process, type VirtualTime } from './time.ts';

export interface GatewayOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly log: GroupLog;
  readonly disk: SpoolDisk;
  readonly number: number;
  readonly gateways: number;
  readonly signal: AbortSignal;
  /** Told of each frame that the spool acknowledged to a collector. */
  readonly accepted: (frames: number) => void;
  readonly died: () => void;
}

const SYNC_MS = 8;

/** One life of a gateway: collectors, spool and relay over a disk that outlives it. */
export function startGateway(options: GatewayOptions): Process {
  const { time, random, faults, log, disk, number, gateways, signal } = options;
  const process = createProcess(time, {
    dies: () => faults.strikes('gatewayDied', 0.0006),
    died: options.died,
  });
  const telemetry = nullTelemetry();
  const spool = memorySpool(disk, async () => {
    await process.clock.sleep(SYNC_MS);
    if (faults.strikes('spoolSyncLost', 0.0006)) process.kill();
    await process.ask(() => undefined);
  });
  const collecting = createSupervisor({
    plan: planOf(number, gateways),
    models: MODELS,
    context: {
      site: SITE,
      deliver: async (frames) => {
        await spool.append(frames);
        options.accepted(frames.length);
      },
      clock: process.clock,
      random: () => random.int(0, 999_999) / 1_000_000,
      telemetry,
    },
    create: {
      modbus: (connection, devices, models, context) =>
        createModbusCollector(connection, devices, models, context, { open: lineOf(time, process, faults) }),
      opcua: () => {
        throw new Error('the simulated building has no OPC UA server');
      },
    },
  });
  const relay = runRelay(
    {
      spool,
      deliver: toLog({
        append: async (records) => {
          if (faults.strikes('appendRefused', 0.01)) throw noBroker();
          await process.ask(() => log.put(records));
          // the log has them, and its answer is lost on the way
          if (faults.strikes('appendRepeated', 0.01)) throw noBroker();
        },
      }),
      clock: process.clock,
      random: () => random.int(0, 999_999) / 1_000_000,
      telemetry,
    },
    signal,
  );
  void Promise.all([collecting.run(signal), relay]);
  return process;
}

const noBroker = (): Error => storeError('LOG_UNREACHABLE', 'no broker answers', { retryable: true });
