import { type Books } from '../../pipeline/books/index.ts';
import type { AllocationRule, Carrier, Mounting, Point, Registry } from '../../pipeline/domain/index.ts';
import { dumpBooks, openService, type Service, type UsageQuery } from '../../pipeline/index.ts';
import { encodeFrame, type FrameLog } from '../../pipeline/log/port.ts';
import { systemClock, type Telemetry } from '../../pipeline/platform/index.ts';
import { memoryLog } from './memory-log.ts';
import { freshBooks, silentTelemetry } from './postgres.ts';
import { consume } from './run-books.ts';

export const SITE = 'demo';
export const ONE = { num: 1, den: 1 } as const;

const named = (id: string) => ({ zh: id, en: id });

export interface MeterSpec {
  readonly point: string;
  readonly carrier?: Carrier;
  readonly role?: Point['role'];
  readonly parent?: string;
  readonly item?: NonNullable<Point['item']>;
  readonly premises?: string;
  readonly allocation?: AllocationRule;
  readonly mounting?: Partial<Mounting>;
}

/** A site of one-register meters: device `d-<point>`, register `e`, serial `s1`, slots of an hour, Asia/Shanghai. */
export function smallRegistry(
  meters: readonly MeterSpec[],
  more: { readonly formulas?: readonly Point[]; readonly institutions?: readonly string[] } = {},
): Registry {
  return {
    site: { id: SITE, name: named(SITE), zone: 'Asia/Shanghai', slotMinutes: 60 },
    institutions: (more.institutions ?? []).map((id) => ({
      id,
      name: named(id),
      headcount: [{ from: 0, value: 10 }],
      area: [{ from: 0, value: 100 }],
    })),
    premises: [...new Set(meters.flatMap((m) => m.premises ?? []))].map((id) => ({ id, name: named(id), area: [] })),
    devices: meters.map(({ point, carrier, mounting }) => ({
      id: `d-${point}`,
      model: 'manual',
      intervalMs: 3_600_000,
      registers: [
        {
          name: 'e',
          kind: 'counter',
          carrier: carrier ?? 'electricity',
          unit: 'Wh',
          scale: ONE,
          ...(mounting?.modulus === undefined ? {} : { modulus: mounting.modulus }),
        },
      ],
    })),
    points: [
      ...meters.map((m): Point => ({
        id: m.point,
        name: named(m.point),
        carrier: m.carrier ?? 'electricity',
        role: m.role ?? 'main',
        ...(m.premises === undefined ? {} : { premises: m.premises }),
        ...(m.parent === undefined ? {} : { parent: m.parent }),
        ...(m.item === undefined ? {} : { item: m.item }),
        allocations: m.allocation ? [{ from: 0, value: m.allocation }] : [],
      })),
      ...(more.formulas ?? []),
    ],
    mountings: meters.map(({ point, mounting }) => ({
      id: `${point}/s1`,
      point,
      serial: 's1',
      device: `d-${point}`,
      register: 'e',
      multiplier: ONE,
      scale: ONE,
      ...mounting,
    })),
  };
}

export type Reading = readonly [at: string | number, value: number];

export interface SmallSite {
  readonly books: Books;
  readonly log: FrameLog;
  readonly service: Service;
  readonly telemetry: Telemetry;
  /** Appends readings of a point's meter to the log. */
  readonly append: (point: string, readings: readonly Reading[]) => Promise<void>;
  /** The same, then consumes and settles. */
  readonly feed: (point: string, readings: readonly Reading[]) => Promise<void>;
  readonly consume: () => Promise<void>;
  readonly dump: () => Promise<string>;
  readonly usage: (
    subject: UsageQuery['subject'],
    from: string,
    to: string,
    by: UsageQuery['by'],
    asOf?: string,
  ) => ReturnType<Service['usage']>;
  readonly query: (subject: UsageQuery['subject'], from: string, to: string, by: UsageQuery['by']) => UsageQuery;
  readonly close: () => Promise<void>;
}

/** Local time of the site: 2026-03-05T08:00, +08:00. */
export const local = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00+08:00` : `${text}+08:00`);

/** Books of their own with a registry, a log that grows, and a service whose clock stands, or goes as it is told. */
export async function openSmallSite(registry: Registry, now: string | (() => number)): Promise<SmallSite> {
  const { books, close } = await freshBooks();
  const log = memoryLog([]);
  const producer = await log.producer();
  const clock = { now: typeof now === 'string' ? () => local(now) : now, sleep: systemClock.sleep };
  const telemetry = silentTelemetry();
  const service = openService({ books, log, clock, telemetry });
  await service.applyRegistry(registry, { take: 'all', commit: true, by: 'test', reason: 'test' });
  let seq = 0;
  const append: SmallSite['append'] = (point, readings) =>
    producer.append(
      readings.map(([at, value]) => ({
        device: `d-${point}`,
        value: encodeFrame({
          v: 1,
          src: '00000001',
          site: SITE,
          device: `d-${point}`,
          seq: seq++,
          at: typeof at === 'string' ? local(at) : at,
          r: [['e', value]],
        }),
      })),
    );
  const take = async (): Promise<void> => {
    await consume(books, log);
    await service.settle();
  };
  const query: SmallSite['query'] = (subject, from, to, by) => ({
    site: SITE,
    subject,
    interval: { from: local(from), to: local(to) },
    by,
  });
  return {
    books,
    log,
    service,
    telemetry,
    append,
    feed: async (point, readings) => {
      await append(point, readings);
      await take();
    },
    consume: take,
    dump: async () => (await dumpBooks(books.db)).text,
    usage: (subject, from, to, by, asOf) => service.usage({ ...query(subject, from, to, by), asOf }),
    query,
    close: async () => {
      await service.stop();
      await close();
    },
  };
}

/** Readings every hour from a local time on; values as given. */
export const hourly = (from: string, values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => [local(from) + i * 3_600_000, value] as const);

/** Readings every local midnight (the zone has no summer time). */
export const daily = (from: string, values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => [local(from) + i * 86_400_000, value] as const);
