import type { Carrier, FrameDraft, Rational, Register } from '#domain';
import type { Clock, Telemetry } from '#platform';

/**
 * What every collector is. Life: parse configuration (pure) → `open` (may fail, retryable) → rounds → `close` (idempotent,
 * also after a failed open). What to do on a failed open is the supervisor's business. Only read functions exist.
 */
export interface Collector {
  /** Connection id of the site file. */
  readonly connection: string;
  /** Runs until the signal aborts: opens, reads each device at its interval, reopens after faults, closes. Never throws for a device's fault: that is an event. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** State of the line and its units, for `status` and the page. */
  readonly health: () => LineHealth;
}

export interface CollectorContext {
  /** Site id, as it stands in each frame. */
  readonly site: string;
  /** Resolves when the frame is durable in the spool. */
  readonly deliver: (frames: readonly FrameDraft[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
}

/** Makes the collector of one connection with the devices on it. Pure: nothing is opened before `run`. */
export type CollectorFactory<C extends Connection = Connection> = (
  connection: C,
  devices: readonly ConnectedDevice[],
  models: ReadonlyMap<string, DeviceModel>,
  context: CollectorContext,
) => Collector;

/** One factory per protocol: what the supervisor is given. */
export interface CollectorFactories {
  readonly modbus: CollectorFactory<ModbusConnection>;
  readonly opcua: CollectorFactory<OpcUaConnection>;
}

/** Frames only ever carry raw face integers; this is how a raw value becomes one. */
export type DecodeResult =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly reason: DecodeFailure };

export const DECODE_FAILURES = [
  'no-value-marker',
  'not-finite',
  'not-safe-integer',
  'beyond-face',
  'too-short',
  'not-bcd',
] as const;
export type DecodeFailure = (typeof DECODE_FAILURES)[number];

export interface UnitHealth {
  readonly device: string;
  readonly state: 'answering' | 'silent' | 'refusing' | 'not-yet-read';
  readonly lastAnswerAt?: number | undefined;
  readonly timeouts: number;
  readonly exceptions: number;
  /** Duration of the last poll, time-outs included. */
  readonly pollMs?: number | undefined;
  /** Epoch ms before which it will not be asked. */
  readonly nextAttemptAt?: number | undefined;
}

/** Why a line does not open, and what to do about it. */
export interface OpenFailure {
  readonly code?: string | undefined;
  readonly reason: string;
  readonly cure?: string | undefined;
}

export interface LineHealth {
  readonly connection: string;
  readonly kind: Connection['kind'];
  readonly state: 'open' | 'opening' | 'closed';
  /** Of the last attempt to open it; none since it opened. */
  readonly problem?: OpenFailure | undefined;
  readonly reopened: number;
  /** Replies that answered no request of ours as it was asked: another unit's, another function's, cut or garbled. */
  readonly foreignReplies?: number | undefined;
  /** Duration of the last full round. */
  readonly roundMs?: number | undefined;
  readonly units: readonly UnitHealth[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Device models: data only, one file per model in devices/. No functions, no conditions; a JSON round trip must survive.

/** `bcd4`, `bcd8`, `bcd12`: four decimal digits a word. */
export const WORD_TYPES = ['u16', 'i16', 'u32', 'i32', 'f32', 'u64', 'i64', 'f64', 'bcd4', 'bcd8', 'bcd12'] as const;
export type WordType = (typeof WORD_TYPES)[number];
/** A = most significant byte. */
export const WORD_ORDERS = [
  'AB',
  'BA',
  'ABCD',
  'CDAB',
  'BADC',
  'DCBA',
  'ABCDEF',
  'ABCDEFGH',
  'GHEFCDAB',
  'HGFEDCBA',
] as const;
export type WordOrder = (typeof WORD_ORDERS)[number];
export const CONFIDENCES = ['A', 'B', 'C'] as const;
/**
 * How the values stand to the transformers before the meter. `direct`: there are none; `primary`: the meter has applied
 * them; `secondary`: the multiplier CT × PT belongs into the site file.
 */
export const RATIOS = ['direct', 'primary', 'secondary'] as const;

export interface ModelSource {
  /** Document, page or repository. */
  readonly document: string;
  readonly confidence: (typeof CONFIDENCES)[number];
}

export interface ModelRegister {
  /** Short name, what stands in the frame: e1, p1. */
  readonly name: string;
  /** What it is, from the vocabulary of domain/field.md: energy.import.total, power.active.total, volume.forward … */
  readonly quantity: string;
  readonly kind: Register['kind'];
  readonly carrier?: Carrier | undefined;
  /** Unit of `raw × scale`: kWh, Wh, m3, L, GJ, kJ, kW, V, m3/h, degC … */
  readonly unit: string;
  /** Exact ratio as text: "0.01", "1/800". Physical value = raw × scale in `unit`. */
  readonly scale: string;
  /** Counters: face value in `unit` at which it wraps, where the source states it. */
  readonly modulus?: string | undefined;
  /** Raw values that mean "no value". */
  readonly markers?: readonly number[] | undefined;
  readonly note?: string | undefined;
}

/** Where a number stands in the memory of a device. */
interface WordPlace {
  /** Zero-based address on the wire. */
  readonly address: number;
  readonly type: WordType;
  readonly order: WordOrder;
}

/** A further part of a split total: it counts `times` units of the register's own last digit. */
export interface RegisterPart extends WordPlace {
  readonly times: number;
}

export interface ModbusRegister extends ModelRegister, WordPlace {
  readonly fc: 3 | 4;
  /** Split total: raw = the register's own number + Σ part × times. All parts come in one reply. */
  readonly parts?: readonly RegisterPart[] | undefined;
}

/** A setting of the meter that decides what its values mean (CT ratio, unit of a total). Documented, not read. */
export interface DeviceSetting extends WordPlace {
  readonly quantity: string;
  readonly fc: 3 | 4;
  readonly note: string;
}

export interface OpcUaRegister extends ModelRegister {
  /** Browse path below the device's root node: `AcActiveEnergyTotalImportHp`. The node id is `<nodePrefix><path>` in the namespace URI of the device. */
  readonly path: string;
}

export type DeviceModel =
  | {
      readonly protocol: 'modbus';
      readonly id: string;
      readonly vendor: string;
      readonly model: string;
      readonly source: ModelSource;
      /** Registers (words) per request, at most 125; 60 where no document says. */
      readonly maxWords: number;
      /** Word ranges (from, to inclusive, per fc) that must not be crossed or read. */
      readonly refuses?: readonly { readonly fc: 3 | 4; readonly from: number; readonly to: number }[] | undefined;
      /** Only whole values may be read, never across unassigned addresses. */
      readonly noGaps?: boolean | undefined;
      readonly ratio?: (typeof RATIOS)[number] | undefined;
      readonly settings?: readonly DeviceSetting[] | undefined;
      readonly registers: readonly ModbusRegister[];
    }
  | {
      readonly protocol: 'opcua';
      readonly id: string;
      readonly vendor: string;
      readonly model: string;
      readonly source: ModelSource;
      readonly registers: readonly OpcUaRegister[];
    };

/** How a model's register appears in the registry: unit of the frame's integer, residual scale, modulus in face units. */
export interface ResolvedRegister extends Register {
  /** Multiply the raw value by this to get the frame's integer; for floats the product is rounded half up. */
  readonly toFace: Rational;
}

// ---------------------------------------------------------------------------------------------------------------------
// Connections of a site file, as the collectors need them.

interface ModbusLine {
  readonly id: string;
  /** How long a reply may take, ms. */
  readonly timeoutMs: number;
  /** Pause between requests on the line, ms. */
  readonly pauseMs: number;
}

export interface ModbusTcpConnection extends ModbusLine {
  readonly kind: 'modbus-tcp';
  readonly host: string;
  readonly port: number;
}

/** A serial server that passes the bytes of an RTU line through a socket. */
export interface ModbusRtuTcpConnection extends ModbusLine {
  readonly kind: 'modbus-rtu-tcp';
  readonly host: string;
  readonly port: number;
}

export interface ModbusRtuConnection extends ModbusLine {
  readonly kind: 'modbus-rtu';
  /** Serial port of this machine: /dev/ttyUSB0, COM3. */
  readonly device: string;
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

export type ModbusConnection = ModbusTcpConnection | ModbusRtuTcpConnection | ModbusRtuConnection;

export interface OpcUaConnection {
  readonly kind: 'opcua';
  readonly id: string;
  /** opc.tcp://host:port/path */
  readonly endpoint: string;
  readonly security: 'none' | 'sign' | 'sign-and-encrypt';
  readonly timeoutMs: number;
  /** Who logs in; anonymous if absent. */
  readonly user?: OpcUaUser | undefined;
  /** Host that the server's certificate bears, where the endpoint names it otherwise (by its address, say). */
  readonly certificateHost?: string | undefined;
}

/** How somebody logs in at an OPC UA server. Secrets stand in files or in the environment, never here. */
export type OpcUaUser =
  | {
      readonly kind: 'password';
      readonly name: string;
      /** Where the password stands: an environment variable, or a file that holds nothing else. */
      readonly password: { readonly from: 'environment' | 'file'; readonly name: string };
    }
  /** PEM files. */
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string };

export type Connection = ModbusConnection | OpcUaConnection;

export interface ConnectedDevice {
  readonly id: string;
  readonly connection: string;
  /** Model id. */
  readonly model: string;
  readonly intervalMs: number;
  /** Modbus unit id, 1–247 (0 and 255 allowed on TCP). */
  readonly unit?: number | undefined;
  /** OPC UA: namespace URI and prefix of its node ids, `ns=<index of uri>;s=<prefix><path>`. */
  readonly namespace?: string | undefined;
  readonly nodePrefix?: string | undefined;
}

/** What the collectors take from a site file. */
export interface CollectorPlan {
  readonly site: string;
  readonly connections: readonly Connection[];
  readonly devices: readonly ConnectedDevice[];
}
