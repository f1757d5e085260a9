import type { ModbusRegister } from '../contract.ts';
import { extentOf, MAX_WORDS } from '../devices/index.ts';

/** One read request and the registers that its reply answers, in address order. */
export interface PlannedRead {
  readonly fc: 3 | 4;
  readonly address: number;
  readonly words: number;
  readonly registers: readonly ModbusRegister[];
}

/** What a device can bear (DeviceModel): words per request, ranges that it refuses, whether gaps fail. */
export interface ReadLimits {
  readonly maxWords: number;
  readonly refuses?: readonly { readonly fc: 3 | 4; readonly from: number; readonly to: number }[] | undefined;
  readonly noGaps?: boolean | undefined;
}

/**
 * The fewest requests that read these registers: from the lowest address on, each request takes as many neighbours as fit.
 * A value is never split over two requests; no request touches a refused range; with `noGaps` none spans an address that
 * no register asked for. A register longer than the limit still gets a request of its own.
 */
export function planReads(registers: readonly ModbusRegister[], limits: ReadLimits): readonly PlannedRead[] {
  const maxWords = Math.min(limits.maxWords, MAX_WORDS);
  const ordered = [...registers].sort((a, b) => a.fc - b.fc || startOf(a) - startOf(b) || endOf(a) - endOf(b));
  const plan: PlannedRead[] = [];
  for (const register of ordered) {
    const open = plan.at(-1);
    const joined = open && join(open, register);
    if (joined && fits(open, joined, maxWords, limits)) plan[plan.length - 1] = joined;
    else plan.push(readOf([register]));
  }
  return plan;
}

/** The two halves of a read that the device refused as a whole, so that one missing address does not take the others along. */
export function splitRead(read: PlannedRead): readonly [PlannedRead, PlannedRead] | undefined {
  if (read.registers.length < 2) return undefined;
  const middle = Math.ceil(read.registers.length / 2);
  return [readOf(read.registers.slice(0, middle)), readOf(read.registers.slice(middle))];
}

const startOf = (register: ModbusRegister): number => extentOf(register).from;
const endOf = (register: ModbusRegister): number => extentOf(register).to;

function readOf(registers: readonly ModbusRegister[]): PlannedRead {
  const address = Math.min(...registers.map(startOf));
  const words = Math.max(...registers.map(endOf)) - address;
  return { fc: registers[0]?.fc ?? 3, address, words, registers };
}

function join(open: PlannedRead, register: ModbusRegister): PlannedRead | undefined {
  if (open.fc !== register.fc) return undefined;
  const words = Math.max(open.address + open.words, endOf(register)) - open.address;
  return { ...open, words, registers: [...open.registers, register] };
}

function fits(open: PlannedRead, joined: PlannedRead, maxWords: number, limits: ReadLimits): boolean {
  const last = joined.registers.at(-1);
  const [from, to] = [joined.address, joined.address + joined.words - 1];
  if (joined.words > maxWords) return false;
  if (limits.noGaps && last && startOf(last) > open.address + open.words) return false;
  return !limits.refuses?.some((range) => range.fc === joined.fc && range.from <= to && range.to >= from);
}
