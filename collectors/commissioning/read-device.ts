import type { ModbusRegister, ModelRegister } from '../contract.ts';
import { extentOf, resolveRegister } from '../devices/index.ts';
import { decoderOf } from '../modbus/decode.ts';
import { type PlannedRead, planReads, splitRead } from '../modbus/planner.ts';
import { isConfigurationFault, isRangeFault, type ModbusModel } from '../modbus/poller.ts';
import { reasonOf } from '../modbus/report.ts';
import type { ReadFault } from '../modbus/transport.ts';
import { hexOf, physicalOf, unitOf } from './physical.ts';
import type { Ask } from './session.ts';

export const QUALITIES = ['good', 'uncertain', 'absent'] as const;

/** One register of a device, now. */
export interface ReadValue {
  readonly register: string;
  readonly quantity: string;
  readonly kind: ModelRegister['kind'];
  readonly unit: string;
  /** On the meter's face, in `unit`; null where there is none. */
  readonly value: string | null;
  readonly quality: (typeof QUALITIES)[number];
  /** Why it is absent or uncertain: a fault of the request (`timeout`, `exception-2`), of the value (`not-finite`), or a StatusCode. */
  readonly reason: string | null;
  /** Words as they came, hexadecimal; null where none came, and for OPC UA. */
  readonly words: readonly string[] | null;
  /** When it was true: the source's time where it gives one, else that of the reply. Epoch ms. */
  readonly at: number | null;
}

/** What reading a device gave, and why it broke off or gave nothing. */
export interface DeviceReading {
  readonly values: readonly ReadValue[];
  readonly failure?: ReadFault | undefined;
}

const NOT_ASKED = 'not-asked';

/**
 * Reads one device as its collector does: the same requests, a refused range split until what is refused stands alone, one that it fails to read left out.
 * A time-out or a broken connection ends it: what was not asked for is absent, and says so.
 */
export async function readModbusDevice(
  ask: Ask,
  unit: number,
  model: ModbusModel,
  now: () => number,
): Promise<DeviceReading> {
  const values = new Map<string, ReadValue>();
  let failure: ReadFault | undefined;
  let refusal: ReadFault | undefined;
  let rest = planReads(model.registers, model);
  for (let [read] = rest; read && !failure; [read] = rest) {
    rest = rest.slice(1);
    const { fc, address, words } = read;
    const { result } = await ask({ unit, fc, address, words });
    if (result.ok) {
      for (const value of valuesOf(read, result.words, now())) values.set(value.register, value);
      continue;
    }
    const { fault } = result;
    const halves = isConfigurationFault(fault) ? splitRead(read) : undefined;
    if (halves) {
      rest = [...halves, ...rest];
      continue;
    }
    if (isConfigurationFault(fault) || isRangeFault(fault)) refusal = fault;
    else failure = fault;
    for (const register of read.registers) values.set(register.name, absent(register, reasonOf(fault)));
  }
  const complete = model.registers.map((register) => values.get(register.name) ?? absent(register, NOT_ASKED));
  const nothing = complete.every(({ words }) => words === null);
  return { values: complete, failure: failure ?? (nothing ? refusal : undefined) };
}

export const absent = (
  register: ModelRegister,
  reason: string,
  words: readonly string[] | null = null,
  at: number | null = null,
): ReadValue => ({
  register: register.name,
  quantity: register.quantity,
  kind: register.kind,
  unit: unitOf(register),
  value: null,
  quality: 'absent',
  reason,
  words,
  at,
});

const valuesOf = (read: PlannedRead, words: readonly number[], at: number): readonly ReadValue[] =>
  read.registers.map((register) => valueOf(register, read, words, at));

function valueOf(register: ModbusRegister, read: PlannedRead, words: readonly number[], at: number): ReadValue {
  const resolved = resolveRegister(register);
  const { from, to } = extentOf(register);
  const offset = from - read.address;
  const own = hexOf(words.slice(offset, to - read.address));
  const decoded = decoderOf(register, resolved)(words, offset);
  if (!decoded.ok) return absent(register, decoded.reason, own, at);
  return {
    ...absent(register, '', own, at),
    ...physicalOf(decoded.value, register, resolved),
    quality: 'good',
    reason: null,
  };
}
