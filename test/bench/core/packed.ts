import { encodeBrackets } from '../../../pipeline/books/codec.ts';
import { type Bracket, DAY, HOUR, RANK } from '../../../pipeline/domain/index.ts';
import { atOf, type Fleet, REGISTERS, valueOf } from './fleet.ts';

/** A device's packed row of a UTC day straight from the codec, as a worker would have left it. The fleet begins at a UTC midnight. */
export function packedDay(fleet: Fleet, device: number, day: number): Uint8Array {
  const perHour = HOUR / fleet.intervalMs;
  const begin = ((day * DAY - fleet.begin) / fleet.intervalMs) | 0;
  const steps = Math.min(fleet.steps - begin, DAY / fleet.intervalMs);
  const stamp = (register: number, step: number) => ({
    at: atOf(fleet, step),
    value: valueOf(fleet.seed, device, register, step),
    rank: RANK.good,
  });
  const brackets = (register: number): Bracket[] =>
    Array.from({ length: Math.ceil(steps / perHour) }, (_, hour) => ({
      start: day * DAY + hour * HOUR,
      first: stamp(register, begin + hour * perHour),
      last: stamp(register, begin + Math.min(steps, (hour + 1) * perHour) - 1),
    }));
  return encodeBrackets(
    day,
    new Map(Array.from({ length: REGISTERS }, (_, register) => [register, brackets(register)])),
  );
}
