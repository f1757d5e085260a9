import type { Transaction } from 'kysely';
import { localDay, requestError, zoneOf } from '#domain';
import type { Clock, Telemetry } from '#platform';
import type { Books } from './books/index.ts';
import { loadEvents } from './books/meter-events.ts';
import type { Tables } from './books/tables.ts';
import { applyRegistry } from './books/registry.ts';
import { type DirectorySite, loadDirectory, loadSiteOf } from './ledger/directory.ts';
import { inForce } from './ledger/allocate.ts';
import { rejoin } from './ledger/rejoin.ts';
import { replayQuarantine } from './ledger/replay.ts';
import { siteKeeper } from './ledger/site-keeper.ts';
import { foldSources } from './ledger/sources.ts';
import type { Historian } from './historian/port.ts';
import type { FrameLog } from './log/port.ts';
import type { InstitutionAnswer, LiveAnswer, PointAnswer } from './answers.ts';
import { listAdjustments } from './rollup/adjustments.ts';
import { closedSite, closedSource, closedVersion, closeMonth, listCloses } from './rollup/close.ts';
import { confirmEvent, recordEvent } from './rollup/events.ts';
import { logLayer } from './rollup/log-layer.ts';
import { reconcile } from './rollup/reconcile.ts';
import { settle } from './rollup/settle.ts';
import { inSettledSnapshot, type SnapshotOptions } from './rollup/snapshot.ts';
import { type DaySource, liveSource } from './rollup/source.ts';
import { allocationsOf } from './rollup/site-index.ts';
import { trace } from './rollup/trace.ts';
import { usage } from './rollup/usage.ts';
import type { Progress, Service, UsageQuery } from './service.ts';
import { listFindings } from './watch/findings.ts';
import { createLiveWatch } from './watch/live-watch.ts';
import { openRules } from './judging/index.ts';
import { latestReadings, liveAnswers } from './watch/live.ts';
import { olderGaugesIn } from './watch/older-gauges.ts';
import { series } from './watch/series.ts';
import { listQuarantine } from './watch/quarantine.ts';
import { statusOf } from './watch/status.ts';

export interface ServiceOptions {
  readonly books: Books;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Absent where another process holds the log: what needs it (joining slots anew) waits for that process. */
  readonly log?: FrameLog | undefined;
  readonly logKind?: 'embedded' | 'kafka' | undefined;
  readonly logBytes?: (() => number | null) | undefined;
  readonly lastCommitAt?: (() => number | undefined) | undefined;
  /** Curves come from it where there is one. */
  readonly historian?: Historian | undefined;
  /** Data files of the rules; absent: those that come with the program. */
  readonly rulesFolder?: string | undefined;
  /** Aborts when nobody waits for answers any more: settling ends after the transaction under way, and an answer that needs it is a rejection with the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How long an answer waits for another process to join slots anew before it says so. */
const REJOIN_PATIENCE_MS = 60_000;
/** How often a trial balance looks for a moment at which nothing waits to be recomputed, or a closed month for one at which nothing of its site does; and a trace. */
const [SNAPSHOT_ATTEMPTS, TRACE_ATTEMPTS] = [50, 5];

/** The pipeline's one door (service.ts). */
export function openService(options: ServiceOptions): Service {
  const { books, clock, telemetry, log, signal: ending } = options;
  const { db } = books;
  const { siteOf, asking } = siteKeeper(db);
  const settleAll = async (progress?: Progress, signal = ending): Promise<void> => {
    const until = clock.now() + REJOIN_PATIENCE_MS;
    for (;;) {
      if (log) await rejoin(books, log, telemetry, signal);
      await foldSources(db);
      const settled = await settle({ books, progress, siteOf, signal });
      if (signal?.aborted) return;
      const { left, forLog } = await db
        .selectFrom('dirty')
        .select((eb) => [
          eb.fn.countAll<number>().as('left'),
          eb.fn.countAll<number>().filterWhere('rejoin', '=', true).as('forLog'),
        ])
        .executeTakeFirstOrThrow();
      if (left === 0 || (settled === 0 && forLog === 0)) return;
      if (!log && forLog === left) {
        if (clock.now() >= until) return;
        await clock.sleep(500, signal).catch(() => undefined);
      }
    }
  };
  const untilEnding = async (settling: Promise<unknown>): Promise<void> => {
    await settling;
    ending?.throwIfAborted();
  };
  /** The work on a site, its registry included, as of a moment at which nothing of it waits. */
  const atOneMoment = <T>(
    id: string,
    attempts: number,
    otherwise: SnapshotOptions['otherwise'],
    work: (tx: Transaction<Tables>, site: DirectorySite) => Promise<T>,
  ): Promise<T> => {
    const settleSite = () => untilEnding(settle({ books, site: id, siteOf, signal: ending }));
    const options = { site: id, attempts, otherwise, settle: settleSite };
    return inSettledSnapshot(db, options, async (tx) => work(tx, await loadSiteOf(tx, id)));
  };
  const sourceOf = async (
    site: DirectorySite,
    query: UsageQuery,
  ): Promise<{ readonly site: DirectorySite; readonly source: DaySource }> => {
    if (query.asOf === undefined) return { site, source: liveSource(db, site.registry, clock.now()) };
    const content = await closedVersion(db, site.registry.site.id, query.asOf);
    return { site: closedSite(site, content), source: closedSource(content) };
  };
  const olderGauges = olderGaugesIn(db, clock);
  const liveOf = async (id: string): Promise<readonly LiveAnswer[]> => {
    const site = await siteOf(id);
    return liveAnswers(site, await latestReadings(db, site, olderGauges), clock.now());
  };
  const rules = openRules({ db, clock, siteOf, rulesFolder: options.rulesFolder });
  const watch = createLiveWatch({
    clock,
    telemetry,
    latest: liveOf,
  });

  return {
    sites: async () => (await db.selectFrom('site').select('id').orderBy('id').execute()).map((s) => s.id),
    registry: async (id) => (await siteOf(id)).registry,
    institutions: async (id) => institutionAnswers(await siteOf(id), clock.now()),
    points: async (id) => pointAnswers(await siteOf(id)),
    live: liveOf,
    watch: (id, listener) => watch.subscribe(id, listener),
    series: async (query) => series(db, options.historian, await siteOf(query.site), query),
    usage: (query) =>
      asking(query.site, async (known) => {
        const { site, source } = await sourceOf(known, query);
        return usage(db, site, source, query);
      }),
    trace: async (query) => {
      if (query.asOf !== undefined) return tracedVersion(options, query);
      return atOneMoment(query.site, TRACE_ATTEMPTS, 'as-it-stands', (tx, site) =>
        trace(tx, site, liveSource(tx, site.registry, clock.now()), query),
      );
    },
    findings: async (query) => listFindings(db, await siteOf(query.site), query),
    reconcile: async (id, { withLog, progress } = {}) => {
      await siteOf(id); // a site that is not there is refused before any work
      const step: Progress = (...done) => {
        ending?.throwIfAborted();
        progress?.(...done);
      };
      const settleMore = (): Promise<void> => untilEnding(settleAll(progress));
      await settleMore();
      const settled = { attempts: SNAPSHOT_ATTEMPTS, otherwise: 'as-it-stands' as const, settle: settleMore };
      return inSettledSnapshot(db, settled, async (tx) => {
        const site = await loadSiteOf(tx, id);
        const layers = withLog && log ? [await logLayer(tx, log, await loadDirectory(tx), step)] : [];
        return reconcile(tx, site, clock.now(), layers, step);
      });
    },
    applyRegistry: (target, apply) =>
      db.transaction().execute((tx) => applyRegistry(tx, target, { ...apply, now: clock.now() })),
    events: async (id) => {
      await siteOf(id); // a site that is not there is refused
      return loadEvents(db, id);
    },
    recordEvent: (id, body, claim) => recordEvent(books, id, body, claim, clock.now()),
    confirmEvent: (id, by) => confirmEvent(books, id, by, clock.now()),
    quarantine: (query) => listQuarantine(db, query),
    replayQuarantine: (query) => replayQuarantine(books, clock.now(), query),
    close: async (id, month, claim) => {
      await untilEnding(settleAll());
      return atOneMoment(id, SNAPSHOT_ATTEMPTS, 'refuse', async (tx, site) =>
        closeMonth(tx, site, month, claim, clock.now(), await rules.closing(tx, site, month)),
      );
    },
    closes: async (id) => listCloses(db, await siteOf(id)),
    adjustments: async (id, month) => {
      await untilEnding(settleAll());
      return atOneMoment(id, TRACE_ATTEMPTS, 'as-it-stands', (tx, site) =>
        listAdjustments(tx, site, clock.now(), month),
      );
    },
    rules: rules.service,
    status: () =>
      statusOf({
        db,
        log: log && { log, kind: options.logKind ?? 'embedded', bytes: options.logBytes ?? (() => null) },
        lastCommitAt: options.lastCommitAt ?? (() => undefined),
        now: clock.now(),
      }),
    settle: settleAll,
    stop: async () => watch.stop(),
  };
}

/** As of a closed version the tree is the one frozen with it, for a point and its whole month. */
async function tracedVersion({ books }: ServiceOptions, query: UsageQuery) {
  const content = await closedVersion(books.db, query.site, query.asOf ?? '');
  const { subject } = query;
  const frozen =
    subject.kind === 'point' && Object.hasOwn(content.traces, subject.id) ? content.traces[subject.id] : undefined;
  const whole = (node: { readonly from: string; readonly to: string }): boolean =>
    Date.parse(node.from) === query.interval.from && Date.parse(node.to) === query.interval.to;
  if (frozen && whole(frozen.root)) return { ...frozen, version: `${content.month}#${content.version}` };
  throw requestError('TRACE_NOT_FROZEN', 'a closed version keeps the trace of each point over its whole month', {
    place: query.asOf ?? '',
    cure: 'ask for a point and the whole month, or trace the live figure',
  });
}

function institutionAnswers(site: DirectorySite, now: number): readonly InstitutionAnswer[] {
  const today = localDay(now, zoneOf(site.registry.site.zone));
  return site.registry.institutions.map((i) => ({
    id: i.id,
    name: i.name,
    headcount: inForce(i.headcount, today) ?? null,
    areaM2: inForce(i.area, today) ?? null,
    ended: i.ended !== undefined,
  }));
}

const pointAnswers = (site: DirectorySite): readonly PointAnswer[] =>
  site.registry.points.map((p) => ({
    id: p.id,
    name: p.name,
    carrier: p.carrier,
    role: p.role,
    item: p.item ?? null,
    premises: p.premises ?? null,
    parent: p.parent ?? null,
    institutions: [
      ...new Set(
        allocationsOf(site, p).flatMap(({ value }) =>
          value.basis === 'fixed'
            ? value.shares.map((s) => s.institution)
            : value.basis === 'sub-meter'
              ? value.by.map((b) => b.institution)
              : value.among,
        ),
      ),
    ],
    ended: p.ended !== undefined,
  }));
