import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Books } from '../../../pipeline/books/index.ts';
import { influxHistorian } from '../../../pipeline/historian/influx.ts';
import { keepHistorian } from '../../../pipeline/historian/keeper.ts';
import type { Historian, HistorianPoint } from '../../../pipeline/historian/port.ts';
import { type Positions, positionsIn } from '../../../pipeline/historian/positions.ts';
import { encodeFrame, type FrameLog } from '../../../pipeline/log/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { randomOf } from '../../oracle/world/random.ts';
import { skipVictoria, startVictoria, type Victoria } from '../../support/victoria.ts';

const T0 = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;
const DEVICES = 5;

const labels = (device: string, register: string) => ({ __name__: 'reading_value', device, register });

/** Frames of five devices every minute: a counter and a gauge; values by a seed. */
function framesOf(count: number, seed: number) {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, i) => {
    const device = `d-${i % DEVICES}`;
    const at = T0 + Math.floor(i / DEVICES) * MINUTE;
    const r = [['e', 1_000_000 + i * 7] as const, ['p', random.int(-50_000, 50_000), 'g'] as const];
    return { device, at, value: encodeFrame({ v: 1, src: '00000001', site: 'site', device, seq: i, at, r }), r };
  });
}

const recorded = (frames: ReturnType<typeof framesOf>, device: string, register: string) =>
  frames
    .filter((frame) => frame.device === device)
    .map(({ at, r }) => [at, r.find(([name]) => name === register)?.[1] ?? NaN] as const);

describe.skipIf(skipVictoria())('the historian over line protocol', () => {
  let victoria: Victoria;
  let historian: Historian;
  let books: Books;
  let closeBooks: () => Promise<void>;
  const ending: { readonly stop: AbortController; readonly done: Promise<void> }[] = [];

  beforeAll(async () => {
    victoria = await startVictoria();
    historian = influxHistorian({ url: victoria.url, token: 'none', org: 'civicmeter', bucket: 'readings' });
    ({ books, close: closeBooks } = await freshBooks());
  });
  afterEach(async () => {
    for (const { stop, done } of ending.splice(0)) {
      stop.abort(new Error('the test is over'));
      await done;
    }
  });
  afterAll(async () => {
    await closeBooks();
    await stopPostgres();
    await victoria.remove();
  });

  const keep = (log: FrameLog, positions: Positions): void => {
    const stop = new AbortController();
    const done = keepHistorian(
      { log, historian, positions, clock: systemClock, telemetry: silentTelemetry() },
      stop.signal,
    );
    ending.push({ stop, done });
  };
  const until = async (positions: Positions, log: string, high: number): Promise<void> => {
    for (const deadline = Date.now() + 60_000; (await positions.load(log)).get(0) !== high;) {
      if (Date.now() > deadline) throw new Error(`the historian did not come to ${high}`);
      await systemClock.sleep(20);
    }
  };

  it('holds every reading and gauge of the log as the integer that it was', async () => {
    const frames = framesOf(2_000, 1);
    const positions = positionsIn(books.db, 'every');
    keep(
      memoryLog(
        [...frames].map((f) => ({ ...f, appendedAt: f.at })),
        { identity: 'every' },
      ),
      positions,
    );
    await until(positions, 'every', frames.length);
    for (const device of ['d-0', 'd-4']) {
      for (const register of ['e', 'p']) {
        const found = await victoria.exported({ ...labels(device, register) });
        expect(found.filter(([at]) => at >= T0 && at < T0 + 400 * MINUTE)).toEqual(recorded(frames, device, register));
      }
    }
  });

  it('has no gap after an outage of the server, and what was lost with its data is written again from the log', async () => {
    const frames = framesOf(1_500, 2).map((f) => ({ ...f, device: f.device.replace('d-', 'x-') }));
    const renamed = frames.map((f) => ({
      ...f,
      value: Buffer.from(Buffer.from(f.value).toString().replace('"device":"d-', '"device":"x-')),
      appendedAt: f.at,
    }));
    const log = memoryLog(renamed.slice(0, 500), { identity: 'outage', batch: () => 50 });
    const positions = positionsIn(books.db, 'outage');
    keep(log, positions);
    await until(positions, 'outage', 500);

    await victoria.stop();
    for (const { stop, done } of ending.splice(0)) {
      stop.abort(new Error('restart'));
      await done;
    }
    const longer = memoryLog(renamed, { identity: 'outage', batch: () => 50 });
    keep(longer, positions);
    await systemClock.sleep(300);
    expect((await positions.load('outage')).get(0)).toBe(500);
    await victoria.start();
    await until(positions, 'outage', renamed.length);
    expect(await victoria.exported(labels('x-1', 'e'))).toEqual(recorded(frames, 'x-1', 'e'));

    await victoria.stop();
    await victoria.start({ empty: true });
    expect(await victoria.exported(labels('x-1', 'e'))).toEqual([]);
    await positions.reset();
    for (const { stop, done } of ending.splice(0)) {
      stop.abort(new Error('restart'));
      await done;
    }
    keep(longer, positions);
    await until(positions, 'outage', renamed.length);
    expect(await victoria.exported(labels('x-1', 'e'))).toEqual(recorded(frames, 'x-1', 'e'));
    expect(await victoria.exported(labels('x-3', 'p'))).toEqual(recorded(frames, 'x-3', 'p'));
  });

  it('keeps integers of a meter’s face exactly; above 2^53 there are none, and this server rounds beyond fifteen digits', async () => {
    const values = [0, 1, 999_999_999_999, 2 ** 43 + 1, 123_456_789_012_345, 999_999_999_999_999];
    const points = values.map((value, i): HistorianPoint => ({
      site: 'site',
      device: 'big',
      register: 'e',
      kind: 'counter',
      at: T0 + i * MINUTE,
      value,
    }));
    await historian.write(points);
    expect((await victoria.exported(labels('big', 'e'))).map(([, value]) => value)).toEqual(values);
  });

  it('says what to do where it is refused or not there', async () => {
    const nowhere = influxHistorian({ url: 'http://127.0.0.1:9', token: '', org: 'o', bucket: 'b', timeoutMs: 500 });
    const point: HistorianPoint = { site: 's', device: 'd', register: 'e', kind: 'counter', at: T0, value: 1 };
    await expect(nowhere.write([point])).rejects.toMatchObject({ code: 'HISTORIAN_UNREACHABLE', retryable: true });
  });
});

const INFLUX = process.env['CIVICMETER_TEST_INFLUX'];
if (INFLUX === undefined) {
  process.stderr.write(
    'skipping the queries of an InfluxDB 2: CIVICMETER_TEST_INFLUX names none (http://token@host:8086/org/bucket)\n',
  );
}

describe.skipIf(INFLUX === undefined)('the historian over InfluxDB 2', () => {
  it('answers a series by window: least, greatest and last', async () => {
    const { protocol, host, username, pathname } = new URL(INFLUX ?? '');
    const [, org = '', bucket = ''] = pathname.split('/');
    const historian = influxHistorian({ url: `${protocol}//${host}`, token: username, org, bucket });
    const device = `series-${Date.now()}`;
    const values = [5, 9, 2, 7, 100, 4];
    const own = { site: 'site', device, register: 'p', kind: 'gauge' as const };
    await historian.write(values.map((value, i) => ({ ...own, at: T0 + i * 20 * MINUTE, value })));
    const interval = { from: T0, to: T0 + 3 * 60 * MINUTE };
    expect(await historian.series({ ...own, interval, windowMs: 60 * MINUTE })).toEqual([
      { start: T0, min: 2, max: 9, last: 2 },
      { start: T0 + 60 * MINUTE, min: 4, max: 100, last: 4 },
    ]);
  });
});
