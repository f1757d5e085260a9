import type { Collector, ConnectedDevice, DeviceModel } from '../../collectors/contract.ts';
import { createModbusCollector, type ModbusOptions } from '../../collectors/modbus/index.ts';
import { type RecordedEvent, recordingContext, type RecordingContext } from './collector-context.ts';
import { lineTo, litres, modbusModel } from './modbus-model.ts';
import { type Answer, type FieldServer, startFieldServer, type WireRequest, wordOf } from './modbus-server.ts';

/** Back-offs short enough for a test. */
export const FAST: ModbusOptions = { unitBackoff: { minMs: 30, maxMs: 60 }, lineBackoff: { minMs: 10, maxMs: 20 } };
/** Two registers too far apart for one request. */
export const TWO_FAR = modbusModel([litres('a', 0), litres('b', 100)], { maxWords: 10 });

/** What a whole frame of TWO_FAR holds. */
export const whole = (unit: number): readonly (readonly [string, number])[] => [
  ['a', wordOf(unit, 3, 0)],
  ['b', wordOf(unit, 3, 100)],
];

export const meters = (...units: readonly number[]): readonly ConnectedDevice[] =>
  units.map((unit) => ({ id: `m${unit}`, connection: 'line', model: 'test-meter', intervalMs: 40, unit }));

export const framesOf = (context: RecordingContext, device: string): RecordingContext['frames'] =>
  context.frames.filter((f) => f.device === device);

export const eventsOf = (context: RecordingContext, event: string): readonly RecordedEvent[] =>
  context.events.filter((e) => e.event === event);

export interface Started {
  readonly context: RecordingContext;
  readonly collector: Collector;
  readonly stop: () => Promise<void>;
}

export interface ModbusRig {
  readonly field: (treat: (request: WireRequest) => Answer) => Promise<FieldServer>;
  readonly start: (
    /** Where `timeoutMs` is not given, a time-out short enough for a test. */
    server: Pick<FieldServer, 'host' | 'port'> & { readonly timeoutMs?: number },
    devices: readonly ConnectedDevice[],
    model?: DeviceModel,
    context?: RecordingContext,
    options?: ModbusOptions,
  ) => Started;
  /** To be closed at the end, after the collectors. */
  readonly later: (close: () => Promise<void>) => void;
  /** Ends every collector and server that the rig started. */
  readonly end: () => Promise<void>;
}

/** Servers and collectors of one test file; `end` after each test. */
export function modbusRig(): ModbusRig {
  const stops: (() => Promise<void>)[] = [];
  return {
    later: (close) => void stops.push(close),
    end: async () => {
      for (const stop of stops.splice(0)) await stop();
    },
    field: async (treat) => {
      const server = await startFieldServer(treat);
      stops.push(server.close);
      return server;
    },
    start: (server, devices, model = TWO_FAR, context = recordingContext(), options = FAST) => {
      const collector = createModbusCollector(
        lineTo(server, server.timeoutMs),
        devices,
        new Map([[model.id, model]]),
        context,
        options,
      );
      const abort = new AbortController();
      const running = collector.run(abort.signal);
      const stop = async (): Promise<void> => {
        abort.abort();
        await running;
      };
      stops.unshift(stop);
      return { context, collector, stop };
    },
  };
}
