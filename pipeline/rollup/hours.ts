import type { Kysely } from 'kysely';
import { type Interval, type Point, registerKey } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { slotsOf } from '../ledger/quality.ts';
import { usagesBetween } from '../ledger/volume.ts';
import { type EvidenceOutline, outlineOf } from './coverage.ts';
import { indexOf, type MountedRegister, mountedOf } from './site-index.ts';
import type { ResolvedSubject } from './subject.ts';
import { NO_SPLIT, type RawRow } from './split.ts';
import { judgeWindow } from './window.ts';

/** Mountings of a point that hold some time in [from, to), by time. */
export const mountedAt = (site: DirectorySite, point: string, { from, to }: Interval): readonly MountedRegister[] =>
  mountedOf(site, point)
    .filter(({ mounting: m }) => (m.mountedAt ?? -Infinity) < to && (m.removedAt ?? Infinity) > from)
    .sort((a, b) => (a.mounting.mountedAt ?? -Infinity) - (b.mounting.mountedAt ?? -Infinity));

/** Of the mountings that were judged for them. */
export interface HourRows {
  readonly rows: readonly RawRow[];
  /** By mounting; undefined where nothing is believed. */
  readonly outlines: ReadonlyMap<string, EvidenceOutline | undefined>;
  /** JudgedWindow.registryVersion. */
  readonly registryVersion: number | undefined;
}

/** Rows of any length, from the readings themselves: hours, and whatever does not begin and end at midnight. */
export async function hourRows(
  db: Kysely<Tables>,
  site: DirectorySite,
  resolved: ResolvedSubject,
  periods: readonly Interval[],
): Promise<HourRows> {
  const rows = periods.map((p) => ({ ...p, amount: 0, split: { ...NO_SPLIT } }));
  const starts = periods.map((p) => p.from);
  const whole = { from: starts[0] ?? 0, to: periods.at(-1)?.to ?? 0 };
  const outlines = new Map<string, EvidenceOutline | undefined>();
  let registryVersion: number | undefined;
  for (const { register, mounting, sign } of mountingsWithSign(site, resolved, whole)) {
    const window = await judgeWindow(db, site, register, mounting, whole.from, whole.to);
    registryVersion = window.registryVersion ?? registryVersion;
    outlines.set(mounting.id, outlineOf(window.judged));
    const { cuts, amounts, qualities } = slotsOf(window.judged, whole, site.slotMs, starts);
    let i = 0;
    qualities.forEach(({ quality }, k) => {
      const from = cuts[k] ?? 0;
      const amount = sign * (amounts[k] ?? 0);
      while (i < rows.length - 1 && from >= (rows[i]?.to ?? Infinity)) i++;
      const row = rows[i];
      if (!row) return;
      row.amount += amount;
      row.split[quality] += amount;
    });
  }
  return { rows, outlines, registryVersion };
}

/**
 * What a point adds in each [cuts[i], cuts[i + 1]), cuts ascending, without its quality (an export is below 0): the amounts of hourRows, in one walk
 * along the readings of each meter.
 */
export async function amountsBetween(
  db: Kysely<Tables>,
  site: DirectorySite,
  point: Point,
  cuts: Float64Array,
): Promise<Float64Array> {
  const amounts = new Float64Array(Math.max(0, cuts.length - 1));
  const whole = { from: cuts[0] ?? 0, to: cuts.at(-1) ?? 0 };
  for (const { register, mounting, sign } of ofPoint(site, point, point.role === 'export' ? -1 : 1, whole)) {
    const { judged } = await judgeWindow(db, site, register, mounting, whole.from, whole.to);
    for (const [i, amount] of usagesBetween(judged, cuts).entries()) amounts[i] = (amounts[i] ?? 0) + sign * amount;
  }
  return amounts;
}

type Signed = MountedRegister & { readonly sign: 1 | -1 };

function mountingsWithSign(site: DirectorySite, resolved: ResolvedSubject, period: Interval): readonly Signed[] {
  if (resolved.mountings) {
    const register = site.registers.get(registerKey(...splitKey(resolved.subject.id)));
    return (register?.mountings ?? []).flatMap((mounting) =>
      register ? [{ register, mounting, sign: 1 as const }] : [],
    );
  }
  return resolved.terms.flatMap(({ point, sign }) => ofPoint(site, point, sign, period));
}

const splitKey = (key: string): [string, string] => [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];

function ofPoint(site: DirectorySite, point: Point, sign: 1 | -1, period: Interval): readonly Signed[] {
  if (point.role !== 'formula') return mountedAt(site, point.id, period).map((m) => ({ ...m, sign }));
  return (point.terms ?? []).flatMap((term) => {
    const inner = indexOf(site).points.get(term.point);
    return inner ? ofPoint(site, inner, sign === term.sign ? 1 : -1, period) : [];
  });
}
