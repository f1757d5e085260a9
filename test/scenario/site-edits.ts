import type { Institution, Mounting, Point, Rational, Registry } from '../../pipeline/domain/index.ts';
import { smallRegistry } from '../support/small-site.ts';

const ratio = (num: number, den = 1): Rational => ({ num, den });

const SPARE = 'spare';
const whole = smallRegistry(
  [
    { point: 'a', allocation: { basis: 'headcount', among: ['court', 'school'] }, mounting: { maxRate: 4_000 } },
    { point: 'b', allocation: { basis: 'fixed', shares: [{ institution: 'court', share: ratio(1, 3) }] } },
    { point: 's', role: 'sub', parent: 'a', item: 'power', mounting: { modulus: 100_000 } },
    { point: 'x', role: 'export' },
    { point: SPARE },
  ],
  { institutions: ['court', 'school'] },
);

/** A house with a sub-meter, a main and an export of its own, and what two institutions bear of them; a device that no point is read from. */
export const START: Registry = {
  ...whole,
  points: whole.points.filter(({ id }) => id !== SPARE),
  mountings: whole.mountings.filter(({ point }) => point !== SPARE),
};

/** A site file as somebody has changed it; the same where nothing is to change. */
export type Edit = (file: Registry) => Registry;

export const ofPoint =
  (id: string, change: (p: Point) => Point): Edit =>
  (file) => ({ ...file, points: file.points.map((p) => (p.id === id ? change(p) : p)) });

export const ofInstitution =
  (id: string, change: Partial<Institution>): Edit =>
  (file) => ({ ...file, institutions: file.institutions.map((i) => (i.id === id ? { ...i, ...change } : i)) });

const named = (m: Mounting): Mounting => ({ ...m, id: `${m.point}/${m.serial}` });

const nth = ({ mountings }: Registry, n: number): Mounting | undefined => mountings[n % Math.max(1, mountings.length)];

export const ofMeter =
  (n: number, change: Partial<Mounting>): Edit =>
  (file) => {
    const which = nth(file, n);
    return { ...file, mountings: file.mountings.map((m) => (m === which ? named({ ...m, ...change }) : m)) };
  };

export const exchanged =
  (n: number, final: number | undefined, next: Partial<Mounting> & { readonly mountedAt: number }): Edit =>
  (file) => {
    const old = nth(file, n);
    if (!old) return file;
    const left = file.mountings.map((m) => (m === old ? { ...m, removedAt: next.mountedAt, final } : m));
    return { ...file, mountings: [...left, named({ ...old, ...next })] };
  };

export const mounted =
  (where: Pick<Mounting, 'point' | 'serial' | 'device' | 'register' | 'mountedAt'>): Edit =>
  (file) => ({
    ...file,
    mountings: [...file.mountings, named({ id: '', multiplier: ratio(1), scale: ratio(1), ...where })],
  });

export const withoutMeter =
  (n: number): Edit =>
  (file) => ({ ...file, mountings: file.mountings.filter((m) => m !== nth(file, n)) });

export const withoutPoint =
  (id: string): Edit =>
  (file) => ({
    ...file,
    points: file.points.filter((p) => p.id !== id),
    mountings: file.mountings.filter((m) => m.point !== id),
  });

export const withPoint =
  (point: Point): Edit =>
  (file) => ({ ...file, points: [...file.points.filter(({ id }) => id !== point.id), point] });

export const formula = (id: string, terms: NonNullable<Point['terms']>): Edit =>
  withPoint({ id, name: { zh: id, en: id }, carrier: 'electricity', role: 'formula', terms, allocations: [] });

export const inZone =
  (zone: string): Edit =>
  (file) => ({ ...file, site: { ...file.site, zone } });

/** What a device's register counts in, and how far: its own and that of all its meters. */
export const counting =
  (device: string, face: { readonly scale: Rational; readonly modulus?: number }): Edit =>
  (file) => ({
    ...file,
    devices: file.devices.map((d) =>
      d.id === device ? { ...d, registers: d.registers.map((r) => ({ ...r, ...face })) } : d,
    ),
    mountings: file.mountings.map((m) => (m.device === device ? { ...m, ...face } : m)),
  });

const startOf = (m: Mounting): number => m.mountedAt ?? -Infinity;
const endOf = (m: Mounting): number => m.removedAt ?? Infinity;

/** What the check of a site file lets pass. */
export function isValid({ points, mountings }: Registry): boolean {
  const ids = new Set(points.map((p) => p.id));
  const parents = (p: Point | undefined, seen: readonly string[]): boolean =>
    !p?.parent ||
    (!seen.includes(p.parent) &&
      parents(
        points.find((q) => q.id === p.parent),
        [...seen, p.parent],
      ));
  return (
    new Set(mountings.map((m) => m.id)).size === mountings.length &&
    mountings.every((m) => ids.has(m.point) && startOf(m) < endOf(m)) &&
    mountings.every((m, i) =>
      mountings
        .slice(0, i)
        .every(
          (n) => startOf(m) >= endOf(n) || startOf(n) >= endOf(m) || (m.point !== n.point && m.device !== n.device),
        ),
    ) &&
    points.every(
      (p) =>
        (p.parent === undefined || ids.has(p.parent)) &&
        (p.terms ?? []).every((t) => ids.has(t.point) && t.point !== p.id && (t.point !== 'f' || p.id === 'g')),
    ) &&
    points.every((p) => parents(p, [p.id])) &&
    points.every((p) =>
      p.allocations.every(
        ({ value }) => value.basis !== 'sub-meter' || value.by.every((b) => ids.has(b.point) && b.point !== p.id),
      ),
    )
  );
}
