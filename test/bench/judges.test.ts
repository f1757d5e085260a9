import { describe, expect, test } from 'vitest';
import { resultOf } from './form.ts';
import { createJudge as createModbusJudge } from './modbus/judge.ts';
import { faceOf, isGauge, nameOf as modbusName, REGISTERS as MODBUS_REGISTERS } from './modbus/site.ts';
import { wordOf } from './modbus/truth.ts';
import { createJudge as createOpcUaJudge } from './opcua/judge.ts';
import { nameOf as opcuaName, REGISTERS as OPCUA_REGISTERS, timeOfTick, valueOf } from './opcua/site.ts';

const SEED = 7;
const GOOD = { lost: 0, invented: 0, doubled: 0, differing: 0 };
type Entry = readonly [register: string, value: number, flags?: string];
interface Sent {
  readonly site: string;
  readonly device: string;
  readonly at: number;
  readonly r: readonly Entry[];
}

const modbusFrame = (unit: number, n: number): Sent => ({
  site: 'bench',
  device: `d${unit}`,
  at: 0,
  r: Array.from({ length: MODBUS_REGISTERS }, (_, address): Entry => {
    const value = faceOf(address, wordOf(SEED, unit, address, n));
    return isGauge(address) ? [modbusName(address), value, 'g'] : [modbusName(address), value];
  }),
});

const opcuaFrame = (device: number, tick: number): Sent => ({
  site: 'bench',
  device: `d${device}`,
  at: timeOfTick(tick),
  r: Array.from({ length: OPCUA_REGISTERS }, (_, register): Entry => [
    opcuaName(register),
    valueOf(SEED, device * OPCUA_REGISTERS + register, tick),
  ]),
});

/** Two devices (units 1 and 2, devices 0 and 1), three answers or ticks each. */
const RIGS = [
  {
    name: 'modbus',
    size: MODBUS_REGISTERS,
    frames: [1, 2].flatMap((unit) => [0, 1, 2].map((n) => modbusFrame(unit, n))),
    strange: modbusFrame(1, 3),
    judge: () => createModbusJudge(SEED, [0, 3, 3]),
  },
  {
    name: 'opcua',
    size: OPCUA_REGISTERS,
    frames: [0, 1].flatMap((device) => [10, 11, 12].map((tick) => opcuaFrame(device, tick))),
    strange: opcuaFrame(0, 13),
    judge: () => createOpcUaJudge(SEED, 2, { made: new Set([10, 11, 12]), due: [10, 11, 12] }),
  },
];

describe.each(RIGS)('the judge of $name', ({ size, frames, strange, judge }) => {
  const verdictOn = (sent: readonly Sent[]): object => {
    const judging = judge();
    for (const frame of sent) judging.take(frame);
    return judging.verdict();
  };
  const [first, ...rest] = frames;
  const one = first ?? strange;

  test('finds nothing wrong with what was sent, in any order', () => {
    expect(verdictOn(frames)).toEqual(GOOD);
    expect(verdictOn(frames.toReversed())).toEqual(GOOD);
  });

  test('counts the values of a frame that is missing, and a single one', () => {
    expect(verdictOn(rest)).toEqual({ ...GOOD, lost: size });
    expect(verdictOn([{ ...one, r: one.r.slice(0, -1) }, ...rest])).toEqual({ ...GOOD, lost: 1 });
  });

  test('counts what came twice', () => {
    expect(verdictOn([...frames, one])).toEqual({ ...GOOD, doubled: size });
  });

  test('counts what nobody sent', () => {
    expect(verdictOn([...frames, strange])).toEqual({ ...GOOD, invented: size });
    expect(verdictOn([...frames, { ...one, site: 'elsewhere' }])).toEqual({ ...GOOD, invented: size });
  });

  test('counts what is another value, and what has another flag', () => {
    const changed = one.r.map((entry, i): Entry => (i === 6 ? [entry[0], entry[1] + 1] : entry));
    expect(verdictOn([{ ...one, r: changed }, ...rest])).toEqual({ ...GOOD, differing: 1 });
    const flagged = one.r.map((entry, i): Entry => (i === 6 ? [entry[0], entry[1], 'u'] : entry));
    expect(verdictOn([{ ...one, r: flagged }, ...rest])).toEqual({ ...GOOD, differing: 1 });
  });
});

test('a rate with any loss, or any other failure, is no success', () => {
  const measured = { bench: 'x', rate: 10, unit: 'values/s', floor: 20, cpuSecondsPerMillion: 1, rssMiB: 1, ...GOOD };
  const said: string[] = [];
  const run = { seed: SEED, args: [], say: (line: string) => void said.push(line) };
  expect(resultOf(measured, run)).toMatchObject({ verdict: 'ok', ratio: 0.5, seed: SEED });
  for (const fault of ['lost', 'invented', 'doubled', 'differing']) {
    expect(resultOf({ ...measured, [fault]: 1 }, run).verdict).toBe('failed');
  }
  expect(resultOf({ ...measured, failures: ['the server was too slow'] }, run).verdict).toBe('failed');
  expect(said).toEqual(['failed: the server was too slow']);
  expect(Object.keys(resultOf(measured, run))).toEqual([
    'bench',
    'rate',
    'unit',
    'floor',
    'ratio',
    'cpuSecondsPerMillion',
    'rssMiB',
    'lost',
    'invented',
    'doubled',
    'differing',
    'verdict',
    'seed',
    'commit',
  ]);
});
