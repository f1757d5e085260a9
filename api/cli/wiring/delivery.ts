import { type GatewayReport, isMeteringError, type ReportAnswer, type SeqSet, seqSetOf } from '#domain';
import { type Clock, type EventSpec, orAborted, type Telemetry } from '#platform';
import type { SpooledFrame } from '../../../collectors/spool/port.ts';
import type { GatewayStatus } from './gateway-status.ts';

/** Where a gateway sends its frames. */
export type Destination =
  | { readonly kind: 'kafka'; readonly brokers: readonly string[]; readonly partitions: number }
  | { readonly kind: 'centre'; readonly url: string; readonly key: string; readonly ca?: string | undefined };

export interface Delivery {
  readonly to: string;
  readonly deliver: (frames: readonly SpooledFrame[]) => Promise<SeqSet>;
  /** Absent where the other side takes none. */
  readonly report?: ((report: GatewayReport) => Promise<ReportAnswer>) | undefined;
  readonly line: () => GatewayStatus['line'];
  readonly clockAheadMs: () => number | null;
  /** The program ends: a line that is silent is waited for a few seconds from now on. */
  readonly hurry: () => void;
  readonly close: () => Promise<void>;
}

export interface DeliveryContext {
  readonly src: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const CLOCK_DIFFERS: EventSpec = {
  level: 'warn',
  message: 'the clocks of gateway and centre differ; one of them is wrong',
};
/** Beyond this the two clocks differ, and no line is that slow. */
const CLOCK_TOLERANCE_MS = 60_000;
const HURRY_MS = 5_000;

/** The way to the other side. It opens at the first frame, so that a gateway starts and collects while the line is down. */
export async function openDelivery(destination: Destination, context: DeliveryContext): Promise<Delivery> {
  const way = destination.kind === 'centre' ? await toCentre(destination, context) : toKafka(destination, context);
  const late = new AbortController();
  let hurrying: NodeJS.Timeout | undefined;
  const { report } = way;
  let line: GatewayStatus['line'] = { state: 'not-yet-tried', lastDeliveryAt: null, problem: null };
  return {
    ...way,
    deliver: async (frames) => {
      try {
        const durable = await orAborted(way.deliver(frames), late.signal);
        line = { state: 'up', lastDeliveryAt: new Date(context.clock.now()).toISOString(), problem: null };
        return durable;
      } catch (error) {
        const problem = isMeteringError(error)
          ? { code: error.code, message: error.message, cure: error.cure ?? null }
          : { code: 'UNEXPECTED', message: String(error), cure: null };
        line = { ...line, state: 'down', problem };
        throw error;
      }
    },
    report: report && ((said) => orAborted(report(said), late.signal)),
    line: () => line,
    hurry: () => {
      hurrying = setTimeout(() => late.abort(new Error('the program ends')), HURRY_MS);
    },
    close: () =>
      orAborted(way.close(), late.signal)
        .catch((error: unknown) => {
          if (error !== late.signal.reason) throw error;
        })
        .finally(() => clearTimeout(hurrying)),
  };
}

type Way = Omit<Delivery, 'line' | 'hurry'>;

async function toCentre(
  { url, key, ca }: Extract<Destination, { kind: 'centre' }>,
  { src, clock, telemetry }: DeliveryContext,
): Promise<Way> {
  const { createCentre } = await import('../../../collectors/delivery/centre.ts');
  let ahead: number | null = null;
  let differs = false;
  const onClock = (aheadMs: number, byMs: number): void => {
    ahead = Math.round(aheadMs);
    const now = Math.abs(aheadMs) > CLOCK_TOLERANCE_MS + byMs;
    if (now && !differs) telemetry.emit('clockDiffers', CLOCK_DIFFERS, { aheadMs: ahead });
    differs = now;
  };
  const centre = createCentre({ url, key, ca, src, now: clock.now, onClock });
  return {
    to: url,
    deliver: centre.deliver,
    report: centre.report,
    clockAheadMs: () => ahead,
    close: async () => centre.close(),
  };
}

function toKafka(
  { brokers, partitions }: Extract<Destination, { kind: 'kafka' }>,
  { clock, telemetry }: DeliveryContext,
): Way {
  const open = async () => {
    const { openKafkaLog } = await import('../../../pipeline/log/kafka/log.ts');
    const log = await openKafkaLog({ brokers, partitionCount: partitions, clock, telemetry });
    return { log, producer: await log.producer() };
  };
  let opening: ReturnType<typeof open> | undefined;
  const opened = (): ReturnType<typeof open> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    to: brokers.join(','),
    deliver: async (frames) => {
      await (await opened()).producer.append(frames);
      return seqSetOf(frames.map(({ seq }) => [seq, seq + 1]));
    },
    clockAheadMs: () => null,
    close: async () => {
      const last = await opening?.catch(() => undefined);
      await last?.producer.close();
      await last?.log.close();
    },
  };
}
