import { Agent, request } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  FRAMES_CONTENT_TYPE,
  type GatewayReport,
  INTAKE_FRAMES_PATH,
  INTAKE_REPORT_PATH,
  intakeAnswerSchema,
  type ReportAnswer,
  reportAnswerSchema,
  type SeqRange,
  type SeqSet,
  seqSetOf,
} from '#domain';
import type { SpooledFrame } from '../spool/port.ts';
import { centreSilent, invalidAnswer, refusal } from './failure.ts';

export interface CentreOptions {
  /** https://host:port of the centre's intake, behind a proxy with the path that leads to it. */
  readonly url: string;
  readonly key: string;
  /** PEM of the authority that signed the centre's certificate; the system's where absent. */
  readonly ca?: string | undefined;
  /** Of the spool whose frames go there. */
  readonly src: string;
  readonly now: () => number;
  /** Hears how far the centre's clock is ahead of ours, give or take `byMs`. */
  readonly onClock?: ((aheadMs: number, byMs: number) => void) | undefined;
  readonly timeoutMs?: number | undefined;
}

/** The centre as a gateway sees it (pipeline/domain/intake.ts has what they say to each other). */
export interface Centre {
  /** Answers what of these frames is durable there. Throws CENTRE_SILENT, CENTRE_CERTIFICATE_REFUSED, CENTRE_KEY_REFUSED, CENTRE_REFUSED. */
  readonly deliver: (frames: readonly SpooledFrame[]) => Promise<SeqSet>;
  readonly report: (report: GatewayReport) => Promise<ReportAnswer>;
  readonly close: () => void;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
}

const TIMEOUT_MS = 60_000;
const LINE_FEED = Buffer.from('\n');
const compress = promisify(gzip);

export function createCentre(options: CentreOptions): Centre {
  const { url, key, ca, src, now, timeoutMs = TIMEOUT_MS } = options;
  // behind a proxy the centre may have a path
  const base = url.endsWith('/') ? url : `${url}/`;
  const agent = new Agent({ keepAlive: true, maxSockets: 2, ...(ca === undefined ? {} : { ca }) });

  const ask = async (method: 'POST' | 'PUT', path: string, type: string, body: Buffer): Promise<unknown> => {
    const packed = await compress(body);
    const { status, text, location } = await new Promise<Reply>((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const headers = {
        Authorization: `Bearer ${key}`,
        'Content-Type': type,
        'Content-Encoding': 'gzip',
        'Content-Length': packed.length,
      };
      const sent = request(
        new URL(path.slice(1), base),
        { method, agent, headers, signal, minVersion: 'TLSv1.2' },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(chunks).toString(),
              location: response.headers.location,
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(packed);
    }).catch((cause: unknown) => {
      throw centreSilent(url, cause);
    });
    if (status !== 200) throw refusal(url, { status, text, location });
    try {
      return JSON.parse(text);
    } catch {
      throw invalidAnswer(url);
    }
  };

  const hearClock = (at: number, from: number): void => {
    const to = now();
    // a clock that was set meanwhile tells nothing
    if (to >= from) options.onClock?.(at - (from + to) / 2, (to - from) / 2);
  };

  return {
    deliver: async (frames) => {
      const from = now();
      const body = Buffer.concat(frames.flatMap(({ value }) => [value, LINE_FEED]));
      const answer = intakeAnswerSchema.safeParse(await ask('POST', INTAKE_FRAMES_PATH, FRAMES_CONTENT_TYPE, body));
      if (!answer.success) throw invalidAnswer(url);
      const { at, durable, malformed } = answer.data;
      hearClock(at, from);
      const kept = malformed.flatMap((line): SeqRange[] => {
        const seq = frames[line]?.seq;
        return seq === undefined ? [] : [[seq, seq + 1]];
      });
      return within(frames, seqSetOf([...(durable[src] ?? []), ...kept]));
    },
    report: async (report) => {
      const from = now();
      const body = Buffer.from(JSON.stringify(report));
      const answer = reportAnswerSchema.safeParse(await ask('PUT', INTAKE_REPORT_PATH, 'application/json', body));
      if (!answer.success) throw invalidAnswer(url);
      hearClock(answer.data.at, from);
      return answer.data;
    },
    close: () => agent.destroy(),
  };
}

/** Never more than was sent, whatever the answer says. */
const within = (frames: readonly SpooledFrame[], durable: SeqSet): SeqSet =>
  seqSetOf(
    frames
      .filter(({ seq }) => durable.some(([from, to]) => from <= seq && seq < to))
      .map(({ seq }) => [seq, seq + 1] as const),
  );
