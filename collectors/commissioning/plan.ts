import { MINUTE, SECOND } from '#domain';
import type { CollectorPlan, ConnectedDevice, Connection, DeviceModel, ModbusConnection } from '../contract.ts';
import { planReads } from '../modbus/planner.ts';
import { UNIT_BACKOFF } from '../modbus/schedule.ts';
import { addressOf } from '../plan.ts';
import { exchangeMs, type Pace, USUAL_SERIAL } from './timing.ts';
import { tryOut, type TrialUnit } from './trial.ts';

export interface PlannedRequest {
  readonly fc: 3 | 4;
  readonly address: number;
  readonly words: number;
  readonly registers: readonly string[];
  /** How long it keeps the line. */
  readonly ms: number;
}

export interface DevicePlan {
  readonly device: string;
  readonly model: string;
  readonly unit: number | null;
  readonly intervalMs: number;
  readonly requests: readonly PlannedRequest[];
  /** OPC UA: nodes that are subscribed to, and read at each interval. */
  readonly nodes: number | null;
  readonly pollMs: number;
}

export interface DeadUnitCost {
  /** What one attempt costs its line: the time-out, and on a serial line as much again until it is silent. */
  readonly attemptMs: number;
  /** Most attempts in the first ten minutes. */
  readonly attemptsInTenMinutes: number;
  /** From then on at most one attempt in this time. */
  readonly thenEveryMs: number;
  /** Share of the others' polls that the line is then too late for, at most. */
  readonly skippedShare: number;
}

export const VERDICTS = ['holds', 'tight', 'cannot-hold', 'unused'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface LinePlan {
  readonly connection: string;
  readonly kind: Connection['kind'];
  readonly address: string;
  /** What is reckoned with. */
  readonly pace: Pace;
  /** The serial line is not described in the site file: it is assumed behind a gateway. */
  readonly assumedSerial: boolean;
  readonly devices: readonly DevicePlan[];
  /** All devices once. */
  readonly roundMs: number;
  /** Share of its time that the line is busy. */
  readonly share: number;
  /** Share of the polls that the line is too late for. */
  readonly skippedShare: number;
  readonly verdict: Verdict;
  /** An interval that would hold for all its devices; absent where the verdict is `holds`. */
  readonly holdsFromMs?: number | undefined;
  readonly deadUnit?: DeadUnitCost | undefined;
}

export interface PlanOptions {
  /** Measured from request to reply; takes the place of what is computed. */
  readonly replyMs?: number | undefined;
}

/** Stated, for want of a measurement: how long a meter takes to begin its reply. */
const TURNAROUND_MS = 50;
const NETWORK_MS = 20;
const OPCUA_MS = 50;
/** Nodes in one request of the OPC UA collector. */
const NODES_PER_REQUEST = 500;
/** Above this share there is no room for a repetition. */
const TIGHT_SHARE = 0.8;
const TEN_MINUTES_MS = 10 * MINUTE;

/** What will be sent on each line of a site and whether the intervals can hold. Pure; the plan has no mistakes. */
export function linePlans(
  plan: CollectorPlan,
  models: ReadonlyMap<string, DeviceModel>,
  options: PlanOptions = {},
): readonly LinePlan[] {
  return plan.connections.map((connection) => {
    const devices = plan.devices.filter((device) => device.connection === connection.id);
    return linePlan(connection, devices, models, options);
  });
}

function linePlan(
  connection: Connection,
  connected: readonly ConnectedDevice[],
  models: ReadonlyMap<string, DeviceModel>,
  options: PlanOptions,
): LinePlan {
  const { pace, assumedSerial } = paceOf(connection, connected, options);
  const devices = connected.map((device) => devicePlan(device, models.get(device.model), pace));
  const units = connected.map((device, i): TrialUnit => ({ device, pollMs: devices[i]?.pollMs ?? 0 }));
  const roundMs = units.reduce((sum, { pollMs }) => sum + pollMs, 0);
  const share = units.reduce((sum, unit) => sum + shareOf(unit), 0);
  const skippedShare = skippedShareOf(units);
  const deadUnit = connection.kind === 'opcua' ? undefined : deadUnitCost(connection, units, pace);
  const verdict = verdictOf(units.length, share, skippedShare, deadUnit);
  const place = { connection: connection.id, kind: connection.kind, address: addressOf(connection) };
  const holds = verdict === 'holds' || verdict === 'unused';
  return {
    ...place,
    pace,
    assumedSerial,
    devices,
    roundMs,
    share,
    skippedShare,
    verdict,
    ...(holds ? {} : { holdsFromMs: niceInterval(roundMs / TIGHT_SHARE + (deadUnit?.attemptMs ?? 0)) }),
    ...(deadUnit ? { deadUnit } : {}),
  };
}

/** Several units behind one socket are behind a gateway: a serial line as most have it is reckoned with. */
function paceOf(
  connection: Connection,
  devices: readonly ConnectedDevice[],
  { replyMs }: PlanOptions,
): { readonly pace: Pace; readonly assumedSerial: boolean } {
  const measured = replyMs === undefined ? {} : { replyMs };
  if (connection.kind === 'opcua') {
    return { pace: { turnaroundMs: 0, roundTripMs: OPCUA_MS, pauseMs: 0, ...measured }, assumedSerial: false };
  }
  const { pauseMs } = connection;
  const common = { turnaroundMs: TURNAROUND_MS, pauseMs, ...measured };
  if (connection.kind === 'modbus-rtu') {
    const { baudRate, parity, stopBits } = connection;
    return { pace: { ...common, roundTripMs: 0, serial: { baudRate, parity, stopBits } }, assumedSerial: false };
  }
  const assumedSerial = connection.kind === 'modbus-rtu-tcp' || devices.length > 1;
  return {
    pace: { ...common, roundTripMs: NETWORK_MS, ...(assumedSerial ? { serial: USUAL_SERIAL } : {}) },
    assumedSerial,
  };
}

function devicePlan(device: ConnectedDevice, model: DeviceModel | undefined, pace: Pace): DevicePlan {
  const about = { device: device.id, model: device.model, unit: device.unit ?? null, intervalMs: device.intervalMs };
  if (model?.protocol !== 'modbus') {
    const nodes = model?.registers.length ?? 0;
    return { ...about, requests: [], nodes, pollMs: Math.ceil(nodes / NODES_PER_REQUEST) * exchangeMs(pace, 0) };
  }
  const requests = planReads(model.registers, model).map(({ fc, address, words, registers }): PlannedRequest => ({
    fc,
    address,
    words,
    registers: registers.map(({ name }) => name),
    ms: exchangeMs(pace, words),
  }));
  return { ...about, requests, nodes: null, pollMs: requests.reduce((sum, { ms }) => sum + ms, 0) };
}

const skippedShareOf = (units: readonly TrialUnit[], leastMs = 0): number => {
  const { polls, skipped } = tryOut(units, leastMs);
  return polls === 0 ? 0 : skipped / (polls + skipped);
};

/** What it costs when one unit no longer answers: the one whose own polls, which then fall away, are the least. */
function deadUnitCost(
  connection: ModbusConnection,
  units: readonly TrialUnit[],
  { roundTripMs }: Pace,
): DeadUnitCost | undefined {
  const [least] = [...units].sort((a, b) => shareOf(a) - shareOf(b));
  if (!least) return undefined;
  const { timeoutMs, pauseMs } = connection;
  const attemptMs = pauseMs + (connection.kind === 'modbus-tcp' ? timeoutMs + roundTripMs : 2 * timeoutMs);
  const dead: TrialUnit = { ...least, pollMs: attemptMs, dead: true };
  return {
    attemptMs,
    attemptsInTenMinutes: tryOut([dead], TEN_MINUTES_MS).attempts,
    // the lower half of a pause at its longest is certain, the rest is jitter (modbus/schedule.ts)
    thenEveryMs: UNIT_BACKOFF.maxMs / 2,
    skippedShare: skippedShareOf(
      units.map((unit) => (unit === least ? dead : unit)),
      TEN_MINUTES_MS,
    ),
  };
}

const shareOf = ({ pollMs, device }: TrialUnit): number => pollMs / device.intervalMs;

function verdictOf(units: number, share: number, skippedShare: number, deadUnit: DeadUnitCost | undefined): Verdict {
  if (units === 0) return 'unused';
  if (share > 1 || skippedShare > 0) return 'cannot-hold';
  return share > TIGHT_SHARE || (deadUnit?.skippedShare ?? 0) > 0 ? 'tight' : 'holds';
}

const NICE_MS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * SECOND);

/** The next interval that people would write. */
const niceInterval = (ms: number): number =>
  NICE_MS.find((nice) => nice >= ms) ?? Math.ceil(ms / (60 * MINUTE)) * 60 * MINUTE;
