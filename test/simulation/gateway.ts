import { createModbusCollector } from '../../collectors/modbus/index.ts';
import { runRelay, toLog } from '../../collectors/spool/relay.ts';
import { createSupervisor } from '../../collectors/supervisor.ts';
import { storeError } from '../../pipeline/domain/index.ts';
import type { Telemetry } from '../../pipeline/platform/index.ts';
import type { Random } from '../oracle/world/random.ts';
import { emptyDisk, memorySpool, type SpoolDisk } from '../support/memory-spool.ts';
import { lineOf, MODELS, planOf, SITE } from './building.ts';
import type { Faults } from './faults.ts';
import type { GroupLog } from './group-log.ts';
import { createProcess, type Process, type VirtualTime } from './time.ts';

/** What of a gateway outlives its process. */
export interface GatewaySite {
  readonly number: number;
  readonly disk: SpoolDisk;
  /** `seq` numbers whose frames a crash tore off the end before anybody was told that they are kept. */
  readonly torn: Set<number>;
  /** Frames that the spool acknowledged to a collector. */
  accepted: number;
  /** Of its clock against true time, ms. */
  offset: number;
}

export const gatewaySite = (number: number): GatewaySite => ({
  number,
  disk: emptyDisk(`0000000${number + 1}`),
  torn: new Set(),
  accepted: 0,
  offset: 0,
});

export interface GatewayOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly telemetry: Telemetry;
  readonly log: GroupLog;
  readonly isLogDown: () => boolean;
  readonly site: GatewaySite;
  readonly gateways: number;
  readonly signal: AbortSignal;
  readonly died: () => void;
}

const SYNC_MS = 8;

/** One life of a gateway: collectors, spool and relay over a disk that outlives it. */
export function startGateway(options: GatewayOptions): Process {
  const { time, random, faults, telemetry, site, signal } = options;
  const process = createProcess(time, {
    dies: () => faults.strikes('gatewayDied', 0.0006),
    died: options.died,
  });
  process.setOffset(site.offset);
  const spool = memorySpool(site.disk, async () => {
    await process.clock.sleep(SYNC_MS);
    if (faults.strikes('spoolTailTorn', 0.0006)) {
      tear(site, random.int(0, 3));
      process.kill();
    }
    await process.ask(() => undefined);
  });
  const uniform = (): number => random.int(0, 999_999) / 1_000_000;
  const collecting = createSupervisor({
    plan: planOf(site.number, options.gateways),
    models: MODELS,
    context: {
      site: SITE,
      deliver: async (frames) => {
        if (faults.strikes('spoolFull', 0.002)) throw diskFull();
        await spool.append(frames);
        if (faults.strikes('spoolAnswerLost', 0.0006)) process.kill();
        await process.ask(() => undefined);
        site.accepted += frames.length;
      },
      clock: process.clock,
      random: uniform,
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
      deliver: toLog({ append: producerOf(process, options) }),
      clock: process.clock,
      random: uniform,
      telemetry,
      gatherMs: random.pick(GATHER_MS),
    },
    signal,
  );
  void Promise.all([collecting.run(signal), relay]);
  return process;
}

/** Live frames mostly share their way, as in a gateway; in some lives each goes alone. */
const GATHER_MS = [500, 500, 500, 0] as const;

const producerOf =
  (process: Process, { faults, log, isLogDown }: GatewayOptions) =>
  async (records: Parameters<GroupLog['put']>[0]): Promise<void> => {
    if (isLogDown() || faults.strikes('appendRefused', 0.02)) throw noBroker();
    await process.ask(() => log.put(records));
    // the log has them, and its answer is lost on the way
    if (faults.strikes('appendRepeated', 0.02)) throw noBroker();
  };

/** What the file gave numbers to and had not yet synced: the numbers stay a gap. */
function tear({ disk, torn }: GatewaySite, frames: number): void {
  for (let i = 0; i < frames; i++) torn.add(disk.next++);
}

const noBroker = (): Error => storeError('LOG_UNREACHABLE', 'no broker answers', { retryable: true });
const diskFull = (): Error => storeError('SPOOL_FULL', 'the disk is full', { retryable: true });
