import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedDevice, ModbusConnection } from '../../../collectors/contract.ts';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import {
  type IndependentServer,
  serialPair,
  type SerialPair,
  skipLibmodbus,
  skipPymodbus,
  skipSerial,
  startLibmodbus,
  startLibmodbusOn,
  startPymodbus,
} from '../../support/modbus-independent.ts';
import { litres, modbusModel } from '../../support/modbus-model.ts';
import { eventsOf } from '../../support/modbus-rig.ts';
import { wordOf } from '../../support/modbus-server.ts';

const settings = { id: 'line', timeoutMs: 1_000, pauseMs: 0 } as const;
/** The last one lies beyond the 512 registers that the servers have. */
const MODEL = modbusModel([
  litres('a', 0),
  litres('b', 1, 'u32'),
  litres('c', 130, 'u64'),
  litres('d', 7, 'u32', 4),
  litres('e', 509, 'u16', 4),
  litres('f', 511, 'u32', 4),
]);

const valueOf = (unit: number, fc: 3 | 4, address: number, words: number): number =>
  Array.from({ length: words }, (_, i) => wordOf(unit, fc, address + i)).reduce((sum, word) => sum * 65_536 + word, 0);

const truth = (unit: number) => [
  ['a', valueOf(unit, 3, 0, 1)],
  ['b', valueOf(unit, 3, 1, 2)],
  ['d', valueOf(unit, 4, 7, 2)],
  ['e', valueOf(unit, 4, 509, 1)],
];

interface Absent {
  readonly state: 'silent' | 'refusing';
  readonly reason: string;
}

/** `absent`: what the server does of a unit that it does not have. */
function reads(units: readonly number[], absent: Absent, connection: () => ModbusConnection): void {
  test('the same values, the refused register alone absent, an unknown unit told apart', async () => {
    const context = recordingContext();
    const devices = [...units, 9].map((unit): ConnectedDevice => ({
      id: `m${unit}`,
      connection: 'line',
      model: MODEL.id,
      intervalMs: 200,
      unit,
    }));
    const collector = createModbusCollector(connection(), devices, new Map([[MODEL.id, MODEL]]), context);
    const stop = new AbortController();
    const running = collector.run(stop.signal);
    const frames = (unit: number) => context.frames.filter(({ device }) => device === `m${unit}`);
    const unknown = () => eventsOf(context, 'deviceLost').filter(({ fields }) => fields['device'] === 'm9');
    await until('three frames each', () => units.every((unit) => frames(unit).length >= 3), 30_000);
    await until('the unknown unit is known', () => unknown().length > 0, 30_000);
    stop.abort();
    await running;
    for (const unit of units) {
      // 'c' is beyond exact integers: such a value is refused, not rounded
      for (const { r } of frames(unit)) expect(r).toEqual(truth(unit));
    }
    const refused = eventsOf(context, 'requestFailed').filter(({ fields }) => fields['device'] !== 'm9');
    expect(refused.map(({ fields }) => [fields['reason'], fields['registers']])).toEqual(
      units.map(() => ['exception-2', 'f']),
    );
    expect(unknown()[0]?.fields).toMatchObject(absent);
    expect(eventsOf(context, 'foreignHeard')).toEqual([]);
  });
}

describe.skipIf(skipLibmodbus())('libmodbus over TCP', () => {
  let server: IndependentServer;
  beforeAll(async () => {
    server = await startLibmodbus();
  });
  afterAll(() => server.stop());
  reads([1, 2], { state: 'silent', reason: 'exception-11' }, () => ({
    ...settings,
    kind: 'modbus-tcp',
    host: '127.0.0.1',
    port: server.port,
  }));
});

describe.skipIf(skipSerial())('libmodbus on a serial port', () => {
  let pair: SerialPair;
  let server: IndependentServer;
  beforeAll(async () => {
    pair = await serialPair();
    server = await startLibmodbusOn(pair.theirs);
  });
  afterAll(async () => {
    await server.stop();
    await pair.end();
  });
  reads([1], { state: 'silent', reason: 'timeout' }, () => ({
    ...settings,
    kind: 'modbus-rtu',
    device: pair.ours,
    baudRate: 9_600,
    parity: 'even',
    stopBits: 1,
  }));
});

describe.skipIf(skipPymodbus())('pymodbus, RTU through a socket', () => {
  let server: IndependentServer;
  beforeAll(async () => {
    server = await startPymodbus();
  });
  afterAll(() => server.stop());
  // it answers for units that it does not have: 4, device failure
  reads([1, 2], { state: 'refusing', reason: 'exception-4' }, () => ({
    ...settings,
    kind: 'modbus-rtu-tcp',
    host: '127.0.0.1',
    port: server.port,
  }));
});
