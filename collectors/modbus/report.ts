import type { FrameEntry } from '#domain';
import type { Telemetry } from '#platform';
import type { ConnectedDevice } from '../contract.ts';
import type { DecodedRegister } from './decode.ts';
import { READ_SPLIT, READING_REFUSED, READING_REFUSED_AGAIN, REQUEST_FAILED, REQUEST_FAILED_AGAIN } from './events.ts';
import type { PlannedRead } from './planner.ts';
import type { ReadFault } from './transport.ts';

/** What a poller tells about one device: each absence is an event; it is logged when its reason is new, counted always. */
export interface Reporter {
  /** `reads` are what is absent because of it, the one that failed first; `all`: nothing of the device could be read. */
  readonly failed: (fault: ReadFault, reads: readonly PlannedRead[], all?: boolean) => void;
  readonly split: (read: PlannedRead) => void;
  /** The entries of what could be decoded; an event for each of the rest. */
  readonly entriesOf: (read: PlannedRead, decoded: readonly DecodedRegister[]) => readonly FrameEntry[];
}

/** `exception-2`, `timeout`, …: a bounded set, for labels. */
export const reasonOf = (fault: ReadFault): string =>
  fault.kind === 'exception' ? `exception-${fault.code}` : fault.kind;

const ALL = 'all requests';

export function createReporter(device: ConnectedDevice, telemetry: Telemetry): Reporter {
  const names = { connection: device.connection, device: device.id, unit: device.unit };
  const lastReason = new Map<string, string>();
  const isNews = (what: string, reason: string | undefined): boolean => {
    const before = lastReason.get(what);
    if (reason === undefined) lastReason.delete(what);
    else lastReason.set(what, reason);
    return before !== reason;
  };
  // as a rule nothing has failed lately, and thousands of registers a second need no key made
  const isWell = (): boolean => lastReason.size === 0;
  const requestKey = (read: PlannedRead | undefined): string => `request ${read?.fc}:${read?.address}`;

  /** Undefined: it holds no usable value, and an event has said so. */
  const entryOf = ({ register, result }: DecodedRegister): FrameEntry | undefined => {
    const { name, kind } = register;
    const news = result.ok && isWell() ? false : isNews(`register ${name}`, result.ok ? undefined : result.reason);
    if (result.ok) return kind === 'gauge' ? [name, result.value, 'g'] : [name, result.value];
    const fields = { ...names, register: name, reason: result.reason };
    telemetry.emit('readingRefused', news ? READING_REFUSED : READING_REFUSED_AGAIN, fields);
    return undefined;
  };

  return {
    failed: (fault, reads, all = false) => {
      const reason = reasonOf(fault);
      const registers = reads.flatMap((read) => read.registers.map((register) => register.name));
      telemetry.emit(
        'requestFailed',
        isNews(all ? ALL : requestKey(reads[0]), reason) ? REQUEST_FAILED : REQUEST_FAILED_AGAIN,
        {
          ...names,
          reason,
          address: reads[0]?.address,
          registers: registers.join(','),
          ...('detail' in fault ? { detail: fault.detail } : {}),
        },
      );
    },
    split: (read) => telemetry.emit('readSplit', READ_SPLIT, { ...names, address: read.address, words: read.words }),
    entriesOf: (read, decoded) => {
      if (!isWell()) {
        isNews(requestKey(read), undefined);
        isNews(ALL, undefined);
      }
      return decoded.map(entryOf).filter((entry) => entry !== undefined);
    },
  };
}
