import type { MeterEvent, Registry } from '#domain';
import { effectiveRegisters, type EffectiveRegister } from '../../ledger/effective.ts';
import type { Mark, PlannedChange } from './planned.ts';

/**
 * Marks of registers that no mounting of the registry names, but on which an event has put a meter: it inherits what the
 * registry says of the meter before it, and of its register.
 */
export function inheritedMarks(
  old: Registry | undefined,
  next: Registry,
  events: readonly MeterEvent[],
  taken: readonly PlannedChange[],
): readonly Mark[] {
  const relevant = taken.filter(({ change }) => ['site', 'mounting', 'register'].includes(change.what));
  if (!old || events.length === 0 || relevant.length === 0) return [];
  const registers = [old, next].flatMap((r) => [...effectiveRegisters(r, events).values()]);
  return relevant.flatMap(({ change, marks }) => {
    if (change.kind === 'add' && change.what === 'register') return [];
    const from = change.what === 'register' ? 0 : Math.min(...marks.map((m) => m.from));
    if (!Number.isFinite(from)) return [];
    const rejoin = marks.some((m) => m.rejoin);
    return registers
      .filter((r) => inherits(r, change.what, change.id))
      .map(({ device, register }) => ({ device, register, from, rejoin }));
  });
}

const inherits = ({ device, register, mountings }: EffectiveRegister, what: string, id: string): boolean => {
  if (what === 'register') return `${device}/${register}` === id;
  return mountings.some((m) => what === 'site' || m.point === id.slice(0, id.indexOf('/')));
};
