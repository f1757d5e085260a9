import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { influxHistorian } from '../../../pipeline/historian/influx.ts';
import { keepHistorian } from '../../../pipeline/historian/keeper.ts';
import type { Positions } from '../../../pipeline/historian/positions.ts';
import { positionsIn } from '../../../pipeline/historian/positions.ts';
import { encodeFrame, type FrameLog } from '../../../pipeline/log/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

const T0 = Date.UTC(2026, 2, 2);
const LINE = /^reading,device=[\w-]+,kind=(counter|gauge),register=[\w-]+,site=[\w-]+ value=-?\d+i (-?\d+)$/;
/** What int64 holds of nanoseconds. */
const END_OF_TIME = 9_223_372_036_854;

interface Influx {
  readonly url: string;
  readonly lines: readonly string[];
}

/** As InfluxDB 2 answers: a line that it cannot read refuses the whole request (400); of points older than the bucket keeps, it takes the others (422). */
async function startInflux(keptFrom = -Infinity): Promise<Influx> {
  const lines: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      const given = text.split('\n').map((line) => ({ line, at: Number(LINE.exec(line)?.[2] ?? NaN) }));
      const refuse = (status: number, code: string, message: string): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code, message }));
      if (!given.every(({ at }) => Math.abs(at) <= END_OF_TIME)) return refuse(400, 'invalid', 'unable to parse');
      const kept = given.filter(({ at }) => at >= keptFrom);
      lines.push(...kept.map(({ line }) => line));
      if (kept.length === given.length) return void response.writeHead(204).end();
      return refuse(
        422,
        'unprocessable entity',
        `failure writing points to database: partial write: points beyond retention policy dropped=${given.length - kept.length}`,
      );
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

/** Keeps the log until the historian stands at `high`; rejects where the keeper ends before. */
async function keptTo(url: string, log: FrameLog, high: number): Promise<void> {
  const { books, close } = await freshBooks();
  onTestFinished(close);
  const historian = influxHistorian({ url, token: 't', org: 'o', bucket: 'b' });
  const positions = positionsIn(books.db, historian.identity);
  const [stop, reached] = [new AbortController(), Promise.withResolvers<void>()];
  const watched: Positions = {
    ...positions,
    move: async (...args) => {
      const moved = await positions.move(...args);
      if (args[3] === high) reached.resolve();
      return moved;
    },
  };
  const telemetry = silentTelemetry();
  const keeping = keepHistorian({ log, historian, positions: watched, clock: systemClock, telemetry }, stop.signal);
  await Promise.race([reached.promise, keeping]).finally(() => stop.abort(new Error('the test is over')));
  await keeping;
}

const good = { v: 1, src: '00000002', site: 'site', device: 'd', seq: 0, at: T0, r: [['e', 7]] } as const;
const line = (at: number): string => `reading,device=d,kind=counter,register=e,site=site value=7i ${at}`;
const logOf = (...frames: readonly Parameters<typeof encodeFrame>[0][]): FrameLog =>
  memoryLog(frames.map((frame) => ({ device: 'd', appendedAt: T0, value: encodeFrame(frame) })));

describe('a historian that refuses what it cannot hold', () => {
  it.each([
    ['a register whose name ends with a backslash', { r: [['e\\', 5]] as const }],
    ['a register without a name', { r: [['', 5]] as const }],
    ['a time after the year 2262', { at: Number.MAX_SAFE_INTEGER }],
    ['a time before the year 1677', { at: -Number.MAX_SAFE_INTEGER }],
  ])('gets everything but %s', async (_what, odd) => {
    const { url, lines } = await startInflux();
    await keptTo(url, logOf({ ...good, ...odd }, { ...good, at: T0 + 1 }), 2);
    expect(lines).toEqual([line(T0 + 1)]);
  });

  it('gets what its bucket keeps of a log that reaches further back', async () => {
    const { url, lines } = await startInflux(T0);
    await keptTo(url, logOf({ ...good, at: T0 - 1 }, good), 2);
    expect(lines).toEqual([line(T0)]);
  });
});
