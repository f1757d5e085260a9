import {
  flux,
  fluxDateTime,
  fluxDuration,
  HttpError,
  InfluxDB,
  type ParameterizedQuery,
  Point,
} from '@influxdata/influxdb-client';
import { storeError } from '#domain';
import type { Historian, HistorianPoint, SeriesQuery, SeriesWindow } from './port.ts';

export interface InfluxPlace {
  /** http://host:8086 */
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  readonly timeoutMs?: number | undefined;
}

const MEASUREMENT = 'reading';
const FIELD = 'value';
const TIMEOUT_MS = 30_000;
const LINES_PER_REQUEST = 10_000;

/**
 * InfluxDB 2.x: measurement `reading`, tags site, device, register and kind, integer field `value`, time in ms. Retrying is the
 * keeper's: the client's own buffer would acknowledge what it may yet drop. Errors: HISTORIAN_UNREACHABLE (passes),
 * HISTORIAN_REFUSED (StoreError).
 */
export function influxHistorian(place: InfluxPlace): Historian {
  const { url, token, org, bucket, timeoutMs = TIMEOUT_MS } = place;
  const client = new InfluxDB({ url, token, timeout: timeoutMs });
  const queries = client.getQueryApi(org);

  return {
    identity: `${url} ${org}/${bucket}`,
    write: async (points) => {
      if (points.length === 0) return;
      let failure: Error | undefined;
      const api = client.getWriteApi(org, bucket, 'ms', {
        maxRetries: 0,
        batchSize: LINES_PER_REQUEST,
        maxBufferLines: LINES_PER_REQUEST,
        flushInterval: 0,
        writeFailed: (error) => {
          if (!isTooOld(error)) failure ??= error;
          // taken: the client must not keep the lines
          return Promise.resolve();
        },
      });
      for (const point of points) api.writePoint(lineOf(point));
      await api.close().catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      });
      if (failure) throw failed(failure, url);
    },
    series: async (query) => {
      try {
        return windowsOf(await queries.collectRows<SeriesRow>(seriesQuery(bucket, query)));
      } catch (error) {
        throw failed(error instanceof Error ? error : new Error(String(error)), url);
      }
    },
  };
}

const lineOf = ({ site, device, register, kind, at, value }: HistorianPoint): Point =>
  new Point(MEASUREMENT)
    .tag('site', site)
    .tag('device', device)
    .tag('register', register)
    .tag('kind', kind)
    .intField(FIELD, value)
    .timestamp(at);

interface SeriesRow {
  readonly _time: string;
  readonly _value: number;
  readonly what: keyof Omit<SeriesWindow, 'start'>;
}

/** Values go in as parameters that the library writes as literals; nothing of a request is Flux. */
function seriesQuery(bucket: string, { site, device, register, interval, windowMs }: SeriesQuery): ParameterizedQuery {
  const [start, stop] = [interval.from, interval.to].map((at) => fluxDateTime(new Date(at).toISOString()));
  const every = fluxDuration(`${windowMs}ms`);
  return flux`
data = from(bucket: ${bucket})
  |> range(start: ${start}, stop: ${stop})
  |> filter(fn: (r) => r._measurement == ${MEASUREMENT} and r._field == ${FIELD})
  |> filter(fn: (r) => r.site == ${site} and r.device == ${device} and r.register == ${register})
  |> keep(columns: ["_time", "_value", "_start", "_stop"])
  |> sort(columns: ["_time"])
union(tables: [
  data |> aggregateWindow(every: ${every}, fn: min, timeSrc: "_start", createEmpty: false) |> set(key: "what", value: "min"),
  data |> aggregateWindow(every: ${every}, fn: max, timeSrc: "_start", createEmpty: false) |> set(key: "what", value: "max"),
  data |> aggregateWindow(every: ${every}, fn: last, timeSrc: "_start", createEmpty: false) |> set(key: "what", value: "last"),
]) |> keep(columns: ["_time", "_value", "what"])`;
}

function windowsOf(rows: readonly SeriesRow[]): readonly SeriesWindow[] {
  const byStart = Map.groupBy(rows, (row) => Date.parse(row._time));
  return [...byStart]
    .toSorted(([a], [b]) => a - b)
    .map(([start, own]) => {
      const of = (what: SeriesRow['what']): number => Number(own.find((row) => row.what === what)?._value);
      return { start, min: of('min'), max: of('max'), last: of('last') };
    });
}

/** Of points older than the bucket keeps the server takes the others, and the log may well reach further back. */
const isTooOld = (error: Error): boolean =>
  error instanceof HttpError && error.statusCode === 422 && /retention policy/i.test(error.message);

/** Refused: the server understood and will not; all else passes by itself. */
function failed(error: Error, url: string): Error {
  const refused =
    error instanceof HttpError && error.statusCode >= 400 && error.statusCode < 500 && error.statusCode !== 429;
  return refused
    ? storeError('HISTORIAN_REFUSED', `the historian refuses: ${error.statusCode} ${error.message}`, {
        place: url,
        cure: 'check token, organisation and bucket, and that the token may write and read',
        cause: error,
        retryable: error.statusCode === 401 || error.statusCode === 403 || error.statusCode === 404,
      })
    : storeError('HISTORIAN_UNREACHABLE', `the historian does not answer: ${error.message}`, {
        place: url,
        cure: 'start it, or correct its address; what it misses is written from the log by itself',
        cause: error,
        retryable: true,
      });
}
