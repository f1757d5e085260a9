import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import type { FrameDraft } from '#domain';
import { type Clock, createTelemetry, systemClock, type Telemetry } from '#platform';
import type { CollectorContext, ConnectedDevice, ModbusConnection } from '../../collectors/contract.ts';
import { createModbusCollector, type OpenTransport } from '../../collectors/modbus/index.ts';
import { litres, modbusModel } from './modbus-model.ts';
import { wordOf } from './modbus-server.ts';
import { generator } from './random.ts';

/** A line with a fault server on it: how its collector reaches it, and when the server has nothing more to say. */
export interface StormLine {
  readonly connection: ModbusConnection;
  readonly open?: OpenTransport | undefined;
  readonly isIdle: () => boolean;
  readonly close: () => Promise<void>;
}

/** Whether the servers misbehave now, and how often each of their faults struck. */
export interface Weather {
  stormy: boolean;
  readonly faults: Map<string, number>;
}

export interface StormPlan {
  readonly lines: number;
  readonly line: (index: number, value: typeof wordOf, weather: Weather, random: () => number) => Promise<StormLine>;
  readonly polls: number;
  /** How often the faults end, so that it is seen how soon all is read again. */
  readonly calms: number;
  /** Where time is not the machine's: lets it pass until the condition holds. */
  readonly driven?:
    | { readonly clock: Clock; readonly runUntil: (condition: () => boolean) => Promise<void> }
    | undefined;
  readonly seed?: number | undefined;
}

export interface StormOutcome {
  /** Polls that gave a frame, and their values, while it stormed. */
  readonly polls: number;
  readonly values: number;
  /** Values that are not those of the register that they were delivered for. */
  readonly misattributed: number;
  /** After a fault's end: devices that were not read whole within a round. */
  readonly notReadAgain: readonly string[];
  readonly calms: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly foreign: number;
  readonly reopened: number;
}

const UNITS = [1, 2, 3, 4, 5, 6];
/** Registers of the same shape side by side: an answer to another request would be taken for this one's. */
const MODEL = modbusModel([litres('a', 0, 'u32'), litres('b', 100, 'u32'), litres('c', 200, 'u32')], { maxWords: 4 });
const UNIT_BACKOFF = { minMs: 1, maxMs: 4 };
const LINE_BACKOFF = { minMs: 1, maxMs: 4 };
const SALT = 7_919;
/** A machine that stood still for so long may have missed a reply: what was seen meanwhile proves nothing. */
const STOOD_STILL_MS = 20;
const CALM_ATTEMPTS = 20;

/** What one line has delivered. */
interface Tally {
  /** While it stormed. */
  polls: number;
  values: number;
  misattributed: number;
  /** Since the calm began. */
  framesOfCalm: number;
  failuresOfCalm: number;
  readonly wholeAfter: Map<string, number>;
}

/** Polls until the number is reached, in storms with calms between; each value tells line, unit, function and address. */
export async function storm(plan: StormPlan): Promise<StormOutcome> {
  const weather: Weather = { stormy: true, faults: new Map() };
  const clock = plan.driven?.clock ?? systemClock;
  const until = plan.driven?.runUntil ?? waitUntil;
  const stop = new AbortController();
  const inner = createTelemetry(pino({ enabled: false }));
  const all = await Promise.all(
    Array.from({ length: plan.lines }, async (_, index) => {
      const random = generator((plan.seed ?? 1) * 1_000 + index);
      const value = valueOn(index);
      const line = await plan.line(index, value, weather, random);
      const tally: Tally = newTally();
      const context = contextOf(tally, weather, value, inner, clock, generator(index + 500));
      const devices = UNITS.map((unit): ConnectedDevice => ({
        id: `m${unit}`,
        connection: line.connection.id,
        model: MODEL.id,
        intervalMs: 1,
        unit,
      }));
      const collector = createModbusCollector(line.connection, devices, new Map([[MODEL.id, MODEL]]), context, {
        unitBackoff: UNIT_BACKOFF,
        lineBackoff: LINE_BACKOFF,
        open: line.open,
      });
      return { line, tally, collector, ended: collector.run(stop.signal) };
    }),
  );
  const sum = (of: (tally: Tally) => number): number => all.reduce((total, { tally }) => total + of(tally), 0);
  const notReadAgain: string[] = [];
  for (let calm = 1; calm <= plan.calms; calm++) {
    weather.stormy = true;
    await until(() => sum(({ polls }) => polls) >= (plan.polls * calm) / plan.calms);
    weather.stormy = false;
    await until(() => all.every(({ line }) => line.isIdle()));
    await clockPasses(clock, until, UNIT_BACKOFF.maxMs + 1);
    notReadAgain.push(...(await readAgain(all, until, plan.driven === undefined)));
  }
  await until(() => sum(({ polls }) => polls) >= plan.polls);
  stop.abort();
  let ended = false;
  void Promise.all(all.map((one) => one.ended)).then(() => {
    ended = true;
  });
  await until(() => ended);
  for (const { line } of all) await line.close();
  return {
    polls: sum(({ polls }) => polls),
    values: sum(({ values }) => values),
    misattributed: sum(({ misattributed }) => misattributed),
    notReadAgain,
    calms: plan.calms,
    faults: Object.fromEntries(weather.faults),
    foreign: all.reduce((total, { collector }) => total + (collector.health().foreignReplies ?? 0), 0),
    reopened: all.reduce((total, { collector }) => total + collector.health().reopened, 0),
  };
}

/** Draws a fault for some of a thousand requests while it storms, and counts it. */
export function drawing<A>(
  table: readonly (readonly [name: string, perThousand: number, answer: (random: () => number) => A])[],
  good: A,
  weather: Weather,
  random: () => number,
): () => A {
  return () => {
    if (!weather.stormy) return good;
    let n = random() * 1_000;
    for (const [name, perThousand, answer] of table) {
      n -= perThousand;
      if (n >= 0) continue;
      weather.faults.set(name, (weather.faults.get(name) ?? 0) + 1);
      return answer(random);
    }
    return good;
  };
}

/** Unlike on any other line, so that a reply of another line would show as well. */
const valueOn =
  (line: number): typeof wordOf =>
  (unit, fc, address) =>
    (wordOf(unit, fc, address) + line * SALT) & 0xffff;

const newTally = (): Tally => ({
  polls: 0,
  values: 0,
  misattributed: 0,
  framesOfCalm: 0,
  failuresOfCalm: 0,
  wholeAfter: new Map(),
});

function contextOf(
  tally: Tally,
  weather: Weather,
  value: typeof wordOf,
  inner: Telemetry,
  clock: Clock,
  random: () => number,
): CollectorContext {
  const truths = new Map(
    UNITS.map((unit) => [
      `m${unit}`,
      new Map(
        MODEL.registers.map((r) => [r.name, value(unit, r.fc, r.address) * 65_536 + value(unit, r.fc, r.address + 1)]),
      ),
    ]),
  );
  const take = (frame: FrameDraft): void => {
    const truth = truths.get(frame.device);
    if (weather.stormy) tally.polls += 1;
    tally.framesOfCalm += 1;
    for (const [name, got] of frame.r) {
      if (weather.stormy) tally.values += 1;
      if (truth?.get(name) !== got) tally.misattributed += 1;
    }
    if (frame.r.length !== MODEL.registers.length) return;
    if (!tally.wholeAfter.has(frame.device)) tally.wholeAfter.set(frame.device, tally.framesOfCalm);
  };
  const emit: Telemetry['emit'] = (event) => {
    if (event === 'requestFailed') tally.failuresOfCalm += 1;
  };
  return {
    site: 'site-1',
    clock,
    random,
    telemetry: { ...inner, emit },
    deliver: async (frames) => frames.forEach(take),
  };
}

/**
 * From now on nothing fails: each device must be read whole within a round, and no request fail but one that was under
 * way. Where the machine itself stood still, the round is watched once more.
 */
async function readAgain(
  all: readonly { readonly line: StormLine; readonly tally: Tally }[],
  until: (condition: () => boolean) => Promise<void>,
  isReal: boolean,
): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt++) {
    for (const { tally } of all) {
      tally.framesOfCalm = 0;
      tally.failuresOfCalm = 0;
      tally.wholeAfter.clear();
    }
    const lag = monitorEventLoopDelay({ resolution: 5 });
    if (isReal) lag.enable();
    // one poll may have been under way when the round began
    await until(() =>
      all.every(({ tally }) => tally.framesOfCalm >= UNITS.length + 1 || tally.wholeAfter.size === UNITS.length),
    );
    lag.disable();
    const late = all.flatMap(({ line, tally }, i) => [
      ...UNITS.filter((unit) => !tally.wholeAfter.has(`m${unit}`)).map(
        (unit) => `${line.connection.id} ${i}: m${unit}`,
      ),
      ...(tally.failuresOfCalm > 1 ? [`${line.connection.id} ${i}: ${tally.failuresOfCalm} failures`] : []),
    ]);
    const stoodStill = isReal && lag.max / 1e6 > STOOD_STILL_MS;
    if (late.length === 0 || !stoodStill || attempt === CALM_ATTEMPTS) return late;
  }
}

async function clockPasses(clock: Clock, until: StormUntil, ms: number): Promise<void> {
  let passed = false;
  void clock.sleep(ms).then(() => {
    passed = true;
  });
  await until(() => passed);
}

type StormUntil = (condition: () => boolean) => Promise<void>;

const waitUntil: StormUntil = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
