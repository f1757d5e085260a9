import {
  type GatewayReport,
  type IntakeAnswer,
  type ReportAnswer,
  requestError,
  type SeqRange,
  seqSetOf,
} from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import type { Books } from '../books/index.ts';
import { parseFrame } from '../ledger/admission.ts';
import type { FrameLog } from '../log/port.ts';
import { takeReport } from './gateways.ts';
import { identifyKey } from './keys.ts';
import { recentFrames } from './recent.ts';

const EVENTS = {
  framesTaken: { level: 'debug', message: 'frames of a gateway are in the log', labels: ['site'] },
  framesForeign: {
    level: 'warn',
    message: 'frames of another site or spool than the key’s were refused',
    labels: ['site'],
  },
  framesMalformed: {
    level: 'warn',
    message: 'a gateway sent what is no frame; it goes to quarantine',
    labels: ['site'],
  },
  framesRepeatedOtherwise: {
    level: 'error',
    message: 'a spool gives numbers again that it gave to other frames: it was restored from a copy; both are kept',
    labels: ['site'],
  },
} as const satisfies Record<string, EventSpec>;

/** How much of the log’s end is read at the start, to know again what a gateway may repeat. */
const REMEMBERED = 20_000;

export interface IntakeOptions {
  readonly books: Books;
  readonly log: FrameLog;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface KeyHolder {
  readonly id: string;
  readonly site: string;
}

/** What stands behind the listener of the gateways (api/http/intake). */
export interface Intake {
  /** Whose key this is; absent: nobody's, or revoked. */
  readonly identify: (key: string) => Promise<KeyHolder | undefined>;
  /** Resolves when what was taken is durable in the log. One request of a site after the other. */
  readonly take: (holder: KeyHolder, lines: readonly Uint8Array[]) => Promise<IntakeAnswer>;
  /** Throws INTAKE_FOREIGN where it is of another site or spool. */
  readonly report: (holder: KeyHolder, report: GatewayReport) => Promise<ReportAnswer>;
  readonly close: () => Promise<void>;
}

/** Frames of gateways into the log, with the gateway's own src and seq; idempotent by them. */
export async function openIntake({ books, log, clock, telemetry }: IntakeOptions): Promise<Intake> {
  const { db } = books;
  const own = await log.identity();
  const producer = await log.producer();
  const recent = recentFrames();
  await remember(log, recent.note);
  const owners = new Map<string, string>();
  const turns = new Map<string, Promise<unknown>>();

  const inTurn = <T>(site: string, work: () => Promise<T>): Promise<T> => {
    const result = (turns.get(site) ?? Promise.resolve()).then(work);
    turns.set(
      site,
      result.catch(() => undefined),
    );
    return result;
  };

  /** A spool belongs to the site that came with it first, so that no key can speak for another site's gateway. */
  const isOf = async (src: string, site: string): Promise<boolean> => {
    if (src === own) return false;
    let owner = owners.get(src);
    if (owner === undefined) {
      await db
        .insertInto('intake_source')
        .values({ src, site, first_at: clock.now() })
        .onConflict((c) => c.column('src').doNothing())
        .execute();
      const row = await db.selectFrom('intake_source').select('site').where('src', '=', src).executeTakeFirstOrThrow();
      owner = row.site;
      owners.set(src, owner);
    }
    return owner === site;
  };

  const take = async ({ site }: KeyHolder, lines: readonly Uint8Array[]): Promise<IntakeAnswer> => {
    const fresh: { readonly device: string; readonly value: Uint8Array; readonly note?: () => void }[] = [];
    const [malformed, foreign]: [number[], number[]] = [[], []];
    const durable = new Map<string, SeqRange[]>();
    const inRequest = new Map<string, Map<number, Uint8Array>>();
    let otherwise = 0;
    for (const [i, value] of lines.entries()) {
      const parsed = parseFrame(value);
      if (!parsed.ok) {
        malformed.push(i);
        fresh.push({ device: '', value });
        continue;
      }
      const { src, seq, device } = parsed.frame;
      if (parsed.frame.site !== site || !(await isOf(src, site))) {
        foreign.push(i);
        continue;
      }
      const seen = inRequest.get(src) ?? new Map<number, Uint8Array>();
      const before = seen.get(seq);
      const known = before ? sameOrOther(before, value) : recent.look(src, seq, value);
      if (known === 'other') otherwise += 1;
      if (known !== 'repeated') fresh.push({ device, value, note: () => recent.note(src, seq, value) });
      inRequest.set(src, seen.set(seq, value));
      durable.set(src, [...(durable.get(src) ?? []), [seq, seq + 1]]);
    }
    if (fresh.length > 0) await producer.append(fresh);
    for (const { note } of fresh) note?.();
    const count = (event: keyof typeof EVENTS, frames: number): void => {
      if (frames > 0) telemetry.emit(event, EVENTS[event], { site }, frames);
    };
    count('framesTaken', fresh.length);
    count('framesForeign', foreign.length);
    count('framesMalformed', malformed.length);
    count('framesRepeatedOtherwise', otherwise);
    const ranges = [...durable].map(([src, seqs]) => [src, seqSetOf(seqs).map(([a, b]) => [a, b])] as const);
    return { at: clock.now(), durable: Object.fromEntries(ranges) as IntakeAnswer['durable'], malformed, foreign };
  };

  return {
    identify: (key) => identifyKey(db, key),
    take: (holder, lines) => inTurn(holder.site, () => take(holder, lines)),
    report: async (holder, report) => {
      if (report.site !== holder.site || !(await isOf(report.src, holder.site))) {
        throw requestError(
          'INTAKE_FOREIGN',
          `the key is bound to site "${holder.site}", the gateway is of "${report.site}"`,
          {
            place: report.site,
            cure: 'make a key for this site with civicmeter keys create --site, or correct the site file of the gateway',
          },
        );
      }
      return { at: clock.now(), ...(await takeReport(db, holder, report, clock.now())) };
    },
    close: producer.close,
  };
}

const sameOrOther = (before: Uint8Array, value: Uint8Array): 'repeated' | 'other' =>
  Buffer.compare(before, value) === 0 ? 'repeated' : 'other';

/** Only of a log on this machine: a cluster's would cost a reader per partition, and what is repeated is joined anyway. */
async function remember(log: FrameLog, note: (src: string, seq: number, value: Uint8Array) => void): Promise<void> {
  if (log.partitionCount !== 1) return;
  const bounds = (await log.bounds()).get(0);
  if (!bounds) return;
  for await (const records of log.scan(0, Math.max(bounds.low, bounds.high - REMEMBERED))) {
    for (const { value } of records) {
      const parsed = parseFrame(value);
      if (parsed.ok) note(parsed.frame.src, parsed.frame.seq, value);
    }
  }
}
