import { deviceError } from '#domain';
import type { Clock } from '#platform';
import { framesIn, type Heard, isIdle, judge, replyBytes, requestFrame } from './rtu-frame.ts';
import { createRtuMemory, type RtuMemory } from './rtu-memory.ts';
import type { HeardForeign, OpenTransport, ReadRequest, ReadResult, Transport } from './transport.ts';
import { type ByteStream, deadlineIn, type Wire, wireOver } from './wire.ts';

export interface RtuLine {
  /** Where it leads, for messages. */
  readonly place: string;
  /** How long it may take until a reply has come (serial port: has begun), ms. */
  readonly timeoutMs: number;
  /** Time of one character on the wire, ms; 0 where it is not known. */
  readonly characterMs: number;
  readonly clock: Clock;
}

/** Bytes that keep coming for so many silences: this line does not fall silent. */
const LONGEST_NOISE_SILENCES = 20;
const LONGEST_NOISE_MS = 20_000;
/** A reply that has begun on a serial port may halt for so long: adapters hand bytes over in bursts. */
const LONGEST_HALT_MS = 200;
const MOST_OVERHEARD = 1_024;
/** Between two requests of one shape: an answer that is said twice must not answer both. */
const SAME_SHAPE_PAUSE_MS = 10;

/**
 * Modbus RTU over a stream of bytes. Replies carry no number, so that nothing but order tells them apart (MODBUS over
 * Serial Line V1.02): the line must be silent before it is asked, what comes unasked is thrown away, and after a lost
 * request the unit is first asked something that the lost reply cannot answer. Throws LINE_NOT_SILENT on opening.
 */
export function modbusRtu(openStream: (signal: AbortSignal) => Promise<ByteStream>, line: RtuLine): OpenTransport {
  const memory = createRtuMemory(line.timeoutMs);
  return async (signal, heard = () => undefined) => {
    const wire = wireOver(await openStream(signal));
    signal.addEventListener('abort', wire.close, { once: true });
    // it may have come while the stream was opened
    if (signal.aborted) wire.close();
    try {
      if (!(await untilSilent(wire, memory, line, heard))) throw wire.isOpen() ? notSilent(line) : closedEarly(line);
    } catch (error) {
      wire.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', wire.close);
    }
    return transportOver(wire, memory, line, heard);
  };
}

const notSilent = ({ place }: RtuLine): Error =>
  deviceError('LINE_NOT_SILENT', `the Modbus line at ${place} does not fall silent`, {
    place,
    cure: 'look for a second master, a device that sends by itself, a wrong baud rate or parity, or a missing termination',
  });

const closedEarly = ({ place }: RtuLine): Error =>
  deviceError('LINE_NOT_OPEN', `the connection to ${place} was closed before it was used`, {
    place,
    cure: 'check whether another client holds the only connection, or another program the port',
  });

function transportOver(wire: Wire, memory: RtuMemory, line: RtuLine, heard: HeardForeign): Transport {
  const { clock } = line;
  let last: { readonly request: ReadRequest; readonly at: number } | undefined;

  /** Asks and listens; whatever does not answer leaves the request lost. */
  const exchange = async (request: ReadRequest): Promise<ReadResult> => {
    const sentAt = clock.now();
    const result = await listen(wire, request, line, (bytes) => noteLate(bytes, memory, line));
    if (result.ok) {
      last = { request, at: clock.now() };
      memory.noteReplyTime(last.at - sentAt);
    } else if (result.fault.kind !== 'exception') memory.lost(request, sentAt);
    return result;
  };

  /** Whether nothing came for so long. */
  const staysQuiet = async (ms: number): Promise<boolean> => {
    const deadline = deadlineIn(ms, clock);
    await wire.stirs(deadline);
    deadline.cancel();
    return deadline.passed() && wire.isOpen();
  };

  /** A second answer to the last request must not be taken for the first to this one. */
  const pauseAfterSameShape = async (request: ReadRequest): Promise<void> => {
    if (!last || !isConfusable(last.request, request)) return;
    const pause = Math.min(SAME_SHAPE_PAUSE_MS, last.at + SAME_SHAPE_PAUSE_MS - clock.now());
    if (pause > 0) await staysQuiet(pause);
  };

  /** As `exchange`; while the unit owes an older reply, an exception is only believed if nothing comes after it. */
  const exchangeSurely = async (request: ReadRequest): Promise<ReadResult> => {
    const owed = memory.owes(request.unit, clock.now());
    const result = await exchange(request);
    if (!owed || (!result.ok && result.fault.kind !== 'exception')) return result;
    if (result.ok || (await staysQuiet(memory.silenceMs()))) {
      memory.settled(request.unit);
      return result;
    }
    memory.lost(request, clock.now());
    return garbled('an exception that may answer an earlier request');
  };

  /** Whatever came while nobody had asked: the line is somebody else's until it is silent. */
  const clear = async (): Promise<boolean> => {
    const unasked = wire.take();
    if (isIdle(unasked)) return true;
    reportForeign(unasked, clock.now(), memory, heard);
    return untilSilent(wire, memory, line, heard);
  };

  return {
    isOpen: wire.isOpen,
    close: wire.close,
    read: async (request) => {
      if (!wire.isOpen()) return CLOSED;
      await pauseAfterSameShape(request);
      if (!(await clear())) return wire.isOpen() ? garbled('the line does not fall silent') : CLOSED;
      const first = memory.tellingApart(request, clock.now());
      if (first === request) return exchangeSurely(request);
      const proof = await exchangeSurely(first);
      return proof.ok || proof.fault.kind === 'exception' ? exchange(request) : proof;
    },
  };
}

/** Whether an answer to one of them could be taken for an answer to the other, and would be wrong. */
const isConfusable = (one: ReadRequest, other: ReadRequest): boolean =>
  one.unit === other.unit && one.fc === other.fc && one.words === other.words && one.address !== other.address;

const CLOSED: ReadResult = { ok: false, fault: { kind: 'closed', detail: 'the connection is closed' } };
const garbled = (detail: string): ReadResult => ({ ok: false, fault: { kind: 'framing', detail } });

/** `unmatched` is given what came instead of an answer. */
async function listen(
  wire: Wire,
  request: ReadRequest,
  line: RtuLine,
  unmatched: (bytes: Buffer) => void,
): Promise<ReadResult> {
  const { timeoutMs, characterMs, clock } = line;
  const sent = requestFrame(request);
  wire.write(sent);
  let bytes: Buffer = wire.take();
  let deadline = deadlineIn(timeoutMs + sent.length * characterMs, clock);
  let begun = characterMs === 0;
  for (;;) {
    await wire.stirs(deadline);
    const more = wire.take();
    if (more.length > 0) bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    const heard = judge(bytes, request, sent);
    const result = resultOf(heard, deadline.passed() || bytes.length > MOST_OVERHEARD);
    if (result || !wire.isOpen()) {
      deadline.cancel();
      if (!result?.ok) unmatched(bytes);
      return result ?? CLOSED;
    }
    if (!begun && heard.kind === 'part') {
      begun = true;
      deadline.cancel();
      deadline = deadlineIn(replyBytes(request) * characterMs + Math.min(timeoutMs, LONGEST_HALT_MS), clock);
    }
  }
}

/** Nothing: more may come that tells. */
function resultOf(heard: Heard, isLast: boolean): ReadResult | undefined {
  switch (heard.kind) {
    case 'words':
      return { ok: true, words: heard.words };
    case 'exception':
      return { ok: false, fault: { kind: 'exception', code: heard.code } };
    case 'foreign':
      return { ok: false, fault: { kind: 'foreign', unit: heard.unit, detail: heard.detail } };
    case 'garbled':
      return heard.whole || isLast ? garbled(heard.detail) : undefined;
    case 'part':
      return isLast ? garbled('the answer broke off') : undefined;
    case 'nothing':
      return isLast ? { ok: false, fault: { kind: 'timeout' } } : undefined;
  }
}

/** Waits until the line has been quiet for long enough, and throws away what comes. False: it is closed, or never quiet. */
async function untilSilent(wire: Wire, memory: RtuMemory, line: RtuLine, heard: HeardForeign): Promise<boolean> {
  const { clock } = line;
  const patience = deadlineIn(Math.max(LONGEST_NOISE_MS, LONGEST_NOISE_SILENCES * memory.silenceMs()), clock);
  let bytes: Buffer = Buffer.alloc(0);
  let heardAt = clock.now();
  let isQuiet = false;
  while (wire.isOpen() && !patience.passed() && !isQuiet) {
    const silence = deadlineIn(memory.silenceMs(), clock);
    await wire.stirs(silence);
    silence.cancel();
    const more = wire.take();
    isQuiet = more.length === 0 && silence.passed();
    if (more.length > 0) heardAt = clock.now();
    bytes = Buffer.concat([bytes, more]).subarray(-MOST_OVERHEARD);
  }
  patience.cancel();
  if (bytes.length === 0) memory.quiet();
  else reportForeign(bytes, heardAt, memory, heard);
  return isQuiet && wire.isOpen();
}

/** The delay of a late reply is remembered: the line is given that much silence. */
function noteLate(bytes: Buffer, memory: RtuMemory, { clock }: RtuLine): void {
  for (const frame of framesIn(bytes)) memory.isOurs(frame, clock.now());
}

function reportForeign(bytes: Buffer, heardAt: number, memory: RtuMemory, heard: HeardForeign): void {
  for (const { unit, fc, words } of framesIn(bytes)) {
    if (!memory.isOurs({ unit, fc, words }, heardAt)) heard(unit, `function ${fc} was not asked of unit ${unit}`);
  }
}
