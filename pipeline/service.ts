import type { Carrier, Interval, MeterEvent, MeterEventBody, Period, Registry } from '#domain';
import type {
  FindingAnswer,
  InstitutionAnswer,
  LiveAnswer,
  PointAnswer,
  ReconcileAnswer,
  StatusAnswer,
  TraceAnswer,
  UsageAnswer,
} from './answers.ts';
import type { SeriesQuery } from './historian/port.ts';
import type { RulesService } from './service-rules.ts';
import type { SeriesAnswer } from './watch/series.ts';

/** What the CLI and the API ask of the pipeline. One implementation (pipeline/index.ts: openService); no other way in. */
export interface Service {
  readonly sites: () => Promise<readonly string[]>;
  readonly registry: (site: string) => Promise<Registry>;
  readonly institutions: (site: string) => Promise<readonly InstitutionAnswer[]>;
  readonly points: (site: string) => Promise<readonly PointAnswer[]>;
  readonly live: (site: string) => Promise<readonly LiveAnswer[]>;
  /** Calls back with the registers that changed, at most once a second; gives the way to stop. */
  readonly watch: (site: string, listener: (changed: readonly LiveAnswer[]) => void) => () => void;
  /** A register by window, for curves. */
  readonly series: (query: SeriesQuery) => Promise<SeriesAnswer>;
  readonly usage: (query: UsageQuery) => Promise<UsageAnswer>;
  readonly trace: (query: UsageQuery) => Promise<TraceAnswer>;
  readonly findings: (query: FindingQuery) => Promise<Page<FindingAnswer>>;
  readonly reconcile: (
    site: string,
    options?: { readonly withLog?: boolean; readonly progress?: Progress },
  ) => Promise<ReconcileAnswer>;

  /** Writes nothing when `commit` is false: answers what would change. */
  readonly applyRegistry: (target: Registry, options: ApplyOptions) => Promise<ApplyAnswer>;

  readonly events: (site: string) => Promise<readonly MeterEvent[]>;
  readonly recordEvent: (
    site: string,
    body: MeterEventBody,
    claim: Claim & { readonly supersedes?: number | undefined },
  ) => Promise<MeterEvent>;
  readonly confirmEvent: (id: number, by: string) => Promise<MeterEvent>;

  readonly quarantine: (query: QuarantineQuery) => Promise<Page<QuarantineAnswer>>;
  /** Admits again what is now known or possible; the rest stays. */
  readonly replayQuarantine: (query: {
    readonly site?: string | undefined;
    readonly reason?: string | undefined;
  }) => Promise<{ readonly admitted: number; readonly refused: number }>;

  readonly close: (site: string, month: number, claim: Claim) => Promise<CloseAnswer>;
  readonly closes: (site: string) => Promise<readonly CloseAnswer[]>;
  readonly adjustments: (site: string, month?: number) => Promise<readonly AdjustmentAnswer[]>;

  /** Facts, quantities by hand, indicators, verdicts, targets, costs, factors (service-rules.ts). */
  readonly rules: RulesService;

  /** Log offsets, lags, counters, sizes, last commit: plain JSON. */
  readonly status: () => Promise<StatusAnswer>;
  /** Recomputes what is dirty now; resolves when nothing is left, or soon after the signal aborted. */
  readonly settle: (progress?: Progress, signal?: AbortSignal) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface UsageQuery {
  readonly site: string;
  readonly subject:
    | { readonly kind: 'register'; readonly device: string; readonly register: string }
    | { readonly kind: 'point' | 'institution' | 'premises'; readonly id: string }
    /** An item of an institution, or of the site where `institution` is absent. */
    | { readonly kind: 'item'; readonly id: string; readonly institution?: string | undefined }
    /** The whole site: institutions and unallocated. */
    | { readonly kind: 'site' }
    | { readonly kind: 'unallocated' };
  /** Needed where the subject has more than one. */
  readonly carrier?: Carrier | undefined;
  readonly interval: Interval;
  readonly by: Period;
  /** Closed version to read as of: `2026-03#1`; absent: live. */
  readonly asOf?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | undefined;
}

export interface FindingQuery {
  readonly site: string;
  readonly kind?: string | undefined;
  readonly point?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Names are claimed until access control exists. */
export interface Claim {
  readonly by: string;
  readonly reason: string;
}

export interface ApplyOptions extends Partial<Claim> {
  /** `additions`: what start takes; `all`: needs by and reason. */
  readonly take: 'additions' | 'all';
  readonly commit: boolean;
}

export interface RegistryChange {
  readonly kind: 'add' | 'change' | 'end';
  /** institution, premises, device, point, mounting, allocation, headcount, area, site */
  readonly what: string;
  readonly id: string;
  readonly old?: string | undefined;
  readonly new?: string | undefined;
  /** What would be recomputed, ISO dates; absent: nothing. */
  readonly recomputes?:
    | { readonly from: string; readonly to: string | null; readonly points: readonly string[] }
    | undefined;
}

export interface ApplyAnswer {
  readonly site: string;
  readonly taken: readonly RegistryChange[];
  /** Not taken because only additions were asked for. */
  readonly left: readonly RegistryChange[];
  readonly committed: boolean;
}

export interface QuarantineQuery {
  readonly site?: string | undefined;
  readonly reason?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface QuarantineAnswer {
  readonly id: number;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly detail: string;
  readonly device: string | null;
  readonly register: string | null;
  readonly at: string | null;
  readonly value: string | null;
  /** `admitted`: by a replay, after what was missing came. */
  readonly state: 'open' | 'admitted';
}

export interface CloseAnswer {
  readonly site: string;
  /** 2026-03 */
  readonly month: string;
  readonly version: number;
  readonly closedAt: string;
  readonly by: string;
  readonly reason: string;
  readonly hash: string;
}

export interface AdjustmentAnswer {
  readonly month: string;
  readonly version: number;
  readonly subject: string;
  readonly carrier: Carrier;
  readonly old: number;
  readonly new: number;
  readonly difference: number;
  readonly reason: string;
  readonly at: string;
}

/** done of total; total may be unknown (null). */
export type Progress = (done: number, total: number | null, label: string) => void;
