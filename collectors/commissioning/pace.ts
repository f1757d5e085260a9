import { MAX_WORDS } from '../devices/index.ts';
import { reasonOf } from '../modbus/report.ts';
import type { ReadRequest, ReadResult } from '../modbus/transport.ts';
import type { Ask } from './session.ts';

/** How fast a unit answers. */
export interface Timing {
  readonly requests: number;
  readonly answered: number;
  readonly minMs: number | null;
  readonly medianMs: number | null;
  readonly maxMs: number | null;
  /** Why requests were not answered, and how often. */
  readonly failures: Readonly<Record<string, number>>;
}

/** The longest request from one address on that a unit takes. */
export interface Largest {
  /** Null: not even one value. */
  readonly words: number | null;
  /** What it answers to more; null: it takes all that Modbus allows. */
  readonly beyond: string | null;
  readonly requests: number;
}

/** A request that the unit takes: a whole value. */
type Place = ReadRequest;

/** Sends it `times` times. */
export async function timeReplies(
  ask: Ask,
  place: Place,
  times: number,
  stopped: () => boolean,
  report: (done: number) => void,
): Promise<Timing> {
  const durations: number[] = [];
  const failures: Record<string, number> = {};
  let requests = 0;
  while (requests < times && !stopped()) {
    const { result, ms } = await ask(place);
    if (stopped()) break;
    requests += 1;
    if (result.ok) durations.push(ms);
    else failures[reasonOf(result.fault)] = (failures[reasonOf(result.fault)] ?? 0) + 1;
    report(requests);
  }
  const sorted = durations.sort((a, b) => a - b);
  return {
    requests,
    answered: sorted.length,
    minMs: sorted[0] ?? null,
    medianMs: medianOf(sorted),
    maxMs: sorted.at(-1) ?? null,
    failures,
  };
}

function medianOf(sorted: readonly number[]): number | null {
  const [below, above] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return below === undefined || above === undefined ? null : (below + above) / 2;
}

/**
 * Halves its way down from what Modbus allows, by whole values of the length of the request: a device takes every request that
 * is shorter than one that it takes. What it refuses may be the length or an address at the end of it. Silence is asked
 * twice before it is taken for a no.
 */
export async function largestRequest(ask: Ask, place: Place, stopped: () => boolean): Promise<Largest> {
  const most = Math.floor(Math.min(MAX_WORDS, ADDRESSES - place.address) / place.words);
  let [taken, refused] = [0, most + 1];
  let beyond: string | null = null;
  let requests = 0;
  for (let values = most; refused - taken > 1 && !stopped(); values = (taken + refused) >> 1) {
    const { result, asked } = await askTwice(ask, { ...place, words: values * place.words });
    requests += asked;
    if (stopped()) break;
    if (result.ok) taken = values;
    else [refused, beyond] = [values, reasonOf(result.fault)];
  }
  return { words: taken === 0 ? null : taken * place.words, beyond, requests };
}

const ADDRESSES = 65_536;

async function askTwice(
  ask: Ask,
  request: ReadRequest,
): Promise<{ readonly result: ReadResult; readonly asked: number }> {
  const { result } = await ask(request);
  if (result.ok || result.fault.kind === 'exception') return { result, asked: 1 };
  return { result: (await ask(request)).result, asked: 2 };
}
