import { DAY, type Device, type Registry, requestError, zoneOf } from '#domain';
import type { RegistryChange } from '../../service.ts';
import { planMountings } from './plan-mountings.ts';
import { planSeries } from './plan-series.ts';
import { planThings } from './plan-things.ts';
import { ALWAYS, type PlanContext, type PlannedChange, pointMark } from './planned.ts';
import { type Fields, fieldsOf, registerText, textDifference } from './texts.ts';

/**
 * What would have to change for the books to say what the target says. Pure; equal registries give nothing. Things that the
 * target does not name end today; a register that a device no longer has stays. Throws SLOT_FIXED.
 */
export function planRegistry(old: Registry | undefined, target: Registry, now: number): readonly PlannedChange[] {
  const zone = zoneOf(target.site.zone);
  const context = {
    old: old ?? { site: target.site, institutions: [], premises: [], devices: [], points: [], mountings: [] },
    target,
    now,
    today: Math.floor((now + zone.offsetAt(now)) / DAY),
  };
  return [
    ...planSite(context, old === undefined),
    ...planThings(context),
    ...planRegisters(context),
    ...planMountings(context),
    ...planSeries(context),
  ];
}

/** The same as people read it. */
export const diffRegistry = (old: Registry | undefined, target: Registry, now: number): readonly RegistryChange[] =>
  planRegistry(old, target, now).map(({ change }) => change);

function planSite({ old, target }: PlanContext, fresh: boolean): readonly PlannedChange[] {
  const { id } = target.site;
  const fields = (r: Registry): Fields =>
    fieldsOf({ name: r.site.name, zone: r.site.zone, slot: `${r.site.slotMinutes} min` });
  const patch = (registry: Registry): Registry => ({ ...registry, site: target.site });
  if (fresh) {
    const change: RegistryChange = { kind: 'add', what: 'site', id, ...textDifference({}, fields(target)) };
    return [{ change, addition: true, patch, marks: [] }];
  }
  const texts = textDifference(fields(old), fields(target));
  if (!texts) return [];
  if (old.site.slotMinutes !== target.site.slotMinutes) {
    throw requestError(
      'SLOT_FIXED',
      `the slot of site ${id} is ${old.site.slotMinutes} minutes and its readings are kept so`,
      {
        place: 'site.slot',
        cure: `leave it at ${old.site.slotMinutes} min, or begin a new site`,
      },
    );
  }
  const everything = old.site.zone === target.site.zone ? [] : old.points.map((p) => p.id);
  const marks = [
    ...everything.map((point) => pointMark(point, ALWAYS)),
    ...(everything.length > 0 ? old.mountings : []).map(({ device, register }) => ({
      device,
      register,
      from: ALWAYS,
      rejoin: false,
    })),
  ];
  const recomputes = everything.length > 0 ? { recomputes: { from: '1970-01-01', to: null, points: everything } } : {};
  return [{ change: { kind: 'change', what: 'site', id, ...texts, ...recomputes }, addition: false, patch, marks }];
}

/** Ordinals are places in the list: new registers go to its end, none ever leaves it. */
function planRegisters({ old, target }: PlanContext): readonly PlannedChange[] {
  const known = new Map(old.devices.map((d) => [d.id, d]));
  return target.devices.flatMap((device) => {
    const before = known.get(device.id);
    if (!before) return [];
    return device.registers.flatMap((register): readonly PlannedChange[] => {
      const was = before.registers.find((r) => r.name === register.name);
      const texts = textDifference(was ? { register: registerText(was) } : {}, { register: registerText(register) });
      if (!texts) return [];
      const put = (d: Device): Device => ({
        ...d,
        registers: was ? d.registers.map((r) => (r.name === register.name ? register : r)) : [...d.registers, register],
      });
      const patch = (r: Registry): Registry => ({
        ...r,
        devices: r.devices.map((d) => (d.id === device.id ? put(d) : d)),
      });
      const id = `${device.id}/${register.name}`;
      return [
        { change: { kind: was ? 'change' : 'add', what: 'register', id, ...texts }, addition: !was, patch, marks: [] },
      ];
    });
  });
}
