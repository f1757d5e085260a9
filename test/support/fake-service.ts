import {
  baseUnitOf,
  displayUnitOf,
  formatInstant,
  formatMonth,
  HOUR,
  MINUTE,
  type MeterEvent,
  NEEDS_SECOND_PERSON,
  requestError,
  zoneOf,
} from '#domain';
import type { Clock } from '#platform';
import type { FindingAnswer, LiveAnswer } from '../../pipeline/answers.ts';
import type { StatusAnswer } from '../../pipeline/answers.ts';
import type { CloseAnswer, Page, Service } from '../../pipeline/service.ts';
import { fakeJudgement } from './fake-judgement.ts';
import { fakeRegistry, registerOf, ROWS } from './fake-registry.ts';
import { fakeRules } from './fake-rules.ts';
import { fakeTrace, fakeUsage, registerAt } from './fake-usage.ts';

const zone = zoneOf('Asia/Shanghai');
const DELAYS: Readonly<Record<string, number>> = { 'w-archive': 6 * MINUTE, 'h-hall': 26 * HOUR };

/** The port `Service` over a made-up compound: for tests of the API and the page alone. */
export function fakeService(clock: Clock): Service {
  const events: MeterEvent[] = [];
  const closes: CloseAnswer[] = [];
  const live = async (): Promise<readonly LiveAnswer[]> => ROWS.flatMap((row) => liveOf(row, clock.now()));
  // figures move once a minute, so that those asked for together belong together
  const minute = (): number => Math.floor(clock.now() / MINUTE) * MINUTE;
  return {
    rules: fakeRules(fakeJudgement),
    sites: async () => [fakeRegistry.site.id],
    registry: async () => fakeRegistry,
    institutions: async () =>
      fakeRegistry.institutions.map(({ id, name, headcount, area }) => ({
        id,
        name,
        headcount: headcount[0]?.value ?? null,
        areaM2: area[0]?.value ?? null,
        ended: false,
      })),
    points: async () =>
      ROWS.map((row) => ({
        id: row.id,
        name: { zh: row.zh, en: row.en },
        carrier: row.carrier,
        role: row.role ?? 'main',
        item: row.item ?? null,
        premises: row.premises,
        parent: row.parent ?? null,
        institutions: row.shares.map(([id]) => id),
        ended: false,
      })),
    live,
    series: async ({ interval, windowMs }) => ({
      source: 'books',
      windowMs,
      unit: 'mW',
      windows: [{ start: interval.from, min: 1, max: 3, last: 2 }],
    }),
    watch: (_site, listener) => {
      const over = new AbortController();
      const tick = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await clock.sleep(1_000, over.signal);
          listener((await live()).filter(({ state }) => state === 'live'));
        }
      };
      tick().catch(() => {});
      return () => over.abort(new Error('unwatched'));
    },
    usage: async (query) => fakeUsage(query, minute()),
    trace: async (query) => {
      const root = fakeTrace(query, minute());
      const { subject, carrier } = fakeUsage({ ...query, by: 'month' }, minute());
      return {
        subject,
        carrier,
        unit: baseUnitOf(carrier),
        displayUnit: displayUnitOf(carrier),
        zone: zone.name,
        version: query.asOf ?? 'live',
        root,
      };
    },
    findings: async ({ kind, limit, cursor }) =>
      page(
        findingsAt(clock.now()).filter((one) => kind === undefined || one.kind === kind),
        limit,
        cursor,
      ),
    reconcile: async () => ({
      at: formatInstant(clock.now(), zone),
      layers: [{ layer: 'hours-days', rows: 4_320, differences: 0, examples: [] }],
      rows: 4_320,
      differences: 0,
    }),
    applyRegistry: async ({ site }) => ({ site: site.id, taken: [], left: [], committed: false }),
    events: async () => events,
    recordEvent: async (site, body, { by, reason, supersedes }) => {
      const event: MeterEvent = {
        id: events.length + 1,
        site,
        state: NEEDS_SECOND_PERSON[body.kind] ? 'proposed' : 'active',
        body,
        by,
        reason,
        recordedAt: clock.now(),
        supersedes,
      };
      events.push(event);
      return event;
    },
    confirmEvent: async (id, by) => {
      const event = events[id - 1];
      if (!event) throw requestError('EVENT_UNKNOWN', `there is no event ${id}`, { cure: 'list them' });
      if (event.by === by)
        throw requestError('SAME_PERSON', 'a second person must confirm', { cure: 'ask a colleague' });
      const confirmed: MeterEvent = { ...event, state: 'active', confirmedBy: by, confirmedAt: clock.now() };
      events[id - 1] = confirmed;
      return confirmed;
    },
    quarantine: async ({ limit, cursor }) =>
      page(
        [1, 2, 3].map((id) => ({
          id,
          partition: 0,
          offset: 1_000 + id,
          reason: 'unknown-register',
          detail: 'dev-99/e1 is in no site file',
          device: 'dev-99',
          register: 'e1',
          at: formatInstant(clock.now() - id * MINUTE, zone),
          value: '1234',
          state: 'open' as const,
        })),
        limit,
        cursor,
      ),
    replayQuarantine: async () => ({ admitted: 0, refused: 3 }),
    close: async (site, month, { by, reason }) => {
      const close: CloseAnswer = {
        site,
        month: formatMonth(month),
        version: closes.filter((one) => one.month === formatMonth(month)).length + 1,
        closedAt: formatInstant(clock.now(), zone),
        by,
        reason,
        hash: '0'.repeat(64),
      };
      closes.push(close);
      return close;
    },
    closes: async () => closes,
    adjustments: async () => [],
    status: async () => fakeStatus(clock.now()),
    settle: async () => {},
    stop: async () => {},
  };
}

function liveOf(row: (typeof ROWS)[number], now: number): readonly LiveAnswer[] {
  const multiplier = row.multiplier?.num ?? 1;
  const never = row.id === 'p-tower-lift';
  const at = now - (DELAYS[row.id] ?? 1_500);
  const common = {
    device: `dev-${row.id}`,
    point: row.id,
    serial: `20240${ROWS.indexOf(row) + 100}`,
    carrier: row.carrier,
    at: never ? null : formatInstant(at, zone),
    state: never
      ? ('never' as const)
      : row.id === 'h-hall'
        ? ('silent' as const)
        : row.id === 'w-archive'
          ? ('late' as const)
          : ('live' as const),
  };
  const counter: LiveAnswer = {
    ...common,
    register: registerOf(row),
    kind: 'counter',
    unit: baseUnitOf(row.carrier),
    value: never ? null : Math.floor(registerAt(row, at) / multiplier),
  };
  if (row.carrier !== 'electricity') return [counter];
  const wobble = 1 + 0.02 * Math.sin(now / 3_000 + row.peak);
  const watts = ((registerAt(row, now) - registerAt(row, now - 15 * MINUTE)) * 4 * wobble) / multiplier;
  return [
    counter,
    {
      ...common,
      point: null,
      serial: null,
      register: 'p1',
      kind: 'gauge',
      carrier: null,
      unit: 'mW',
      value: never ? null : Math.round(watts * 1_000),
    },
  ];
}

function findingsAt(now: number): readonly FindingAnswer[] {
  const at = (hours: number): string => formatInstant(now - hours * HOUR, zone);
  const of = (id: string) => {
    const row = ROWS.find((one) => one.id === id);
    return {
      site: 'compound',
      point: id,
      meter: `${id}/20240100`,
      device: `dev-${id}`,
      register: row ? registerOf(row) : 'e1',
    };
  };
  return [
    {
      kind: 'pending',
      ...of('h-hall'),
      from: at(1),
      to: at(1),
      fromValue: 412_000,
      toValue: 412_000,
      explained: false,
      cure: {
        zh: '等待后续读数确认',
        en: 'Later readings will decide',
      },
    },
    {
      kind: 'break',
      ...of('p-hall'),
      from: at(70),
      to: at(69),
      fromValue: 84_210_000,
      toValue: 3_000,
      explained: false,
      cure: {
        zh: '如已换表：civicmeter event replacement；否则现场核对',
        en: 'If the meter was replaced: civicmeter event replacement; else look at it',
      },
    },
    {
      kind: 'outlier',
      ...of('p-tower'),
      from: at(5),
      to: at(5),
      fromValue: 0,
      toValue: 0,
      explained: false,
      cure: {
        zh: '上电瞬间读数为零，未采信；反复出现请检查线路',
        en: 'A zero at power-up was not believed; check the line if it comes back',
      },
    },
    {
      kind: 'gap',
      ...of('w-canteen'),
      from: at(40),
      to: at(34),
      fromValue: 1_204_200,
      toValue: 1_207_940,
      explained: false,
      cure: { zh: '六小时无读数，用量已按时间分摊', en: 'Six hours without readings; the use was spread over them' },
    },
    {
      kind: 'conflict',
      ...of('p-archive'),
      from: at(90),
      to: at(90),
      fromValue: 33_120_400,
      toValue: 33_120_100,
      explained: false,
      cure: { zh: '同一时刻两个读数，取等级高者', en: 'Two readings at one instant; the better one counts' },
    },
  ];
}

function page<T>(all: readonly T[], limit: number, cursor: string | undefined): Page<T> {
  const start = cursor === undefined ? 0 : Number(cursor);
  const items = all.slice(start, start + limit);
  return start + limit < all.length ? { items, next: String(start + limit) } : { items };
}

const fakeStatus = (now: number): StatusAnswer => ({
  log: { kind: 'embedded', identity: '7f3a91c2', bytes: 18_400_000 },
  partitions: [
    {
      partition: 0,
      nextOffset: 912_004,
      low: 0,
      high: 912_006,
      lag: 2,
      readings: 1_824_008,
      folded: 1_824_005,
      quarantined: 3,
      missing: 0,
    },
  ],
  quarantineOpen: { 'unknown-register': 3 },
  dirty: 0,
  lastCommitAt: formatInstant(now - 1_200, zone),
  booksBytes: 61_000_000,
  gateways: [],
  notRead: [],
});
