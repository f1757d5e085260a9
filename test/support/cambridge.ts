import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { HOUR } from '#domain';
import type { Clock } from '#platform';
import type { CollectorPlan } from '../../collectors/contract.ts';
import { loadModels, resolveRegister } from '../../collectors/devices/index.ts';
import { type CheckedSite, checkSite } from '../../collectors/site/index.ts';
import type { Supervisor } from '../../collectors/supervisor.ts';
import { registerOf, type SeriesUnit, serveSeries } from '../../fixtures/simulator/index.ts';

/**
 * Electricity of five university buildings, 2016 to 2019, hourly in kWh and UTC (Langtry & Choudhary 2024, MIT), kept beside
 * the checkout and not part of it.
 */
const folder = new URL('../../../shared/data/cambridge/', import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, folder));

export const cambridgePresent = existsSync(pathOf('reference_sums.json'));
if (!cambridgePresent && process.env['CI'] === 'true') {
  throw new Error(`${pathOf('.')} is missing: in CI the real recordings must be there`);
}
export const cambridgeNote = cambridgePresent ? '' : ' (skipped: ../shared/data/cambridge is not there)';

/** The meter of each building: two ways to encode a counter, i64 in Wh and u32 in steps of 10 Wh. */
const CAMBRIDGE_MODELS = {
  b0: 'schneider-iem3000',
  b2: 'acrel-adl3000-dtsd1352',
  b25: 'acrel-adl3000-dtsd1352',
  b56: 'acrel-adl3000-dtsd1352',
  b118: 'acrel-adl3000-dtsd1352',
} as const;
type Building = keyof typeof CAMBRIDGE_MODELS;
export const BUILDINGS = ['b0', 'b2', 'b25', 'b56', 'b118'] as const satisfies readonly Building[];

export const CAMBRIDGE_YEARS = [2016, 2017, 2018, 2019] as const;
/** From the first hour to the end of the last. */
export const CAMBRIDGE_SPAN = { from: Date.UTC(2016, 0, 1), to: Date.UTC(2020, 0, 1) };

type Sums<T> = Readonly<Record<string, T>>;
export interface CambridgeSums {
  readonly rows: number;
  readonly utc_year: Sums<{ readonly electricity_kwh: number }>;
  readonly london_year: Sums<{ readonly electricity_kwh: number }>;
  /** 2016-01 …: electricity (kWh), gas. */
  readonly london_month: Sums<readonly [number, number]>;
}
export const cambridgeReference = (): Readonly<Record<Building, CambridgeSums>> =>
  JSON.parse(readFileSync(pathOf('reference_sums.json'), 'utf8'));

/** The building's meter as the simulator serves it: its consumption summed to a register, in the face units of its model. */
function cambridgeUnit(building: Building): SeriesUnit {
  const model = loadModels().get(CAMBRIDGE_MODELS[building]);
  const register = model?.protocol === 'modbus' ? model.registers.find(({ name }) => name === 'e1') : undefined;
  if (!model || model.protocol !== 'modbus' || !register) throw new Error(`no model with a register e1: ${building}`);
  const { scale } = resolveRegister(register);
  const rows = gunzipSync(readFileSync(pathOf(`${building}_hourly_2016_2019.csv.gz`)))
    .toString('utf8')
    .trim()
    .split('\n');
  const amounts = rows.slice(1).map((row) => {
    const [at = '', amount = ''] = row.split(',');
    return { at: Date.parse(at), amount };
  });
  return { unit: 1, model, registers: { e1: registerOf(amounts, HOUR, (1_000 * scale.den) / scale.num) } };
}

export const cambridgeUnits = (): Readonly<Record<Building, SeriesUnit>> => ({
  b0: cambridgeUnit('b0'),
  b2: cambridgeUnit('b2'),
  b25: cambridgeUnit('b25'),
  b56: cambridgeUnit('b56'),
  b118: cambridgeUnit('b118'),
});

/** Each building on a line of its own, read each hour. */
export function cambridgeSite(
  portOf: (building: Building) => number = (building) => 502 + BUILDINGS.indexOf(building),
): CheckedSite {
  const list = (line: (building: Building) => string): string => BUILDINGS.map((b) => `  - ${line(b)}`).join('\n');
  const text = `
site: { id: cambridge, name: Cambridge, zone: Europe/London, slot: 60 min }
institutions: [{ id: university, name: University }]
connections:
${list((b) => `{ id: line-${b}, kind: modbus-tcp, host: 127.0.0.1, port: ${portOf(b)}, timeout: 10 s, pause: 0 ms }`)}
devices:
${list((b) => `{ id: dev-${b}, connection: line-${b}, model: ${CAMBRIDGE_MODELS[b]}, unit: 1, interval: 60 min }`)}
points:
${list((b) => `{ id: p-${b}, name: ${b}, carrier: electricity, role: main, institution: university, meters: [{ serial: ${b}, device: dev-${b}, register: e1, rating: { current: 5000 A, voltage: 230 V, phases: 3 } }] }`)}
`;
  const checked = checkSite(text, { file: 'cambridge.yaml', models: loadModels(), resolveRegister });
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked;
}

/**
 * Serves the five meters by the simulator and reads each full hour of the year, its end included, by the collectors that
 * `collect` makes of a plan: each line under a clock of its own.
 */
export async function readYear(
  year: number,
  units: Readonly<Record<Building, SeriesUnit>>,
  collect: (plan: CollectorPlan, clock: Clock) => Promise<Supervisor>,
): Promise<{ readonly requests: number }> {
  const lines = await Promise.all(
    BUILDINGS.map(async (building) => {
      const clock = hourClock(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
      return { building, clock, server: await serveSeries({ clock, units: [units[building]] }) };
    }),
  );
  const { plan } = cambridgeSite((building) => lines.find((line) => line.building === building)?.server.port ?? 0);
  await Promise.all(
    lines.map(async ({ building, clock }) =>
      (await collect(onlyLine(plan, `line-${building}`), clock)).run(clock.ended),
    ),
  );
  await Promise.all(lines.map(({ server }) => server.close()));
  return { requests: lines.reduce((sum, { server }) => sum + server.requests(), 0) };
}

const onlyLine = ({ site, connections, devices }: CollectorPlan, id: string): CollectorPlan => ({
  site,
  connections: connections.filter((connection) => connection.id === id),
  devices: devices.filter((device) => device.connection === id),
});

/**
 * A clock whose hand jumps from hour to hour, each time that its one user sleeps, however long that one's work takes. So a
 * collector that reads each hour reads once on each full hour. `ended` aborts after the hour `end`.
 */
function hourClock(start: number, end: number): Clock & { readonly ended: AbortSignal } {
  const over = new AbortController();
  let now = start;
  return {
    now: () => now,
    ended: over.signal,
    sleep: async (_ms, signal) => {
      signal?.throwIfAborted();
      if (now >= end) over.abort(new Error('the end of the recording'));
      else now += HOUR;
    },
  };
}
