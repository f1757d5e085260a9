import { configError } from '#domain';
import type { EventSpec } from '#platform';
import type {
  Collector,
  CollectorContext,
  CollectorFactories,
  CollectorPlan,
  Connection,
  DeviceModel,
  LineHealth,
} from './contract.ts';
import { planMistakes } from './plan.ts';

export interface SupervisorSettings {
  readonly plan: CollectorPlan;
  readonly models: ReadonlyMap<string, DeviceModel>;
  readonly context: CollectorContext;
  /** How a collector of each kind is made. */
  readonly create: CollectorFactories;
  /** Pause before a collector that fell over is started again. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number } | undefined;
}

export interface SupervisedLine extends LineHealth {
  /** Times that its collector fell over and was started again. */
  readonly restarts: number;
  readonly lastCrash?: string | undefined;
}

export interface Supervisor {
  /** Runs one collector per connection until the signal aborts and all of them have closed. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly health: () => readonly SupervisedLine[];
}

const COLLECTOR_CRASHED: EventSpec = {
  level: 'error',
  message: 'A collector fell over and is started again',
  labels: ['connection'],
};
const CONNECTION_UNUSED: EventSpec = { level: 'warn', message: 'A connection has no device: it is not opened' };

const BACKOFF = { minMs: 1_000, maxMs: 60_000 };
/** A collector that ran this long starts again with the shortest pause. */
const STEADY_MS = 10 * 60_000;

/**
 * The collectors of a site: one per connection that has devices. One that falls over takes no other along. Throws
 * PLAN_INVALID with every mistake of the plan before anything is opened.
 */
export function createSupervisor(settings: SupervisorSettings): Supervisor {
  const { plan, models, context } = settings;
  refuseMistakes(plan, models);
  const lines = plan.connections.flatMap((connection): readonly SupervisedTask[] => {
    const devices = plan.devices.filter((d) => d.connection === connection.id);
    if (devices.length > 0) return [supervise(collectorOf(connection, devices, settings), settings)];
    context.telemetry.emit('connectionUnused', CONNECTION_UNUSED, { connection: connection.id });
    return [];
  });
  return {
    run: async (signal) => {
      // a site whose meters are all read by hand has no line, yet is collecting until it is stopped
      await Promise.all([aborted(signal), ...lines.map((line) => line.run(signal))]);
    },
    health: () => lines.map((line) => line.health()),
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

function refuseMistakes(plan: CollectorPlan, models: ReadonlyMap<string, DeviceModel>): void {
  const mistakes = planMistakes(plan, models);
  const first = mistakes[0];
  if (!first) return;
  const text = mistakes.map((m) => `${m.place}: ${m.message} (${m.cure})`).join('; ');
  throw configError('PLAN_INVALID', text, {
    place: first.place,
    cure: first.cure,
    context: { mistakes: mistakes.length },
  });
}

function collectorOf(
  connection: Connection,
  devices: CollectorPlan['devices'],
  { create, models, context }: SupervisorSettings,
): Collector {
  return connection.kind === 'opcua'
    ? create.opcua(connection, devices, models, context)
    : create.modbus(connection, devices, models, context);
}

interface SupervisedTask {
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly health: () => SupervisedLine;
}

function supervise(collector: Collector, { context, backoff = BACKOFF }: SupervisorSettings): SupervisedTask {
  const { clock, random, telemetry } = context;
  let restarts = 0;
  let lastCrash: string | undefined;
  return {
    health: () => ({ ...collector.health(), restarts, lastCrash }),
    run: async (signal) => {
      let inARow = 0;
      while (!signal.aborted) {
        const from = clock.now();
        const crash = await crashOf(collector, signal);
        if (signal.aborted && crash === undefined) return;
        lastCrash = crash ?? 'it ended by itself';
        restarts += 1;
        inARow = clock.now() - from > STEADY_MS ? 1 : inARow + 1;
        telemetry.emit('collectorCrashed', COLLECTOR_CRASHED, { connection: collector.connection, reason: lastCrash });
        const pause = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(inARow - 1, 20)) * (0.5 + random() / 2);
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    },
  };
}

/** Runs a collector to its end; what it fell over. */
async function crashOf(collector: Collector, signal: AbortSignal): Promise<string | undefined> {
  try {
    await collector.run(signal);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
