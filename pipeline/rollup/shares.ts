import {
  dayStart,
  formatDay,
  formatRational,
  type Interval,
  localDay,
  type Point,
  UNALLOCATED,
  type Zone,
} from '#domain';
import { inForce } from '../ledger/allocate.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { allocationsOf } from './site-index.ts';
import { sharesOf } from './totals.ts';

export interface ShareRun {
  readonly interval: Interval;
  readonly ratio: string;
  readonly basis: string;
  readonly since: string;
}

/** Runs of local days in which a party bears one share of a point; daily shares of sub-meters make one run with the ratio `daily`. */
export function shareRuns(
  site: DirectorySite,
  point: Point,
  party: string,
  { from, to }: Interval,
  zone: Zone,
): readonly ShareRun[] {
  const [first, last] = [localDay(from, zone), localDay(to, zone)];
  const runs: { from: number; to: number; ratio: string; basis: string; since: string }[] = [];
  for (let day = first; day < last; day++) {
    const next = shareOn(site, point, party, day);
    const run = runs.at(-1);
    if (run && run.ratio === next.ratio && run.basis === next.basis && run.since === next.since) run.to = day + 1;
    else runs.push({ from: day, to: day + 1, ...next });
  }
  return runs
    .filter((r) => r.ratio !== '0')
    .map((r) => ({
      interval: { from: dayStart(r.from, zone), to: dayStart(r.to, zone) },
      ratio: r.ratio,
      basis: r.basis,
      since: r.since,
    }));
}

function shareOn(
  site: DirectorySite,
  point: Point,
  party: string,
  day: number,
): { readonly ratio: string; readonly basis: string; readonly since: string } {
  const rules = allocationsOf(site, point);
  const rule = inForce(rules, day);
  const since = rules.filter((r) => r.from <= day).at(-1)?.from;
  const basis = rule?.basis ?? 'no rule';
  const text = since === undefined ? '' : formatDay(since);
  if (rule?.basis === 'sub-meter') return { ratio: 'daily', basis, since: text };
  const shares = sharesOf(site, point, day, () => undefined);
  if (party !== UNALLOCATED) {
    const share = shares.find((s) => s.party === party)?.share;
    return { ratio: share ? formatRational(share) : '0', basis, since: text };
  }
  const [num, den] = shares.reduce(
    ([n, d], { share }) => [n * BigInt(share.den) - BigInt(share.num) * d, d * BigInt(share.den)],
    [1n, 1n],
  );
  return { ratio: ratioText(num, den), basis, since: text };
}

/** In lowest terms, as `formatRational` writes it; what is left of many shares may be beyond the numbers that a Rational holds. */
function ratioText(num: bigint, den: bigint): string {
  let [a, b] = [num, den];
  while (b !== 0n) [a, b] = [b, a % b];
  return den === a ? String(num / a) : `${num / a}/${den / a}`;
}
