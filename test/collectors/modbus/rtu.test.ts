import { describe, expect, test } from 'vitest';
import { modbusRtu } from '../../../collectors/modbus/rtu.ts';
import type { ReadRequest, ReadResult, Transport } from '../../../collectors/modbus/transport.ts';
import { drivenClock } from '../../support/modbus-clock.ts';
import {
  type RtuAnswer,
  rtuBus,
  rtuException,
  rtuReply,
  type RtuRequest,
  rtuRequest,
  streamPair,
} from '../../support/modbus-rtu-bus.ts';
import { wordOf } from '../../support/modbus-server.ts';

const TIMEOUT_MS = 50;
const REPLY_MS = 8;
const ASKED: ReadRequest = { unit: 7, fc: 3, address: 100, words: 4 };
const wordsFor = ({ unit, fc, address, words }: ReadRequest): readonly number[] =>
  Array.from({ length: words }, (_, i) => wordOf(unit, fc, address + i));
const good = (request: ReadRequest): ReadResult => ({ ok: true, words: wordsFor(request) });

/** A line in memory, under a clock that only waiting moves. */
function rig(treat: (request: RtuRequest) => RtuAnswer = () => 'answer', characterMs = 0) {
  const clock = drivenClock();
  const bus = rtuBus(treat, { clock, replyMs: REPLY_MS });
  const heard: number[] = [];
  const openTransport = modbusRtu(
    async () => {
      const [ours, theirs] = streamPair();
      bus.attach(theirs);
      return { stream: ours, close: () => void ours.destroy() };
    },
    { place: 'line', timeoutMs: TIMEOUT_MS, characterMs, clock },
  );
  const driven = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    const end = (): void => {
      done = true;
    };
    promise.then(end, end);
    await clock.runUntil(() => done);
    return promise;
  };
  const open = (): Promise<Transport> =>
    driven(openTransport(new AbortController().signal, (unit) => void heard.push(unit)));
  return { clock, bus, heard, driven, open };
}

describe('a read', () => {
  test('gives the words of the unit, function and address asked for', async () => {
    const { bus, driven, open } = rig();
    const transport = await open();
    expect(await driven(transport.read(ASKED))).toEqual(good(ASKED));
    const input: ReadRequest = { unit: 9, fc: 4, address: 300, words: 1 };
    expect(await driven(transport.read(input))).toEqual(good(input));
    expect(bus.lastRequests.map((r) => [r.unit, r.fc, r.address, r.words])).toEqual([
      [7, 3, 100, 4],
      [9, 4, 300, 1],
    ]);
  });

  test.each<[RtuAnswer, unknown]>([
    ['swallow', { kind: 'timeout' }],
    [{ lateMs: TIMEOUT_MS + 20 }, { kind: 'timeout' }],
    ['half-open', { kind: 'timeout' }],
    ['foreign-unit', { kind: 'foreign', unit: 8, detail: expect.stringContaining('unit 7 was asked') }],
    ['foreign-exception', { kind: 'foreign', unit: 8, detail: expect.any(String) }],
    ['foreign-before', { kind: 'foreign', unit: 8, detail: expect.any(String) }],
    ['second-master', { kind: 'framing', detail: expect.stringContaining('announced') }],
    ['other-function', { kind: 'framing', detail: expect.stringContaining('function') }],
    ['short', { kind: 'framing', detail: expect.stringContaining('6 announced') }],
    ['long', { kind: 'framing', detail: expect.stringContaining('10 announced') }],
    ['wrong-count', { kind: 'framing', detail: expect.stringContaining('250 announced') }],
    ['wrong-crc', { kind: 'framing', detail: expect.stringContaining('CRC') }],
    ['broken-off', { kind: 'framing', detail: expect.stringContaining('broke off') }],
    ['merged', { kind: 'framing', detail: expect.stringContaining('follow') }],
    ['garbage', { kind: 'framing', detail: expect.any(String) }],
    ['hang-up', { kind: 'closed', detail: expect.any(String) }],
    [{ exception: 2 }, { kind: 'exception', code: 2 }],
    [{ exception: 11 }, { kind: 'exception', code: 11 }],
  ])('answered by %o gives no words but the fault', async (answer, fault) => {
    const { driven, open } = rig(() => answer);
    expect(await driven((await open()).read(ASKED))).toEqual({ ok: false, fault });
  });

  test.each<[RtuAnswer]>([['split-bytes'], ['echo'], ['idle-bytes']])(
    'answered by %o is right, and so is the next',
    async (answer) => {
      const { driven, open } = rig(() => answer);
      const transport = await open();
      for (const request of [ASKED, { ...ASKED, address: 200 }, { ...ASKED, words: 1 }]) {
        expect(await driven(transport.read(request))).toEqual(good(request));
      }
    },
  );

  test('ends as closed at once when we close', async () => {
    const { clock, driven, open } = rig(() => 'swallow');
    const transport = await open();
    const from = clock.now();
    const reading = transport.read(ASKED);
    transport.close();
    transport.close();
    expect(await driven(reading)).toMatchObject({ fault: { kind: 'closed' } });
    expect(clock.now()).toBe(from);
    expect(transport.isOpen()).toBe(false);
    expect(await driven(transport.read(ASKED))).toMatchObject({ fault: { kind: 'closed' } });
  });

  test('on a serial port may last as long as its characters take', async () => {
    const request = { ...ASKED, words: 60 };
    // 125 characters of 2 ms: 250 ms, five time-outs
    const { driven, open } = rig(() => 'split-bytes', 2);
    expect(await driven((await open()).read(request))).toEqual(good(request));
  });
});

describe('silence', () => {
  test('opening waits until the line has been quiet for a time-out, and throws away what came', async () => {
    const { clock, bus, driven, open, heard } = rig();
    const from = clock.now();
    const opening = open();
    for (const at of [20, 60, 100]) void clock.sleep(at).then(() => bus.say(rtuReply({ ...ASKED, address: 400 })));
    const transport = await opening;
    expect(clock.now() - from).toBe(100 + TIMEOUT_MS);
    expect(heard).toEqual([7, 7, 7]);
    expect(await driven(transport.read(ASKED))).toEqual(good(ASKED));
  });

  test('is as long as the longest delay seen, at most four time-outs, and forgotten by and by', async () => {
    const { clock, driven, open } = rig(({ index }) => (index === 0 ? { lateMs: 3 * TIMEOUT_MS } : 'answer'));
    const first = await open();
    await driven(first.read(ASKED));
    const durations: number[] = [];
    for (let i = 0; i < 4; i++) {
      const from = clock.now();
      (await open()).close();
      durations.push(clock.now() - from);
    }
    // the reply came in the second silence; the third is as long as it took, and so on down
    expect(durations).toEqual([TIMEOUT_MS, 2 * TIMEOUT_MS, 3 * TIMEOUT_MS, 1.5 * TIMEOUT_MS]);
  });

  test('a line that never falls silent does not open, and says what to look for', async () => {
    const { clock, bus, open } = rig();
    const noise = new AbortController();
    const babble = async (): Promise<void> => {
      while (!noise.signal.aborted) {
        await clock.sleep(30);
        bus.say(Buffer.of(0x55, 0x13));
      }
    };
    const babbling = babble();
    await expect(open()).rejects.toMatchObject({
      code: 'LINE_NOT_SILENT',
      place: 'line',
      cure: expect.stringContaining('baud rate'),
    });
    noise.abort();
    await clock.runUntil(() => true);
    void babbling;
  });

  test('comes before a request where something unasked was heard; a stray idle byte costs nothing', async () => {
    const { clock, bus, driven, open, heard } = rig();
    const transport = await open();
    bus.say(Buffer.of(0x00, 0xff));
    const from = clock.now();
    expect(await driven(transport.read(ASKED))).toEqual(good(ASKED));
    expect(clock.now() - from).toBe(REPLY_MS);
    // another master asks our unit, which answers in the shape that we are about to ask for
    bus.say(rtuRequest({ ...ASKED, address: 400 }));
    void clock.sleep(20).then(() => bus.say(rtuReply({ ...ASKED, address: 400 })));
    expect(await driven(transport.read(ASKED))).toEqual(good(ASKED));
    expect(clock.now() - from).toBe(REPLY_MS + 20 + TIMEOUT_MS + REPLY_MS);
    expect(heard).toEqual([7, 7]);
  });
});

describe('a reply that comes after the silence', () => {
  const LATE_MS = 6 * TIMEOUT_MS;

  test('is never taken for the answer to another request of its shape', async () => {
    const { bus, driven, open } = rig(({ index }) => (index === 0 ? { lateMs: LATE_MS } : 'answer'));
    const first = await open();
    expect(await driven(first.read(ASKED))).toMatchObject({ fault: { kind: 'timeout' } });
    first.close();
    const other = { ...ASKED, address: 300 };
    const results: ReadResult[] = [];
    for (let i = 0; i < 12 && !results.at(-1)?.ok; i++) {
      const transport = await open();
      results.push(await driven(transport.read(other)));
      transport.close();
    }
    expect(results.at(-1)).toEqual(good(other));
    expect(results.length).toBeGreaterThan(1);
    // nothing in the shape of the late reply was asked before it had come
    const shapes = bus.lastRequests.map((r) => r.words);
    expect(shapes.indexOf(4, 1)).toBe(shapes.length - 1);
  });

  test('the unit is first asked something else; once it has answered that, in the old shapes again', async () => {
    const { bus, driven, open } = rig(({ index }) => (index < 2 ? 'swallow' : 'answer'));
    for (let i = 0; i < 2; i++) {
      const transport = await open();
      await driven(transport.read(ASKED));
      transport.close();
    }
    const transport = await open();
    for (let i = 0; i < 2; i++) expect(await driven(transport.read(ASKED))).toEqual(good(ASKED));
    // 4 lost, then 3 lost, then 2 tells apart
    expect(bus.lastRequests.map((r) => r.words)).toEqual([4, 3, 2, 4, 4]);
  });

  test('an exception is believed only if nothing follows it', async () => {
    const { clock, bus, driven, open } = rig(({ index }) =>
      index === 0 ? 'swallow' : index === 1 ? { exception: 2 } : 'answer',
    );
    const first = await open();
    await driven(first.read(ASKED));
    first.close();
    const second = await open();
    const reading = second.read({ ...ASKED, words: 2 });
    void clock.sleep(REPLY_MS + 5).then(() => bus.say(rtuReply({ ...ASKED, words: 2 })));
    expect(await driven(reading)).toMatchObject({
      fault: { kind: 'framing', detail: expect.stringContaining('earlier') },
    });
    second.close();
    const third = await open();
    expect(await driven(third.read(ASKED))).toEqual(good(ASKED));
  });

  test('a unit that refuses what tells apart is then asked what was wanted', async () => {
    const whole = ({ index, words }: RtuRequest): RtuAnswer =>
      index === 0 ? 'swallow' : words === 4 ? 'answer' : { exception: 2 };
    const { driven, open } = rig(whole);
    const first = await open();
    await driven(first.read(ASKED));
    first.close();
    expect(await driven((await open()).read(ASKED))).toEqual(good(ASKED));
  });

  test('of another unit delays nobody', async () => {
    const { bus, driven, open } = rig(({ unit }) => (unit === 7 ? 'swallow' : 'answer'));
    const first = await open();
    await driven(first.read(ASKED));
    first.close();
    const other = { ...ASKED, unit: 8 };
    expect(await driven((await open()).read(other))).toEqual(good(other));
    expect(bus.requests()).toBe(2);
  });
});

test('an exception overheard between requests is told of as foreign', async () => {
  const { bus, driven, open, heard } = rig();
  const transport = await open();
  bus.say(rtuException(31, 3, 2));
  await driven(transport.read(ASKED));
  expect(heard).toEqual([31]);
});

test('a connection that is closed while it waits for silence is an error that says so', async () => {
  const { clock, bus, open } = rig();
  void clock.sleep(10).then(() => bus.hangUp());
  await expect(open()).rejects.toMatchObject({ code: 'LINE_NOT_OPEN', message: expect.stringContaining('closed') });
});

test('an end that comes while the stream opens does not wait for a line that never falls silent', async () => {
  const clock = drivenClock();
  const ending = new AbortController();
  const begun = clock.now();
  let noisy = true;
  const openTransport = modbusRtu(
    async () => {
      ending.abort(new Error('the program ends'));
      const [ours, theirs] = streamPair();
      const noise = async (): Promise<void> => {
        while (noisy && theirs.writable) {
          theirs.write(Buffer.from([0x2a]));
          await clock.sleep(TIMEOUT_MS / 5);
        }
      };
      void noise();
      return { stream: ours, close: () => void ours.destroy() };
    },
    { place: 'line', timeoutMs: TIMEOUT_MS, characterMs: 0, clock },
  );
  const opened = openTransport(ending.signal).then(
    () => 'open',
    () => clock.now() - begun,
  );
  let took: unknown;
  void opened.then((value) => (took = value));
  await clock.runUntil(() => took !== undefined);
  noisy = false;
  expect(took).toBeLessThan(TIMEOUT_MS);
});
