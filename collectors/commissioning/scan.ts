import { requestError } from '#domain';
import type { ReadRequest } from '../modbus/transport.ts';
import type { Asked, Ask } from './session.ts';

export const UNIT_ANSWERS = ['answers', 'refuses', 'foreign', 'garbled', 'hung-up', 'silent'] as const;

/** What became of asking one unit. */
export interface UnitAnswer {
  readonly unit: number;
  readonly answer: (typeof UNIT_ANSWERS)[number];
  /** Exception code: of the device, or 10 and 11 of a gateway behind which nobody answered. */
  readonly exception: number | null;
  /** From the request to its reply; of a silent unit how long it was waited for. */
  readonly ms: number;
}

/** Modbus Application Protocol V1.1b3, 7: the gateway found no path, or nobody behind it answered. */
export const GATEWAY_CODES: readonly number[] = [10, 11];

/**
 * Asks units one after another for the same register. Stops where `stopped` says so: what was found until then is the answer.
 */
export async function scanUnits(
  ask: Ask,
  units: readonly number[],
  { fc, address }: Pick<ReadRequest, 'fc' | 'address'>,
  stopped: () => boolean,
  report: (done: number, found: UnitAnswer) => void,
): Promise<readonly UnitAnswer[]> {
  const found: UnitAnswer[] = [];
  for (const unit of units) {
    const asked = stopped() ? undefined : await ask({ unit, fc, address, words: 1 });
    // a request that was cut short says nothing about its unit
    if (!asked || stopped()) break;
    const one = answerOf(unit, asked);
    found.push(one);
    report(found.length, one);
  }
  return found;
}

function answerOf(unit: number, { result, ms }: Asked): UnitAnswer {
  const about = { unit, ms, exception: null };
  if (result.ok) return { ...about, answer: 'answers' };
  const { fault } = result;
  switch (fault.kind) {
    case 'exception':
      return {
        ...about,
        exception: fault.code,
        answer: GATEWAY_CODES.includes(fault.code) ? 'silent' : 'refuses',
      };
    case 'foreign':
      return { ...about, answer: 'foreign' };
    case 'framing':
      return { ...about, answer: 'garbled' };
    case 'closed':
      return { ...about, answer: 'hung-up' };
    case 'timeout':
      return { ...about, answer: 'silent' };
  }
}

/** Modbus Messaging on TCP/IP V1.0b, 4.4.2.3: 1–247; 0 and 255 for a device that is addressed by its IP alone. */
const isUnit = (unit: number, onTcp: boolean): boolean =>
  (unit >= 1 && unit <= 247) || (onTcp && (unit === 0 || unit === 255));

const unitInvalid = (text: string, place: string, onTcp: boolean): Error =>
  requestError('UNIT_INVALID', `"${text}" is no unit of this line`, {
    place,
    cure: `write units from 1 to 247${onTcp ? ', or 0 or 255 for a device with its own IP address' : ''}`,
  });

/** Throws UNIT_INVALID. */
export function checkUnit(unit: number, place: string, onTcp: boolean): number {
  if (Number.isInteger(unit) && isUnit(unit, onTcp)) return unit;
  throw unitInvalid(String(unit), place, onTcp);
}

/** "1-247", "1,3,7-9": ascending, each once. Throws UNIT_INVALID. */
export function parseUnits(text: string, place: string, onTcp: boolean): readonly number[] {
  const units = text.split(',').flatMap((part) => {
    const match = /^\s*(\d{1,3})\s*(?:[-–]\s*(\d{1,3})\s*)?$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || to < from) throw unitInvalid(part.trim(), place, onTcp);
    return Array.from({ length: to - from + 1 }, (_, i) => checkUnit(from + i, place, onTcp));
  });
  return [...new Set(units)].sort((a, b) => a - b);
}

/** [1, 2, 3, 7] → "1–3, 7". */
export function rangesOf(units: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const unit of units) {
    const last = ranges.at(-1);
    if (last && unit === last[1] + 1) last[1] = unit;
    else ranges.push([unit, unit]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
