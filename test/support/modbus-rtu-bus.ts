import { Duplex } from 'node:stream';
import type { Clock } from '#platform';
import { systemClock } from '#platform';
import { crcOf } from '../../collectors/modbus/rtu-frame.ts';
import { wordOf } from './modbus-server.ts';

/** A request as the units of an RTU line heard it. */
export interface RtuRequest {
  readonly unit: number;
  readonly fc: number;
  readonly address: number;
  readonly words: number;
  /** Counted from 0. */
  readonly index: number;
  readonly at: number;
}

/** What happens on the line after a request. */
export type RtuAnswer =
  | 'answer'
  | 'swallow'
  | 'foreign-unit'
  | 'foreign-exception'
  | 'foreign-before'
  | 'second-master'
  | 'other-function'
  | 'short'
  | 'long'
  | 'wrong-count'
  | 'wrong-crc'
  | 'broken-off'
  | 'split-bytes'
  | 'twice'
  | 'merged'
  | 'echo'
  | 'idle-bytes'
  | 'garbage'
  | 'hang-up'
  | 'half-open'
  | { readonly exception: number }
  | { readonly lateMs: number };

export interface RtuBus {
  /** A master's end of the line. What the units say, every master hears; `deaf`: from then on this end leads nowhere. */
  readonly attach: (stream: Duplex) => void;
  readonly requests: () => number;
  readonly lastRequests: readonly RtuRequest[];
  readonly attached: () => number;
  /** Whether no fault is under way: nothing late is still to be said, no master's end leads nowhere. */
  readonly isIdle: () => boolean;
  /** Says something of its own accord. */
  readonly say: (bytes: Buffer) => void;
  readonly hangUp: () => void;
}

const withCrc = (bytes: readonly number[]): Buffer => {
  const frame = Buffer.from([...bytes, 0, 0]);
  frame.writeUInt16LE(crcOf(frame, 0, bytes.length), bytes.length);
  return frame;
};

export const rtuReply = (
  { unit, fc, address, words }: Pick<RtuRequest, 'unit' | 'fc' | 'address' | 'words'>,
  value: typeof wordOf = wordOf,
): Buffer => {
  const data = Array.from({ length: words }, (_, i) => value(unit, fc, address + i)).flatMap((w) => [w >> 8, w & 0xff]);
  return withCrc([unit, fc, data.length, ...data]);
};

export const rtuRequest = ({
  unit,
  fc,
  address,
  words,
}: Pick<RtuRequest, 'unit' | 'fc' | 'address' | 'words'>): Buffer =>
  withCrc([unit, fc, address >> 8, address & 0xff, words >> 8, words & 0xff]);

export const rtuException = (unit: number, fc: number, code: number): Buffer => withCrc([unit, fc | 0x80, code]);

const KEPT_REQUESTS = 10_000;
const ANOTHER_ADDRESS = 400;

/**
 * Units on an RTU line that misbehave on command. One after another, as on a real line: what is answered late holds up what
 * comes after it. `replyMs` is how long an ordinary answer takes.
 */
export function rtuBus(
  treat: (request: RtuRequest) => RtuAnswer = () => 'answer',
  { clock = systemClock, replyMs = 0, value = wordOf }: { clock?: Clock; replyMs?: number; value?: typeof wordOf } = {},
): RtuBus {
  const masters = new Set<Duplex>();
  const deaf = new Set<Duplex>();
  const lastRequests: RtuRequest[] = [];
  let count = 0;
  let faulting = 0;
  let turn: Promise<void> = Promise.resolve();

  const say = (bytes: Buffer): void => {
    for (const master of masters) if (!master.destroyed && !deaf.has(master)) master.write(bytes);
  };
  const hangUp = (): void => masters.forEach((master) => master.destroy());

  const respond = async (request: RtuRequest, master: Duplex): Promise<void> => {
    const answer = treat(request);
    if (answer !== 'answer') faulting += 1;
    await act(answer, request, master);
    if (answer !== 'answer') faulting -= 1;
  };

  const act = async (answer: RtuAnswer, request: RtuRequest, master: Duplex): Promise<void> => {
    if (answer === 'swallow') return;
    const late = typeof answer === 'object' && 'lateMs' in answer ? answer.lateMs : replyMs;
    if (late > 0) await clock.sleep(late);
    const good = rtuReply(request, value);
    const other = { ...request, address: ANOTHER_ADDRESS };
    if (typeof answer === 'object')
      return say('exception' in answer ? rtuException(request.unit, request.fc, answer.exception) : good);
    switch (answer) {
      case 'answer':
        return say(good);
      case 'foreign-unit':
        return say(rtuReply({ ...request, unit: request.unit + 1 }, value));
      case 'foreign-exception':
        return say(rtuException(request.unit + 1, request.fc, 2));
      case 'foreign-before':
        return say(Buffer.concat([rtuReply({ ...request, unit: request.unit + 1 }, value), good]));
      case 'second-master':
        // its request was on the line with ours: the unit answers it first, in the very shape of our answer
        say(rtuRequest(other));
        await clock.sleep(1);
        say(rtuReply(other, value));
        await clock.sleep(1);
        return say(good);
      case 'other-function':
        return say(rtuReply({ ...request, fc: request.fc === 3 ? 4 : 3 }, value));
      case 'short':
        return say(rtuReply({ ...request, words: request.words - 1 }, value));
      case 'long':
        return say(rtuReply({ ...request, words: request.words + 1 }, value));
      case 'wrong-count':
        return say(withCrc([...good.subarray(0, 2), 250, ...good.subarray(3, -2)]));
      case 'wrong-crc':
        return say(Buffer.concat([good.subarray(0, -1), Buffer.of((good.at(-1) ?? 0) ^ 0x40)]));
      case 'broken-off':
        return say(good.subarray(0, good.length - 3));
      case 'split-bytes':
        for (const byte of good) {
          say(Buffer.of(byte));
          await clock.sleep(1);
        }
        return undefined;
      case 'twice':
        say(good);
        await new Promise((resolve) => setImmediate(resolve));
        return say(good);
      case 'merged':
        return say(Buffer.concat([good, rtuReply(other, value)]));
      case 'echo':
        return say(Buffer.concat([rtuRequest(request), good]));
      case 'idle-bytes':
        return say(Buffer.concat([Buffer.of(0x00), good, Buffer.of(0xff, 0x00)]));
      case 'garbage':
        return say(Buffer.from([request.unit, 0x55, 0xaa, 0x13, 0x37, 0x00, 0xff, 0x42]));
      case 'hang-up':
        return hangUp();
      case 'half-open':
        if (!master.destroyed) deaf.add(master);
        return undefined;
    }
  };

  const hear = (bytes: Buffer, master: Duplex): void => {
    const request: RtuRequest = {
      unit: bytes.readUInt8(0),
      fc: bytes.readUInt8(1),
      address: bytes.readUInt16BE(2),
      words: bytes.readUInt16BE(4),
      index: count++,
      at: clock.now(),
    };
    lastRequests.push(request);
    if (lastRequests.length > KEPT_REQUESTS) lastRequests.splice(0, KEPT_REQUESTS / 2);
    turn = turn.then(() => respond(request, master));
  };

  return {
    attach: (stream) => {
      masters.add(stream);
      let rest: Buffer = Buffer.alloc(0);
      stream
        .on('error', () => undefined)
        .on('close', () => {
          masters.delete(stream);
          deaf.delete(stream);
        });
      stream.on('data', (data: Buffer) => {
        if (deaf.has(stream)) return;
        rest = Buffer.concat([rest, data]);
        for (; rest.length >= 8; rest = rest.subarray(8)) hear(rest.subarray(0, 8), stream);
      });
    },
    requests: () => count,
    lastRequests,
    attached: () => masters.size,
    isIdle: () => faulting === 0 && deaf.size === 0,
    say,
    hangUp,
  };
}

/** Two ends of a stream in memory: what is written to one is read from the other. */
export function streamPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const end = (other: 0 | 1): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        const to = ends[other];
        if (to && !to.destroyed) to.push(chunk);
        done();
      },
      destroy: (_error, done) => {
        const to = ends[other];
        if (to && !to.destroyed) to.destroy();
        done(null);
      },
    });
  const [one, two] = [end(1), end(0)];
  ends.push(one, two);
  return [one, two];
}
