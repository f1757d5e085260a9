import type { ModbusRtuConnection } from '../contract.ts';

/** What the speed of a serial line depends on. */
export type SerialLine = Pick<ModbusRtuConnection, 'baudRate' | 'parity' | 'stopBits'>;

/** Of most meters as they are delivered. */
export const USUAL_SERIAL: SerialLine = { baudRate: 9_600, parity: 'none', stopBits: 1 };

/** Unit, function, address (2), number of words (2), CRC (2). */
const REQUEST_CHARACTERS = 8;
/** Unit, function, number of bytes, CRC (2); the words besides. */
const REPLY_CHARACTERS = 5;
const BITS_WITHOUT_PARITY_AND_STOP = 9;
/** Modbus over Serial Line V1.02, 2.5.1.1: 3.5 characters, and above 19200 baud 1.750 ms whatever the speed. */
const SILENCE_CHARACTERS = 3.5;
const FIXED_SILENCE_ABOVE_BAUD = 19_200;
const FIXED_SILENCE_MS = 1.75;

/** Duration of one character: start bit, eight data bits, parity, stop bits. */
export const characterMs = ({ baudRate, parity, stopBits }: SerialLine): number =>
  ((BITS_WITHOUT_PARITY_AND_STOP + (parity === 'none' ? 0 : 1) + stopBits) * 1_000) / baudRate;

/** The silence by which the end of a frame is known. */
export const silenceMs = (line: SerialLine): number =>
  line.baudRate > FIXED_SILENCE_ABOVE_BAUD ? FIXED_SILENCE_MS : SILENCE_CHARACTERS * characterMs(line);

/** How long request and reply of one read are on the wires of a serial line, without silences. */
export const wireMs = (line: SerialLine, words: number): number =>
  (REQUEST_CHARACTERS + REPLY_CHARACTERS + 2 * words) * characterMs(line);

/** What the duration of an exchange is made of. Everything that is no property of the line is stated here. */
export interface Pace {
  /** The serial line that the bytes pass, or that is assumed behind a gateway. */
  readonly serial?: SerialLine | undefined;
  /** From the end of a request to the first character of its reply. */
  readonly turnaroundMs: number;
  /** There and back through the network. */
  readonly roundTripMs: number;
  /** Pause between requests, as configured. */
  readonly pauseMs: number;
  /** Measured from request to reply: takes the place of all that is computed but the pause. */
  readonly replyMs?: number | undefined;
}

/** How long one read keeps its line: request, silence, turnaround, reply, then the pause, which is a silence at the least. */
export function exchangeMs({ serial, turnaroundMs, roundTripMs, pauseMs, replyMs }: Pace, words: number): number {
  const silence = serial ? silenceMs(serial) : 0;
  const computed = roundTripMs + turnaroundMs + (serial ? wireMs(serial, words) + silence : 0);
  return Math.max(pauseMs, silence) + (replyMs ?? computed);
}
