/** A value as a server hands it over, free of the library's classes. */
export interface Sample {
  /** OPC UA status code, unsigned 32 bit (Part 4, 7.39). */
  readonly status: number;
  readonly statusName: string;
  /** Undefined where there is none. */
  readonly value: unknown;
  /** Name of the built-in type: Double, UInt64 … */
  readonly type: string;
  /** Epoch ms; undefined where the server gave none. */
  readonly sourceAt?: number | undefined;
  readonly serverAt?: number | undefined;
}

export type Severity = 'good' | 'uncertain' | 'bad';

/** The two top bits (Part 4, 7.39.1): 00 good, 01 uncertain, 10 bad, 11 reserved and taken as bad. */
export const severityOf = (status: number): Severity => {
  const bits = status >>> 30;
  return bits === 0 ? 'good' : bits === 1 ? 'uncertain' : 'bad';
};

/** InfoType DataValue and the Overflow bit (Part 4, 7.39.1): values before this one were lost in the server's queue. */
const OVERFLOW = 0x0480;
export const hasOverflowed = (status: number): boolean => (status & OVERFLOW) === OVERFLOW;

/** The raw number of a value; 64-bit integers come as [high, low]. Undefined: not a number. */
export function rawOf({ value, type }: Pick<Sample, 'value' | 'type'>): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (type !== 'UInt64' && type !== 'Int64') return undefined;
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [high, low]: readonly unknown[] = value;
  if (typeof high !== 'number' || typeof low !== 'number') return undefined;
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return type === 'Int64' ? BigInt.asIntN(64, bits) : bits;
}
