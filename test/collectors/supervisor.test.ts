import { afterEach, describe, expect, test } from 'vitest';
import type { Collector, CollectorFactories, CollectorPlan } from '../../collectors/contract.ts';
import { loadModels } from '../../collectors/devices/index.ts';
import { createModbusCollector } from '../../collectors/modbus/index.ts';
import { createSupervisor } from '../../collectors/supervisor.ts';
import { recordingContext, until } from '../support/collector-context.ts';
import { type FieldServer, startFieldServer } from '../support/modbus-server.ts';

const models = loadModels();
const servers: FieldServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const planOf = (ports: readonly number[]): CollectorPlan => ({
  site: 'site-1',
  connections: ports.map((port, i) => ({
    kind: 'modbus-tcp',
    id: `line-${i}`,
    host: '127.0.0.1',
    port,
    timeoutMs: 200,
    pauseMs: 0,
  })),
  devices: ports.map((_, i) => ({
    id: `m${i}`,
    connection: `line-${i}`,
    model: 'schneider-iem3000',
    intervalMs: 50,
    unit: 1,
  })),
});

/** A collector that does what the test says. */
const scripted = (connection: string, run: Collector['run']): Collector => ({
  connection,
  run,
  health: () => ({ connection, kind: 'opcua', state: 'closed', reopened: 0, units: [] }),
});

const noOpcUa: CollectorFactories['opcua'] = (connection) => scripted(connection.id, async () => undefined);

describe('the supervisor', () => {
  test('runs a collector per connection, and ends with all of them', async () => {
    servers.push(await startFieldServer(undefined, () => 0), await startFieldServer(undefined, () => 0));
    const context = recordingContext();
    const supervisor = createSupervisor({
      plan: planOf(servers.map((s) => s.port)),
      models,
      context,
      create: { modbus: createModbusCollector, opcua: noOpcUa },
    });
    const abort = new AbortController();
    const running = supervisor.run(abort.signal);
    await until('frames of both', () => new Set(context.frames.map((f) => f.device)).size === 2);
    expect(supervisor.health().map((h) => [h.connection, h.state, h.restarts])).toEqual([
      ['line-0', 'open', 0],
      ['line-1', 'open', 0],
    ]);
    abort.abort();
    await running;
    expect(supervisor.health().map((h) => h.state)).toEqual(['closed', 'closed']);
  });

  test('starts one that falls over or ends again; the others go on', async () => {
    let runs = 0;
    const context = recordingContext();
    const steady = { started: 0 };
    const supervisor = createSupervisor({
      plan: planOf([1, 2]),
      models,
      context,
      backoff: { minMs: 1, maxMs: 5 },
      create: {
        opcua: noOpcUa,
        modbus: (connection) =>
          scripted(connection.id, async (signal) => {
            if (connection.id === 'line-1') {
              steady.started += 1;
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              return;
            }
            runs += 1;
            if (runs % 2 === 1) throw new Error('fell over');
          }),
      },
    });
    const abort = new AbortController();
    const running = supervisor.run(abort.signal);
    await until('four runs', () => runs >= 4);
    abort.abort();
    await running;
    expect(steady.started).toBe(1);
    expect(supervisor.health()[0]?.restarts).toBeGreaterThanOrEqual(3);
    const reasons = context.events.filter((e) => e.event === 'collectorCrashed').map((e) => e.fields['reason']);
    expect(reasons.slice(0, 2)).toEqual(['fell over', 'it ended by itself']);
    expect(supervisor.health()[1]).toMatchObject({ restarts: 0 });
  });

  test('refuses a plan with mistakes before anything is opened, naming all of them', () => {
    const plan = planOf([1, 2]);
    const broken = { ...plan, devices: plan.devices.map((d) => ({ ...d, unit: 300 })) };
    const make = () =>
      createSupervisor({
        plan: broken,
        models,
        context: recordingContext(),
        create: { modbus: () => expect.fail('opened'), opcua: noOpcUa },
      });
    expect(make).toThrow(expect.objectContaining({ code: 'PLAN_INVALID', place: 'm0', context: { mistakes: 2 } }));
    expect(make).toThrow(/m0: .*m1: /);
  });

  test('opens no connection without devices, and says so', async () => {
    const context = recordingContext();
    const supervisor = createSupervisor({
      plan: { ...planOf([1]), devices: [] },
      models,
      context,
      create: { modbus: () => expect.fail('opened'), opcua: noOpcUa },
    });
    const abort = new AbortController();
    const running = supervisor.run(abort.signal);
    expect(await Promise.race([running, new Promise((resolve) => setImmediate(() => resolve('still running')))])).toBe(
      'still running',
    );
    abort.abort();
    await running;
    expect(context.events.map((e) => [e.event, e.fields['connection']])).toEqual([['connectionUnused', 'line-0']]);
  });
});
