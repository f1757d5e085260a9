import { resolve } from 'node:path';
import type { Clock, Telemetry } from '#platform';
import { type LineState, lineStates } from '../../../collectors/commissioning/index.ts';
import type { CollectorPlan, DeviceModel } from '../../../collectors/contract.ts';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { createOpcUaCollectors } from '../../../collectors/opcua/index.ts';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { createSupervisor, type Supervisor } from '../../../collectors/supervisor.ts';
import { filesOf } from './data-folder.ts';

export interface CollectingOptions {
  readonly plan: CollectorPlan;
  readonly models: ReadonlyMap<string, DeviceModel>;
  readonly data: string;
  readonly spool: SpoolFile;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface Collecting extends Supervisor {
  /** The lines as people look at them. */
  readonly lines: () => readonly LineState[];
}

/** The collectors of a site, writing to the spool. Throws PLAN_INVALID. */
export function createCollecting({ plan, models, data, spool, clock, telemetry }: CollectingOptions): Collecting {
  const supervisor = createSupervisor({
    plan,
    models,
    context: { site: plan.site, deliver: spool.append, clock, random: Math.random, telemetry },
    create: {
      modbus: createModbusCollector,
      opcua: createOpcUaCollectors({ certificates: resolve(filesOf(data).certificates) }),
    },
  });
  return { ...supervisor, lines: () => lineStates(plan, supervisor.health()) };
}
