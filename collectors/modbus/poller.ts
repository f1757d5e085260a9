import type { FrameEntry } from '#domain';
import type { CollectorContext, ConnectedDevice, DeviceModel } from '../contract.ts';
import { createDecoder } from './decode.ts';
import { type PlannedRead, planReads, splitRead } from './planner.ts';
import { createReporter } from './report.ts';
import { type Backoff, backoffMs, UNIT_BACKOFF } from './schedule.ts';
import type { ReadFault, ReadRequest, ReadResult } from './transport.ts';

export type ModbusModel = Extract<DeviceModel, { readonly protocol: 'modbus' }>;

/** What one poll of one device gave. */
export interface PollResult {
  /** What could be read; empty: no frame. */
  readonly entries: readonly FrameEntry[];
  /** Epoch ms of the last reply that gave a value. */
  readonly at: number;
  /** Why nothing at all was readable. */
  readonly failure?: ReadFault | undefined;
  /** The poll broke off after something had been read: when to try for the rest, ms from now. */
  readonly retryInMs?: number | undefined;
}

export interface Poller {
  /** What breaks off because the signal aborted is no fault of the device, and no event. */
  readonly poll: (ask: (request: ReadRequest) => Promise<ReadResult>, signal: AbortSignal) => Promise<PollResult>;
  /** Since the start. */
  readonly counts: () => { readonly timeouts: number; readonly exceptions: number };
}

/** Modbus Application Protocol V1.1b3, 7: function, address, value: the request itself is wrong, so asking again fast is no use. */
const ILLEGAL_FUNCTION = 1;
const CONFIGURATION_CODES: readonly number[] = [ILLEGAL_FUNCTION, 2, 3];
/** A gateway that says so of the unit behind it: path unavailable, target did not respond. */
const GATEWAY_CODES: readonly number[] = [10, 11];
/** The device could not read this range; it may read the others: device failure, memory parity. */
const RANGE_CODES: readonly number[] = [4, 8];
/** How long a register is left alone that the device refuses on its own. */
const REFUSED_PAUSE_MS = UNIT_BACKOFF.maxMs;

export const isConfigurationFault = (fault: ReadFault): boolean =>
  fault.kind === 'exception' && CONFIGURATION_CODES.includes(fault.code);

export const isRangeFault = (fault: ReadFault): boolean =>
  fault.kind === 'exception' && RANGE_CODES.includes(fault.code);

/** No answer came, or the gateway says that none did. */
export const isSilence = (fault: ReadFault): boolean =>
  fault.kind === 'timeout' || (fault.kind === 'exception' && GATEWAY_CODES.includes(fault.code));

/**
 * Reads one device: its plan, request by request. A range that is refused as a whole is split for good, until what is
 * refused stands alone and is left out for five minutes at a time. Any other fault ends the poll: what was read stands,
 * and what failed is asked last the next time. Where the device answers but is silent on one range, that range alone
 * backs off.
 */
export function createPoller(
  device: ConnectedDevice,
  model: ModbusModel,
  { clock, telemetry, random }: Pick<CollectorContext, 'clock' | 'telemetry' | 'random'>,
  backoff: Backoff = UNIT_BACKOFF,
): Poller {
  const original = planReads(model.registers, model);
  const decode = createDecoder(model.registers);
  const report = createReporter(device, telemetry);
  const refusedUntil = new Map<PlannedRead, number>();
  const silences = new Map<PlannedRead, { readonly count: number; readonly until: number }>();
  const counts = { timeouts: 0, exceptions: 0 };
  let asked = original;

  /** A clock that was set back must not leave a register out until the old time has come again. */
  const isAhead = (until: number | undefined, longestMs: number): boolean =>
    until !== undefined && until > clock.now() && until - clock.now() <= longestMs;
  const isLeftOut = (read: PlannedRead): boolean =>
    isAhead(refusedUntil.get(read), REFUSED_PAUSE_MS) || isAhead(silences.get(read)?.until, backoff.maxMs);

  /** The device answers, but not this. When to try again, ms. */
  const pauseAfter = (read: PlannedRead, fault: ReadFault): number => {
    const count = isSilence(fault) ? (silences.get(read)?.count ?? 0) + 1 : 0;
    const pause = backoffMs(Math.max(1, count), backoff, random);
    if (count > 0) silences.set(read, { count, until: clock.now() + pause });
    return pause;
  };

  /** What stands in the plan instead of a refused read: its halves, to be asked at once, or itself, left out for a while. */
  const afterRefusal = (read: PlannedRead, fault: ReadFault): readonly PlannedRead[] => {
    const functionRefused = fault.kind === 'exception' && fault.code === ILLEGAL_FUNCTION;
    const halves = functionRefused ? undefined : splitRead(read);
    if (halves) {
      report.split(read);
      return halves;
    }
    refusedUntil.set(read, clock.now() + REFUSED_PAUSE_MS);
    report.failed(fault, [read]);
    return [read];
  };

  const poll: Poller['poll'] = async (ask, signal) => {
    const found: Found[] = [];
    let at = clock.now();
    let refusal: ReadFault | undefined;
    // `rest` is what is still to be asked; `done` what is through, and thereby the plan of the next poll
    const done: PlannedRead[] = [];
    let rest = asked;
    for (let [read] = rest; read; [read] = rest) {
      rest = rest.slice(1);
      const result = isLeftOut(read) ? undefined : await ask(requestOf(device, read));
      if (signal.aborted) break;
      if (result?.ok) {
        at = clock.now();
        silences.delete(read);
        found.push({ read, entries: report.entriesOf(read, decode(read, result.words)) });
      }
      if (!result || result.ok) {
        done.push(read);
        continue;
      }
      countFault(counts, result.fault);
      if (isRangeFault(result.fault)) {
        report.failed(result.fault, [read]);
        refusal = result.fault;
        done.push(read);
        continue;
      }
      if (!isConfigurationFault(result.fault)) return brokenOff(found, at, result.fault, done, [read, ...rest]);
      refusal = result.fault;
      rest = [...afterRefusal(read, refusal), ...rest];
    }
    const entries = entriesOf(found);
    if (signal.aborted) return { entries, at };
    // a device that refuses everything (a gateway that is starting) has taught nothing about its ranges
    const nothing = refusal !== undefined && entries.length === 0;
    if (nothing) refusedUntil.clear();
    asked = nothing ? original : done.some((read) => silences.has(read)) ? done : done.toSorted(byPlace);
    return { entries, at, failure: nothing ? refusal : undefined };
  };

  /** What failed goes to the end, so that the others are read before it, or tell whether the device answers at all. */
  const brokenOff = (
    found: readonly Found[],
    at: number,
    fault: ReadFault,
    done: readonly PlannedRead[],
    [failed, ...rest]: readonly [PlannedRead, ...PlannedRead[]],
  ): PollResult => {
    const entries = entriesOf(found);
    asked = [...done, ...rest, failed];
    report.failed(fault, [failed, ...rest], entries.length === 0);
    if (entries.length === 0) return { entries, at, failure: fault };
    return { entries, at, retryInMs: pauseAfter(failed, fault) };
  };

  return { poll, counts: () => counts };
}

/** What one request gave. */
interface Found {
  readonly read: PlannedRead;
  readonly entries: readonly FrameEntry[];
}

const byPlace = (a: PlannedRead, b: PlannedRead): number => a.fc - b.fc || a.address - b.address;

function entriesOf(found: readonly Found[]): readonly FrameEntry[] {
  const [only, ...others] = found;
  if (only && others.length === 0) return only.entries;
  return found.toSorted((a, b) => byPlace(a.read, b.read)).flatMap(({ entries }) => entries);
}

const requestOf = (device: ConnectedDevice, { fc, address, words }: PlannedRead): ReadRequest => ({
  unit: device.unit ?? 0,
  fc,
  address,
  words,
});

function countFault(counts: { timeouts: number; exceptions: number }, fault: ReadFault): void {
  if (fault.kind === 'timeout') counts.timeouts += 1;
  if (fault.kind === 'exception') counts.exceptions += 1;
}
