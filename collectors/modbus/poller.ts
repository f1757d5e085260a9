import type { FrameEntry } from '#domain';
import type { CollectorContext, ConnectedDevice, DeviceModel } from '../contract.ts';
import { createDecoder } from './decode.ts';
import { type PlannedRead, planReads, splitRead } from './planner.ts';
import { createReporter } from './report.ts';
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
  /** What breaks off because the signal aborted is no fault of the device, and no event. */
  readonly poll: (ask: (request: ReadRequest) => Promise<ReadResult>, signal: AbortSignal) => Promise<PollResult>;
  /** Since the start. */
  readonly counts: () => { readonly timeouts: number; readonly exceptions: number };
}

/** Modbus Application Protocol V1.1b3, 7: function, address, value: the request itself is wrong, so asking again fast is no use. */
const ILLEGAL_FUNCTION = 1;
const CONFIGURATION_CODES: readonly number[] = [ILLEGAL_FUNCTION, 2, 3];
/** How long a register is left alone that the device refuses on its own. */
const REFUSED_PAUSE_MS = UNIT_BACKOFF.maxMs;

export const isConfigurationFault = (fault: ReadFault): boolean =>
  fault.kind === 'exception' && CONFIGURATION_CODES.includes(fault.code);

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
  const report = createReporter(device, telemetry);
  const refusedUntil = new Map<PlannedRead, number>();
  const counts = { timeouts: 0, exceptions: 0 };
  let plan = original;

  const isLeftOut = (read: PlannedRead): boolean => (refusedUntil.get(read) ?? 0) > clock.now();

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
    const entries: FrameEntry[] = [];
    let at = clock.now();
    let refusal: ReadFault | undefined;
    // `rest` is what is still to be asked; `done` what is through, and thereby the plan of the next poll
    const done: PlannedRead[] = [];
    let rest = plan;
    for (let [read] = rest; read; [read] = rest) {
      rest = rest.slice(1);
      const result = isLeftOut(read) ? undefined : await ask(requestOf(device, read));
      if (signal.aborted) break;
      if (result?.ok) {
        at = clock.now();
        entries.push(...report.entriesOf(read, decode(read, result.words)));
      }
      if (!result || result.ok) {
        done.push(read);
        continue;
      }
      countFault(counts, result.fault);
      if (!isConfigurationFault(result.fault)) {
        report.failed(result.fault, [read, ...rest]);
        plan = [...done, read, ...rest];
        return { entries, at, failure: result.fault };
      }
      refusal = result.fault;
      rest = [...afterRefusal(read, refusal), ...rest];
    }
    if (signal.aborted) return { entries, at };
    // a device that refuses everything (a gateway that is starting) has taught nothing about its ranges
    const nothing = refusal !== undefined && entries.length === 0;
    if (nothing) refusedUntil.clear();
    plan = nothing ? original : done;
    return { entries, at, failure: nothing ? refusal : undefined };
  };

  return { poll, counts: () => counts };
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
