import {
  formatDay,
  formatInstant,
  formatRational,
  localDay,
  type Mounting,
  type Registry,
  registerKey,
  type Zone,
  zoneOf,
} from '#domain';
import type { RegistryChange } from '../../service.ts';
import { ALWAYS, differing, type Mark, type PlanContext, type PlannedChange, slotMsOf } from './planned.ts';
import { type Fields, fieldsOf, textDifference } from './texts.ts';

/** Meters that come, change and go. A meter that the target no longer names ends where its successor begins, else now. */
export function planMountings(context: PlanContext): readonly PlannedChange[] {
  const { old, target } = context;
  const known = new Map(old.mountings.map((m) => [m.id, m]));
  const wanted = new Set(target.mountings.map((m) => m.id));
  return [
    ...target.mountings.flatMap((next) => plan(context, known.get(next.id), next)),
    ...old.mountings.filter((m) => !wanted.has(m.id)).flatMap((m) => plan(context, m, endedIn(context, m))),
  ];
}

/** What remains of a mounting that the target does not name; undefined: nothing, a correction has taken its place. */
function endedIn({ target, now }: PlanContext, mounting: Mounting): Mounting | undefined {
  const successors = target.mountings.filter((m) => rivals(m, mounting));
  const end = Math.min(...successors.map(startOf), endOf(mounting), Math.max(now, startOf(mounting)));
  const open = endOf(mounting) > now;
  if (successors.length === 0 && !open) return mounting;
  if (end <= startOf(mounting)) return undefined;
  return end === mounting.removedAt ? mounting : { ...mounting, removedAt: end, final: undefined };
}

const startOf = (m: Mounting): number => m.mountedAt ?? -Infinity;
const endOf = (m: Mounting): number => m.removedAt ?? Infinity;
const overlap = (a: Mounting, b: Mounting): boolean => startOf(a) < endOf(b) && startOf(b) < endOf(a);

function plan(context: PlanContext, old: Mounting | undefined, next: Mounting | undefined): readonly PlannedChange[] {
  const zone = zoneOf(context.target.site.zone);
  const texts = textDifference(old ? fields(old, zone) : {}, next ? fields(next, zone) : {});
  const id = (next ?? old)?.id;
  if (!texts || id === undefined) return [];
  const kind = !old ? 'add' : !context.target.mountings.some((m) => m.id === id) ? 'end' : 'change';
  const from = changedFrom(old, next);
  const marks = marksOf(context, old, next, from);
  const change: RegistryChange = {
    kind,
    what: 'mounting',
    id,
    ...texts,
    ...(marks.some((m) => hadRegister(context, m)) ? { recomputes: recomputes(old, next, from, zone) } : {}),
  };
  return [
    {
      change,
      addition: next !== undefined && !old && !context.old.mountings.some((m) => rivals(m, next)),
      patch: (registry) => ({ ...registry, mountings: put(registry, id, next) }),
      marks,
    },
  ];
}

/** Two meters at one point, or two points on one register, at one time. */
const rivals = (a: Mounting, b: Mounting): boolean => overlap(a, b) && (a.point === b.point || keyOf(a) === keyOf(b));

const put = (registry: Registry, id: string, next: Mounting | undefined): readonly Mounting[] => [
  ...registry.mountings.filter((m) => m.id !== id),
  ...(next ? [next] : []),
];

const fields = (m: Mounting, zone: Zone): Fields => {
  const instant = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : formatInstant(at, zone);
  return fieldsOf({
    device: m.device,
    register: m.register,
    multiplier: formatRational(m.multiplier),
    scale: formatRational(m.scale),
    modulus: m.modulus,
    maxRate: m.maxRate,
    backlash: m.backlash,
    mounted: instant(m.mountedAt),
    initial: m.initial,
    removed: instant(m.removedAt),
    final: m.final,
  });
};

/** The earliest instant at which the books of the mounting can differ. */
function changedFrom(old: Mounting | undefined, next: Mounting | undefined): number {
  const one = old ?? next;
  if (!one) return ALWAYS;
  if (!old || !next) return one.mountedAt ?? ALWAYS;
  const start = Math.min(old.mountedAt ?? ALWAYS, next.mountedAt ?? ALWAYS);
  const end = Math.min(endOf(old), endOf(next));
  return sameButEnd(old, next) && Number.isFinite(end) ? Math.max(start, end) : start;
}

const sameButEnd = (a: Mounting, b: Mounting): boolean => {
  const ends = { removed: '', final: '' };
  const utc = zoneOf('UTC');
  return textDifference({ ...fields(a, utc), ...ends }, { ...fields(b, utc), ...ends }) === undefined;
};

/** The slots of a register around a boundary that appears, goes or moves are joined anew, unless it is a slot's own or still to come. */
function marksOf(
  context: PlanContext,
  old: Mounting | undefined,
  next: Mounting | undefined,
  from: number,
): readonly Mark[] {
  const registers = new Map([old, next].flatMap((m) => (m ? [[keyOf(m), m] as const] : [])));
  return [...registers.values()].flatMap((on) => {
    const isKnown = hadRegister(context, on);
    if (!isKnown && ![old, next].some(tellsFaces)) return [];
    const boundaries = (m: Mounting | undefined): readonly number[] =>
      m && keyOf(m) === keyOf(on) ? [m.mountedAt, m.removedAt].filter((at) => at !== undefined) : [];
    const moved = differing(boundaries(old), boundaries(next));
    const rejoin = isKnown && moved.some((at) => at <= context.now && at % slotMsOf(context.target) !== 0);
    return [{ device: on.device, register: on.register, from, rejoin }];
  });
}

const keyOf = ({ device, register }: Mounting): string => registerKey(device, register);

/** Its first or last face is a reading, of a register that may have no other. */
const tellsFaces = (m: Mounting | undefined): boolean => m?.initial !== undefined || m?.final !== undefined;

/** A register that the books do not know has no readings yet. */
const hadRegister = ({ old }: PlanContext, { device, register }: Pick<Mounting, 'device' | 'register'>): boolean =>
  old.devices.some((d) => d.id === device && d.registers.some((r) => r.name === register));

function recomputes(
  old: Mounting | undefined,
  next: Mounting | undefined,
  from: number,
  zone: Zone,
): NonNullable<RegistryChange['recomputes']> {
  const end = Math.max(old ? endOf(old) : -Infinity, next ? endOf(next) : -Infinity);
  const day = (at: number): string => formatDay(localDay(at, zone));
  const points = [...new Set([old, next].flatMap((m) => (m ? [m.point] : [])))];
  return { from: day(from), to: Number.isFinite(end) ? day(end) : null, points };
}
