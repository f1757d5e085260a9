import { type Mounting, type Registry, registerKey } from '#domain';
import { suggest } from '../site/nearest.ts';
import { type Part, part, type Refused, refused } from './outcome.ts';
import type { Counted } from './value.ts';

export interface Target extends Counted {
  readonly device: string;
  readonly register: string;
}

/** The register that a name means at a time: `device/register`, the id of a point, the serial number of a meter, or a device with one register. */
export type Naming = (at: number) => Part<Target>;

/** Looks names up once each. A name that means nothing, or two things, is refused at any time. */
export function namingOf(registry: Registry): (name: string) => Part<Naming> {
  const targets = new Map(registry.mountings.map((mounting) => [mounting, targetOf(registry, mounting)]));
  const byRegister = Map.groupBy(registry.mountings, (m) => registerKey(m.device, m.register));
  const byPoint = Map.groupBy(registry.mountings, (m) => m.point);
  const bySerial = Map.groupBy(registry.mountings, (m) => m.serial);
  const byDevice = Map.groupBy(registry.mountings, (m) => m.device);
  const names = [...new Set([...byPoint.keys(), ...bySerial.keys(), ...byRegister.keys()])];
  const known = new Map<string, Part<Naming>>();

  const lookUp = (name: string): Part<Naming> => {
    const register = byRegister.get(name);
    if (register) return part((at) => atTime(name, register, at, targets));
    const candidates = new Set([...(byPoint.get(name) ?? []), ...(bySerial.get(name) ?? [])]);
    const points = new Set([...candidates].map((m) => m.point));
    if (byPoint.has(name) && bySerial.has(name) && points.size > 1) {
      return refused(
        'REGISTER_AMBIGUOUS',
        `"${name}" 既是测点又是另一测点的表号`,
        `"${name}" is a point and the serial number of a meter at another`,
      );
    }
    const device = candidates.size === 0 ? byDevice.get(name) : undefined;
    if (device) return part((at) => atTime(name, device, at, targets));
    if (candidates.size === 0) return unknown(registry, name, names);
    return part((at) => atTime(name, [...candidates], at, targets));
  };
  return (name) => {
    const found = known.get(name) ?? lookUp(name);
    known.set(name, found);
    return found;
  };
}

type Targets = ReadonlyMap<Mounting, Part<Target>>;

/** Every mounting of these has the same register, or only one stands there at the time. */
function atTime(name: string, candidates: readonly Mounting[], at: number, targets: Targets): Part<Target> {
  const then = candidates.filter((m) => (m.mountedAt ?? -Infinity) <= at && at < (m.removedAt ?? Infinity));
  if (then.length > 0) return sole(name, then, targets);
  const only = sole(name, candidates, targets);
  if (only.ok) return only;
  return refused('NO_METER_THEN', `那时 "${name}" 没有表`, `there was no meter of "${name}" at that time`);
}

function sole(name: string, mountings: readonly Mounting[], targets: Targets): Part<Target> {
  const [first] = mountings;
  const target = first && targets.get(first);
  const same = mountings.every((m) => first && m.device === first.device && m.register === first.register);
  if (target && same) return target;
  return refused('REGISTER_AMBIGUOUS', `"${name}" 同时指多个寄存器`, `"${name}" means more than one register`);
}

function targetOf(registry: Registry, mounting: Mounting): Part<Target> {
  const { device, register, scale } = mounting;
  const point = registry.points.find(({ id }) => id === mounting.point);
  const kind = registry.devices.find(({ id }) => id === device)?.registers.find(({ name }) => name === register)?.kind;
  if (!point || kind === 'gauge') {
    return refused(
      'NOT_A_COUNTER',
      `"${registerKey(device, register)}" 不是累计量`,
      `"${registerKey(device, register)}" is no counter`,
    );
  }
  return part({ device, register, scale, carrier: point.carrier });
}

function unknown(registry: Registry, name: string, names: readonly string[]): Refused {
  const [device, register] = name.split('/');
  const exists = registry.devices.some((d) => d.id === device && d.registers.some((r) => r.name === register));
  if (exists) {
    return refused('NOT_A_COUNTER', `没有测点使用寄存器 "${name}"`, `no point is measured by the register "${name}"`);
  }
  const hint = suggest(name, names);
  return refused('REGISTER_UNKNOWN', `没有 "${name}"。${hint.zh}`, `there is no "${name}". ${hint.en}`);
}
