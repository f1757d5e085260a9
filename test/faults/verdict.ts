import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import type { Books } from '../../pipeline/books/index.ts';
import type { Registry } from '../../pipeline/domain/index.ts';
import { dumpBooks, openService } from '../../pipeline/index.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import type { RegistryJson } from '../oracle/input.ts';
import { dumpOf } from '../oracle/oracle.ts';
import { silentTelemetry } from '../support/postgres.ts';
import {
  admissionsBy,
  countersOf,
  countsBy,
  differences,
  foldedOf,
  keyOf,
  type Quantiles,
  quantiles,
  readAll,
  reasonsOf,
  repeatedFolds,
  sum,
  textOf,
} from './figures.ts';
import type { Obligation } from './obligations.ts';

/** One line per run. Counts are of readings; a record that is no frame counts as one. */
export interface Verdict {
  readonly test: string;
  /** "ok": nothing lost, invented, counted twice or different, and the identity holds to the unit. */
  readonly verdict: 'ok' | 'failed';
  readonly sent: number;
  /** In the log: what was sent, and what a producer repeated. accepted = booked + duplicates + quarantined. */
  readonly accepted: number;
  readonly booked: number;
  readonly duplicates: number;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly invented: number;
  readonly doubleCounted: number;
  /** Lines of the dump that only one of books and oracle has: all of them, and those of hours. */
  readonly linesDiffering: number;
  readonly hoursDiffering: number;
  readonly fencedAttempts: number;
  readonly faultsFired: Readonly<Record<string, number>>;
  readonly recoveryMs: Quantiles;
  readonly seed: number;
  readonly commit: string;
  readonly load: number;
  /** Further figures of the test. */
  readonly also: Readonly<Record<string, number | string>>;
  readonly examples: readonly string[];
}

export interface Happened {
  readonly test: string;
  readonly seed: number;
  readonly fencedAttempts?: number;
  readonly faultsFired?: Readonly<Record<string, number>>;
  readonly recoveriesMs?: readonly number[];
  readonly also?: Readonly<Record<string, number | string>>;
}

export interface Judged {
  readonly books: Books;
  readonly log: FrameLog;
  readonly registry: Registry;
  readonly sent: readonly Obligation[];
  /** Readings taken out of quarantine since. */
  readonly replayed?: number;
}

/** The books against what was sent, and the counters against what the log holds. Prints the line. */
export async function judge(
  { books, log, registry, sent, replayed = 0 }: Judged,
  happened: Happened,
): Promise<Verdict> {
  // plain JSON, as the oracle wants it
  const site = JSON.parse(JSON.stringify(registry)) as RegistryJson;
  const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
  await service.settle();
  await service.stop();
  const found = await dumpBooks(books.db);
  const expected = dumpOf({
    registry: site,
    events: [],
    records: sent.map(({ offeredAt, value }) => ({ appendedAt: offeredAt, value: textOf(value) })),
  });
  const differing = differences(withoutCounts(expected.lines), withoutCounts(found.text.split('\n')));

  const inLog = await readAll(log);
  const admissions = admissionsBy(site);
  const taken = inLog.map(({ value, appendedAt }) => {
    const list = admissions(value, appendedAt);
    return { key: keyOf(value), readings: list.length, folded: foldedOf(list), reasons: reasonsOf(list) };
  });
  const accepted = sum(taken.map((r) => r.readings));
  const folded = sum(taken.map((r) => r.folded));
  const duplicates = repeatedFolds(taken);
  const counted = await countersOf(books);
  const [ofLog, ofSent] = [countsBy(taken.map((r) => r.key)), new Set(sent.map((s) => keyOf(s.value)))];
  const promised = countsBy(sent.filter((s) => s.accepted).map((s) => keyOf(s.value)));
  const vanished = [...promised].filter(([key, count]) => (ofLog.get(key) ?? 0) < count);
  const strangers = [...ofLog.keys()].filter((key) => !ofSent.has(key));
  const reasons = countsBy(taken.flatMap((r) => r.reasons));
  // what was taken out of quarantine is in the books, and was counted as quarantined
  const gaps = [
    counted.records - inLog.length,
    counted.readings - accepted,
    counted.folded + replayed - folded,
    counted.quarantined - (accepted - folded) - replayed,
    counted.rows - (accepted - folded) - replayed,
    ...(replayed === 0 ? [...reasons].map(([reason, count]) => (counted.reasons[reason] ?? 0) - count) : []),
  ];
  const verdict = {
    sent: sum(sent.map(({ offeredAt, value }) => admissions(value, offeredAt).length)),
    accepted,
    booked: counted.folded + replayed - duplicates,
    duplicates,
    quarantined: counted.reasons,
    lost: vanished.length + counted.missing + sum(gaps.map((gap) => Math.max(0, -gap))),
    invented: strangers.length + differing.invented,
    doubleCounted: sum(gaps.map((gap) => Math.max(0, gap))),
    linesDiffering: differing.lines.length,
    hoursDiffering: differing.lines.filter((line) => line.slice(2).startsWith('hour|')).length,
  };
  const wrong = verdict.lost + verdict.invented + verdict.doubleCounted + verdict.linesDiffering;
  const whole: Verdict = {
    test: happened.test,
    verdict: wrong === 0 ? 'ok' : 'failed',
    ...verdict,
    fencedAttempts: happened.fencedAttempts ?? 0,
    faultsFired: happened.faultsFired ?? {},
    recoveryMs: quantiles(happened.recoveriesMs ?? []),
    seed: happened.seed,
    commit: commit(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    also: happened.also ?? {},
    examples: differing.lines.slice(0, 6),
  };
  process.stdout.write(`${JSON.stringify(whole)}\n`);
  return whole;
}

const withoutCounts = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !line.startsWith('count|'));

const commit = (): string => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
