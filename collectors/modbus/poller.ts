import type { FrameEntry } from '#domain';
import type { CollectorContext, ConnectedDevice, DeviceModel } from '../contract.ts';
import { createDecoder, type DecodedRegister } from './decode.ts';
import { READ_SPLIT, READING_REFUSED, READING_REFUSED_AGAIN, REQUEST_FAILED, REQUEST_FAILED_AGAIN } from './events.ts';
import { type PlannedRead, planReads, splitRead } from './planner.ts';
import { UNIT_BACKOFF } from './schedule.ts';
import type { ReadFault, ReadRequest, ReadResult } from './transport.ts';

export type ModbusModel = Extract<DeviceModel, { readonly protocol: 'modbus' }>;

/** What one poll of one device gave. */
export interface PollResult {
  /** What could be read; empty: no frame. */
  readonly entries: readonly FrameEntry[];
  /** Epoch ms of the last reply that gave a value. */
  readonly at: number;
  /** Why the poll ended early, or why nothing at all was readable. */
  readonly failure?: ReadFault | undefined;
}

export interface Poller {
  readonly poll: (read: (request: ReadRequest) => Promise<ReadResult>) => Promise<PollResult>;
  /** Since the start. */
  readonly counts: () => { readonly timeouts: number; readonly exceptions: number };
}

/** Modbus Application Protocol V1.1b3, 7: function, address, value: the request itself is wrong, so asking again fast is no use. */
const ILLEGAL_FUNCTION = 1;
const CONFIGURATION_CODES: readonly number[] = [ILLEGAL_FUNCTION, 2, 3];
/** How long a register is left alone that the device refuses on its own. */
export const REFUSED_PAUSE_MS = UNIT_BACKOFF.maxMs;

export const isConfigurationFault = (fault: ReadFault): boolean =>
  fault.kind === 'exception' && CONFIGURATION_CODES.includes(fault.code);

/** `exception-2`, `timeout`, …: a bounded set, for labels. */
export const reasonOf = (fault: ReadFault): string =>
  fault.kind === 'exception' ? `exception-${fault.code}` : fault.kind;

/**
 * Reads one device: its plan, request by request. A range that is refused as a whole is split for good, until what is
 * refused stands alone and is left out for five minutes at a time. Any other fault ends the poll: what was read stands.
 */
export function createPoller(
  device: ConnectedDevice,
  model: ModbusModel,
  { clock, telemetry }: Pick<CollectorContext, 'clock' | 'telemetry'>,
): Poller {
  const original = planReads(model.registers, model);
  const decode = createDecoder(model.registers);
  const refusedUntil = new Map<PlannedRead, number>();
  const lastReason = new Map<string, string>();
  const counts = { timeouts: 0, exceptions: 0 };
  let plan = original;

  const names = { connection: device.connection, device: device.id, unit: device.unit };

  /** True where the reason is not what it was the last time. */
  const isNews = (what: string, reason: string | undefined): boolean => {
    const before = lastReason.get(what);
    if (reason === undefined) lastReason.delete(what);
    else lastReason.set(what, reason);
    return before !== reason;
  };

  const reportFault = (fault: ReadFault, reads: readonly PlannedRead[]): void => {
    const reason = reasonOf(fault);
    const spec = isNews(`request ${reads[0]?.fc}:${reads[0]?.address}`, reason) ? REQUEST_FAILED : REQUEST_FAILED_AGAIN;
    telemetry.emit('requestFailed', spec, {
      ...names,
      reason,
      address: reads[0]?.address,
      registers: reads.flatMap((r) => r.registers.map((register) => register.name)).join(','),
      ...('detail' in fault ? { detail: fault.detail } : {}),
    });
  };

  const entriesOf = (decoded: readonly DecodedRegister[]): readonly FrameEntry[] =>
    decoded.flatMap(({ register, result }): readonly FrameEntry[] => {
      const news = isNews(`register ${register.name}`, result.ok ? undefined : result.reason);
      if (result.ok) {
        return [register.kind === 'gauge' ? [register.name, result.value, 'g'] : [register.name, result.value]];
      }
      const fields = { ...names, register: register.name, reason: result.reason };
      telemetry.emit('readingRefused', news ? READING_REFUSED : READING_REFUSED_AGAIN, fields);
      return [];
    });

  const count = (fault: ReadFault): void => {
    if (fault.kind === 'timeout') counts.timeouts += 1;
    if (fault.kind === 'exception') counts.exceptions += 1;
  };

  /** The two halves to ask instead, or none: then it is left alone for a while. */
  const afterRefusal = (read: PlannedRead, fault: ReadFault): readonly PlannedRead[] => {
    const whole = fault.kind === 'exception' && fault.code === ILLEGAL_FUNCTION;
    const halves = whole ? undefined : splitRead(read);
    if (halves) {
      telemetry.emit('readSplit', READ_SPLIT, { ...names, address: read.address, words: read.words });
      return halves;
    }
    refusedUntil.set(read, clock.now() + REFUSED_PAUSE_MS);
    reportFault(fault, [read]);
    return [];
  };

  const poll: Poller['poll'] = async (read) => {
    const [entries, done]: [FrameEntry[], PlannedRead[]] = [[], []];
    let queue = plan;
    let at = clock.now();
    let refusal: ReadFault | undefined;
    for (let next = queue[0]; next; next = queue[0]) {
      const rest = queue.slice(1);
      queue = rest;
      if ((refusedUntil.get(next) ?? 0) > clock.now()) {
        done.push(next);
        continue;
      }
      const { fc, address, words } = next;
      const result = await read({ unit: device.unit ?? 0, fc, address, words });
      if (result.ok) {
        at = clock.now();
        entries.push(...entriesOf(decode(next, result.words)));
        isNews(`request ${fc}:${address}`, undefined);
        refusedUntil.delete(next);
        done.push(next);
        continue;
      }
      count(result.fault);
      if (!isConfigurationFault(result.fault)) {
        reportFault(result.fault, [next, ...rest]);
        plan = [...done, next, ...rest];
        return { entries, at, failure: result.fault };
      }
      refusal = result.fault;
      const halves = afterRefusal(next, result.fault);
      if (halves.length === 0) done.push(next);
      queue = [...halves, ...rest];
    }
    // a device that refuses everything (a gateway that is starting) has taught nothing about its ranges
    const nothing = refusal !== undefined && entries.length === 0;
    if (nothing) refusedUntil.clear();
    plan = nothing ? original : done;
    return { entries, at, failure: nothing ? refusal : undefined };
  };

  return { poll, counts: () => counts };
}
