import { resolve } from 'node:path';
import { invariantError } from '#domain';
import type { Clock, Telemetry } from '#platform';
import { type LineState, lineStates } from '../../../collectors/commissioning/lines.ts';
import type { CollectorContext, CollectorFactories, CollectorPlan, DeviceModel } from '../../../collectors/contract.ts';
import type { Spool } from '../../../collectors/spool/port.ts';
import { createSupervisor, type Supervisor } from '../../../collectors/supervisor.ts';
import { filesOf } from './data-folder.ts';

export interface CollectingOptions {
  readonly plan: CollectorPlan;
  readonly models: ReadonlyMap<string, DeviceModel>;
  readonly data: string;
  readonly deliver: Spool['append'];
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface Collecting extends Supervisor {
  /** The lines as people look at them. */
  readonly lines: () => readonly LineState[];
}

/** The collectors of a site, writing to the spool. A protocol that the site does not use is not loaded. Throws PLAN_INVALID. */
export async function createCollecting(options: CollectingOptions): Promise<Collecting> {
  const { plan, models, data, deliver, clock, telemetry } = options;
  const context: CollectorContext = { site: plan.site, deliver, clock, random: Math.random, telemetry };
  const create = await factoriesFor(plan, filesOf(data));
  const supervisor = createSupervisor({ plan, models, context, create });
  return { ...supervisor, lines: () => lineStates(plan, supervisor.health()) };
}

async function factoriesFor(
  { connections }: CollectorPlan,
  { certificates, opcUaMarks }: ReturnType<typeof filesOf>,
): Promise<CollectorFactories> {
  const has = (opcua: boolean): boolean => connections.some(({ kind }) => (kind === 'opcua') === opcua);
  const modbus = has(false) ? (await import('../../../collectors/modbus/index.ts')).createModbusCollector : notLoaded;
  const opcua = has(true)
    ? (await import('../../../collectors/opcua/index.ts')).createOpcUaCollectors({
        certificates: resolve(certificates),
        marks: resolve(opcUaMarks),
      })
    : notLoaded;
  return { modbus, opcua };
}

const notLoaded = ({ id }: { readonly id: string }): never => {
  throw invariantError('PROTOCOL_NOT_LOADED', `the collector of connection ${id} was not loaded`);
};
