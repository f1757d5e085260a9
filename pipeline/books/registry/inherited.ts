import type { MeterEvent, Registry } from '#domain';
import { effectiveRegisters, type EffectiveRegister } from '../../ledger/effective.ts';
import { differing, type Mark, type PlannedChange, slotMsOf } from './planned.ts';

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
  const [before, after] = [effectiveRegisters(old, events), effectiveRegisters(next, events)];
  const slotMs = slotMsOf(next);
  const isParted = (key: string): boolean =>
    differing(before.get(key)?.cuts ?? [], after.get(key)?.cuts ?? []).some((at) => at % slotMs !== 0);
  return relevant.flatMap(({ change, marks }) => {
    if (change.kind === 'add' && change.what === 'register') return [];
    const from = change.what === 'register' ? 0 : Math.min(...marks.map((m) => m.from));
    if (!Number.isFinite(from)) return [];
    return [...before, ...after]
      .filter(([, r]) => inherits(r, change.what, change.id))
      .map(([key, { device, register }]) => ({ device, register, from, rejoin: isParted(key) }));
  });
}

const inherits = ({ device, register, mountings }: EffectiveRegister, what: string, id: string): boolean => {
  if (what === 'register') return `${device}/${register}` === id;
  return mountings.some((m) => what === 'site' || m.point === id.slice(0, id.indexOf('/')));
};
