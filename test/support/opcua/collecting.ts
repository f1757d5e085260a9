import type { FrameDraft } from '#domain';
import type { ConnectedDevice, DeviceModel, OpcUaConnection } from '../../../collectors/contract.ts';
import { createOpcUaCollector } from '../../../collectors/opcua/index.ts';
import { recordingContext, type RecordingContext } from '../collector-context.ts';

export const NAMESPACE = 'urn:test:meters';

export const METER: DeviceModel = {
  protocol: 'opcua',
  id: 'test-meter',
  vendor: 'test',
  model: 'meter',
  source: { document: 'this test', confidence: 'A' },
  registers: [
    {
      name: 'e1',
      quantity: 'energy.import.total',
      kind: 'counter',
      carrier: 'electricity',
      unit: 'Wh',
      scale: '1',
      path: 'Energy',
    },
    {
      name: 'v1',
      quantity: 'volume.forward',
      kind: 'counter',
      carrier: 'water',
      unit: 'L',
      scale: '1',
      path: 'Volume',
    },
    { name: 'p1', quantity: 'power.active.total', kind: 'gauge', unit: 'W', scale: '1', path: 'Power' },
  ],
};

/** Nodes of the meter m1. */
export const NODES = { 'm1.Energy': 'Double', 'm1.Volume': 'UInt64', 'm1.Power': 'Float' } as const;

export interface Collecting {
  readonly context: RecordingContext;
  readonly health: ReturnType<typeof createOpcUaCollector>['health'];
  /** Reasons why no session could be opened, in their order. */
  readonly refusals: () => readonly unknown[];
  readonly values: (register: string) => readonly (readonly [at: number, value: number, flags?: string])[];
  readonly saw: (event: string, fields?: Readonly<Record<string, unknown>>) => boolean;
  readonly stop: () => Promise<void>;
}

/** Runs a collector of one server with the meter m1 on it. */
export function collecting(
  connection: Partial<OpcUaConnection> & Pick<OpcUaConnection, 'endpoint'>,
  certificates: string,
  more: {
    readonly intervalMs?: number;
    readonly env?: Readonly<Record<string, string>>;
    readonly marks?: string;
  } = {},
): Collecting {
  const context = recordingContext();
  const device: ConnectedDevice = {
    id: 'm1',
    connection: 'ua',
    model: METER.id,
    intervalMs: more.intervalMs ?? 200,
    namespace: NAMESPACE,
    nodePrefix: 'm1.',
  };
  const whole: OpcUaConnection = { kind: 'opcua', id: 'ua', security: 'none', timeoutMs: 5_000, ...connection };
  const options = { certificates, backoff: { minMs: 50, maxMs: 200 }, env: more.env ?? {}, marks: more.marks };
  const collector = createOpcUaCollector(whole, [device], new Map([[METER.id, METER]]), context, options);
  const abort = new AbortController();
  const run = collector.run(abort.signal);
  const isEntry = ([name]: FrameDraft['r'][number], register: string): boolean => name === register;
  return {
    context,
    health: collector.health,
    refusals: () =>
      context.events.filter((e) => e.event === 'opcuaServerNotConnected').map(({ fields }) => fields['reason']),
    values: (register) =>
      context.frames.flatMap(({ at, r }) =>
        r
          .filter((entry) => isEntry(entry, register))
          .map(([, value, flags]): readonly [number, number, string?] =>
            flags === undefined ? [at, value] : [at, value, flags],
          ),
      ),
    saw: (event, fields = {}) =>
      context.events.some((e) => e.event === event && Object.entries(fields).every(([k, v]) => e.fields[k] === v)),
    stop: async () => {
      abort.abort();
      await run;
    },
  };
}
