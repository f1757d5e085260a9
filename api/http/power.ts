import { z } from 'zod';
import { formatInstant, type Mounting, type Registry, timesFloor, zoneOf } from '#domain';
import type { LiveAnswer } from '../../pipeline/answers.ts';
import { shownRegisterSchema } from './face.ts';

const figure = {
  watts: z.int().nullable().describe('null where no live reading evidences it'),
  display: z.string().nullable().describe('kW'),
} as const;

/** Electric power now: an instantaneous value, never booked, never summed over time. */
export const powerSchema = z
  .strictObject({
    at: z.string(),
    displayUnit: z.literal('kW'),
    total: z.strictObject(figure),
    answering: z.int().describe('main points with a live power reading'),
    of: z.int().describe('main points of electricity, also those whose meters tell no power'),
    premises: z.array(
      z.strictObject({
        id: z.string().nullable().describe('null: points without premises'),
        ...figure,
        answering: z.int(),
        of: z.int(),
      }),
    ),
    points: z.array(
      z.strictObject({
        point: z.string(),
        device: z.string(),
        register: z.string(),
        ...figure,
        at: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Power' });

export type PowerAnswer = z.infer<typeof powerSchema>;
type PointPower = PowerAnswer['points'][number];

/** Watts as kW with two decimals, half up. */
export const kilowatts = (watts: number): string => {
  const hundredths = Math.floor((watts + 5) / 10);
  const text = String(Math.abs(hundredths)).padStart(3, '0');
  return `${hundredths < 0 ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
};

/**
 * Power of the main points of electricity. A meter behind current transformers shows its power before them, like its
 * energy, so the mounting's multiplier applies to both. Late, silent and missing registers count as not answering.
 */
export function powerNow(registry: Registry, live: readonly LiveAnswer[], now: number): PowerAnswer {
  const byRegister = new Map(live.map((one) => [`${one.device}/${one.register}`, one]));
  const mains = registry.points.filter(
    (point) => point.carrier === 'electricity' && point.role === 'main' && point.ended === undefined,
  );
  const rows = mains.map(({ id, premises = null }): MainPower => {
    const mounting = registry.mountings.find((one) => one.point === id && isMounted(one, now));
    const register = mounting && powerRegister(registry, mounting);
    if (mounting === undefined || register === undefined) return { premises };
    const state = byRegister.get(`${mounting.device}/${register}`);
    const watts =
      state?.state === 'live' && state.value !== null
        ? possible(Math.round(timesFloor(state.value, mounting.multiplier) / 1_000))
        : null;
    const power: PointPower = {
      point: id,
      device: mounting.device,
      register,
      watts,
      display: watts === null ? null : kilowatts(watts),
      at: state?.at ?? null,
    };
    return { premises, power };
  });
  const places = [...new Set(rows.map(({ premises }) => premises))];
  return {
    at: formatInstant(now, zoneOf(registry.site.zone)),
    displayUnit: 'kW',
    ...(({ watts, display, ...counts }) => ({ total: { watts, display }, ...counts }))(sum(rows)),
    premises: places.map((id) => ({ id, ...sum(rows.filter(({ premises }) => premises === id)) })),
    points: rows.flatMap(({ power }) => power ?? []),
  };
}

/** A gauge of garbage times its ratio is no power: no answer could carry it. */
const possible = (watts: number): number | null => (Number.isSafeInteger(watts) ? watts : null);

/** Of a main point; without power where no register of its meter tells it. */
interface MainPower {
  readonly premises: string | null;
  readonly power?: PointPower;
}

function sum(rows: readonly MainPower[]): {
  readonly watts: number | null;
  readonly display: string | null;
  readonly answering: number;
  readonly of: number;
} {
  const known = rows.flatMap(({ power }) => power?.watts ?? []);
  const watts = known.length === 0 ? null : possible(known.reduce((a, b) => a + b, 0));
  return { watts, display: watts === null ? null : kilowatts(watts), answering: known.length, of: rows.length };
}

const isMounted = ({ mountedAt, removedAt }: Mounting, now: number): boolean =>
  (mountedAt ?? -Infinity) <= now && now < (removedAt ?? Infinity);

/** The power register beside an energy register: p2 beside e2; else the first gauge in milliwatts. */
function powerRegister(registry: Registry, { device, register }: Mounting): string | undefined {
  const gauges = (registry.devices.find(({ id }) => id === device)?.registers ?? []).filter(
    ({ kind, unit }) => kind === 'gauge' && unit === 'mW',
  );
  const beside = gauges.find(({ name }) => name === register.replace(/^e/, 'p'));
  return (beside ?? gauges[0])?.name;
}

/** What one message of the live stream carries. */
export const liveMessageSchema = z
  .strictObject({ registers: z.array(shownRegisterSchema).readonly(), power: powerSchema })
  .meta({ id: 'LiveMessage' });
export type LiveMessage = z.infer<typeof liveMessageSchema>;
