import {
  type MeterEvent,
  type MeterEventBody,
  type Mounting,
  type Rational,
  type Registry,
  multiplyRational,
  rational,
  registerKey,
} from '#domain';

/** The registry with its active meter events applied: what the arithmetic works on. Pure. */
export interface EffectiveMounting extends Mounting {
  /** Base units per face unit from an instant on (multiplier × scale), ascending; the first holds from ever. */
  readonly ratios: readonly { readonly from: number; readonly ratio: Rational; readonly event: number | null }[];
  /** Event that mounted it, where it was no site file. */
  readonly mountedBy: number | null;
  readonly removedBy: number | null;
}

export interface EffectiveRegister {
  readonly device: string;
  readonly register: string;
  /** By time. */
  readonly mountings: readonly EffectiveMounting[];
  /** Instants at which readings change side, ascending. */
  readonly cuts: readonly number[];
  readonly resets: readonly Reset[];
  readonly excludes: readonly { readonly from: number; readonly to: number; readonly event: number }[];
  readonly admits: readonly { readonly at: number; readonly amount?: number | undefined; readonly event: number }[];
}

export interface Reset {
  readonly at: number;
  readonly final?: number | undefined;
  readonly initial?: number | undefined;
  readonly event: number;
}

type EventOf<K extends MeterEventBody['kind']> = {
  readonly id: number;
  readonly body: Extract<MeterEventBody, { kind: K }>;
};

const ofKind = <K extends MeterEventBody['kind']>(events: readonly MeterEvent[], kind: K): readonly EventOf<K>[] =>
  events
    .filter((event) => event.state === 'active' && event.body.kind === kind)
    // the filter above proves the kind
    .map((event) => ({ id: event.id, body: event.body as Extract<MeterEventBody, { kind: K }> }));

export const holdsAt = (mounting: Pick<Mounting, 'mountedAt' | 'removedAt'>, at: number): boolean =>
  (mounting.mountedAt ?? -Infinity) <= at && at < (mounting.removedAt ?? Infinity);

/** At one instant the meter changes first: a ratio from then on is the new meter's. */
const order = (body: MeterEventBody): number => (body.kind === 'replacement' ? 0 : 1);

/** What of a registry says which meter counted where. */
export interface Metering {
  readonly devices: readonly { readonly id: string; readonly registers: Registry['devices'][number]['registers'] }[];
  readonly mountings: readonly Mounting[];
}

/** Mountings after the replacement events, in the order of the events' instants; each replaces the one in force then, unless the site file tells it as well. */
export function effectiveMountings(registry: Metering, events: readonly MeterEvent[]): readonly EffectiveMounting[] {
  let mountings: EffectiveMounting[] = registry.mountings.map((m) => ({
    ...m,
    ratios: [{ from: -Infinity, ratio: multiplyRational(m.multiplier, m.scale), event: null }],
    mountedBy: null,
    removedBy: null,
  }));
  const changes = [
    ...ofKind(events, 'replacement').map((event) => ({ at: event.body.at, event })),
    ...ofKind(events, 'multiplier').map((event) => ({ at: event.body.from, event })),
  ].sort((a, b) => a.at - b.at || order(a.event.body) - order(b.event.body) || a.event.id - b.event.id);
  for (const { at, event } of changes) {
    const body = event.body;
    const index = mountings.findIndex((m) => m.point === body.point && holdsAt(m, at));
    const old = mountings[index];
    if (!old || (body.kind === 'replacement' && mountings.some((m) => m.id === mountingId(body)))) continue;
    const next =
      body.kind === 'replacement'
        ? replaced(registry, old, body, event.id)
        : [withRatio(old, at, body.multiplier, event.id)];
    mountings = [...mountings.slice(0, index), ...next, ...mountings.slice(index + 1)];
  }
  return mountings;
}

/** A ratio holds from its instant to the end of the mounting, or the next ratio; one at the mounting's beginning holds for all of it. */
function withRatio(mounting: EffectiveMounting, from: number, multiplier: Rational, event: number): EffectiveMounting {
  const ratio = multiplyRational(multiplier, mounting.scale);
  const start = from <= (mounting.mountedAt ?? -Infinity) ? -Infinity : from;
  return { ...mounting, ratios: [...mounting.ratios.filter((r) => r.from < start), { from: start, ratio, event }] };
}

const mountingId = ({ point, serial }: EventOf<'replacement'>['body']): string => `${point}/${serial}`;

function replaced(
  registry: Metering,
  old: EffectiveMounting,
  body: EventOf<'replacement'>['body'],
  event: number,
): readonly EffectiveMounting[] {
  const { removedAt, final, ...rest } = old;
  const inForce = old.ratios.findLast((r) => r.from < body.at) ?? old.ratios[0];
  const multiplier = body.multiplier ?? old.multiplier;
  const [device, register] = [body.device ?? old.device, body.register ?? old.register];
  const known = registry.devices.find((d) => d.id === device)?.registers.find((r) => r.name === register);
  const scale = known?.scale ?? old.scale;
  const sameScale = scale.num === old.scale.num && scale.den === old.scale.den;
  // in force just before: multiplier × old scale; the new register may count in another scale
  const ratio =
    body.multiplier || !inForce
      ? multiplyRational(multiplier, scale)
      : sameScale
        ? inForce.ratio
        : multiplyRational(multiplyRational(inForce.ratio, scale), rational(old.scale.den, old.scale.num));
  return [
    {
      ...rest,
      removedAt: body.at,
      final: body.final,
      removedBy: event,
      ratios: old.ratios.filter((r) => r.from < body.at),
    },
    {
      ...rest,
      id: mountingId(body),
      serial: body.serial,
      device,
      register,
      multiplier,
      scale,
      modulus: body.modulus ?? old.modulus,
      maxRate: body.maxRate ?? old.maxRate,
      mountedAt: body.at,
      initial: body.initial,
      removedAt,
      final,
      ratios: [{ from: -Infinity, ratio, event: inForce?.event ?? null }],
      mountedBy: event,
      removedBy: old.removedBy,
    },
  ];
}

/** Every counter that has or had a meter's mounting on it, by registerKey. */
export function effectiveRegisters(
  registry: Metering,
  events: readonly MeterEvent[],
): ReadonlyMap<string, EffectiveRegister> {
  const byKey = new Map<string, EffectiveMounting[]>();
  for (const device of registry.devices) {
    for (const r of device.registers) if (r.kind === 'counter') byKey.set(registerKey(device.id, r.name), []);
  }
  for (const m of effectiveMountings(registry, events)) {
    const key = registerKey(m.device, m.register);
    byKey.set(key, [...(byKey.get(key) ?? []), m]);
  }
  const [resets, excludes, admits] = [ofKind(events, 'reset'), ofKind(events, 'exclude'), ofKind(events, 'admit')];
  const result = new Map<string, EffectiveRegister>();
  for (const [key, mountings] of byKey) {
    const slash = key.indexOf('/');
    const [device, register] = [key.slice(0, slash), key.slice(slash + 1)];
    const mine = <E extends { readonly body: { readonly device: string; readonly register: string } }>(e: E): boolean =>
      e.body.device === device && e.body.register === register;
    const ownResets = resets
      .filter(mine)
      .map(({ id, body }) => ({ at: body.at, final: body.final, initial: body.initial, event: id }));
    const ownExcludes = excludes.filter(mine).map(({ id, body }) => ({ from: body.from, to: body.to, event: id }));
    const cuts = [
      ...mountings.flatMap((m) => [m.mountedAt, m.removedAt].filter((at) => at !== undefined)),
      ...ownResets.map((r) => r.at),
      ...ownExcludes.flatMap((e) => [e.from, e.to]),
    ];
    result.set(key, {
      device,
      register,
      mountings: mountings.toSorted((a, b) => (a.mountedAt ?? -Infinity) - (b.mountedAt ?? -Infinity)),
      cuts: [...new Set(cuts)].sort((a, b) => a - b),
      resets: ownResets.sort((a, b) => a.at - b.at),
      excludes: ownExcludes,
      admits: admits.filter(mine).map(({ id, body }) => ({ at: body.at, amount: body.amount, event: id })),
    });
  }
  return result;
}
