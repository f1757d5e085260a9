import { ratio, times } from './numbers.ts';
import type { Ratio } from './numbers.ts';
import type { EventBodyJson, MountingJson, OracleInput, RegistryJson, ReplacementJson } from './input.ts';

/** A mounting after all replacements, with its multiplier from instant to instant. */
export interface Meter {
  readonly json: MountingJson;
  /** The first is in force from the beginning. */
  readonly ratios: readonly { readonly from: number; readonly m: Ratio }[];
}

export const activeBodies = (input: OracleInput): EventBodyJson[] =>
  input.events
    .filter((event) => event.site === input.registry.site.id && event.state === 'active')
    .map((event) => event.body);

export const covers = (mounting: MountingJson, at: number): boolean =>
  (mounting.mountedAt ?? -Infinity) <= at && at < (mounting.removedAt ?? Infinity);

const multiplierChanges = (mounting: MountingJson, bodies: readonly EventBodyJson[]) =>
  bodies
    .flatMap((body) => (body.kind === 'multiplier' && body.point === mounting.point ? [body] : []))
    .filter((body) => covers(mounting, body.from))
    .toSorted((a, b) => a.from - b.from);

/** The new meter of a replacement: what the event does not say is as it was with the old one. */
const successor = (
  old: MountingJson,
  event: ReplacementJson,
  registry: RegistryJson,
  bodies: readonly EventBodyJson[],
): MountingJson => {
  const device = event.device ?? old.device;
  const register = event.register ?? old.register;
  const same = device === old.device && register === old.register;
  const known = registry.devices.find((d) => d.id === device)?.registers.find((r) => r.name === register);
  const lastRatio = multiplierChanges(old, bodies)
    .filter((change) => change.from < event.at)
    .at(-1);
  return {
    id: `${event.point}/${event.serial}`,
    point: event.point,
    serial: event.serial,
    device,
    register,
    multiplier: event.multiplier ?? lastRatio?.multiplier ?? old.multiplier,
    scale: same ? old.scale : (known?.scale ?? old.scale),
    modulus: event.modulus ?? old.modulus,
    maxRate: event.maxRate ?? old.maxRate,
    backlash: old.backlash,
    mountedAt: event.at,
    initial: event.initial,
    removedAt: old.removedAt,
    final: old.final,
  };
};

const replaced = (registry: RegistryJson, bodies: readonly EventBodyJson[]): MountingJson[] => {
  let mountings = [...registry.mountings];
  const replacements = bodies.flatMap((body) => (body.kind === 'replacement' ? [body] : []));
  for (const event of replacements.toSorted((a, b) => a.at - b.at)) {
    const old = mountings.find((m) => m.point === event.point && covers(m, event.at));
    if (old === undefined || mountings.some((m) => m.id === `${event.point}/${event.serial}`)) continue;
    const ended: MountingJson = { ...old, removedAt: event.at, final: event.final };
    const fresh = successor(old, event, registry, bodies);
    mountings = mountings.flatMap((m) => (m === old ? [ended, fresh] : [m]));
  }
  return mountings;
};

/** All meters that ever stood, after the replacements that people entered (ledger.md, 6). */
export const meters = (registry: RegistryJson, bodies: readonly EventBodyJson[]): Meter[] =>
  replaced(registry, bodies).map((json) => {
    const scale = ratio(json.scale);
    const changes = multiplierChanges(json, bodies).map((change) => ({
      from: change.from,
      m: times(ratio(change.multiplier), scale),
    }));
    return { json, ratios: [{ from: -Infinity, m: times(ratio(json.multiplier), scale) }, ...changes] };
  });

/** Instants that split the brackets of a register within a slot. */
export const cutsOf = (
  device: string,
  register: string,
  mounted: readonly Meter[],
  bodies: readonly EventBodyJson[],
): number[] => {
  const ofMountings = mounted
    .filter(({ json }) => json.device === device && json.register === register)
    .flatMap(({ json }) => [json.mountedAt, json.removedAt].filter((at) => at !== undefined));
  const ofEvents = bodies.flatMap((body) => {
    if (body.kind !== 'reset' && body.kind !== 'exclude') return [];
    if (body.device !== device || body.register !== register) return [];
    return body.kind === 'reset' ? [body.at] : [body.from, body.to];
  });
  return [...ofMountings, ...ofEvents];
};
