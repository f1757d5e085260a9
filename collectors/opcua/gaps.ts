import { isMeteringError } from '#domain';
import type { CollectorContext, OpcUaConnection } from '../contract.ts';
import { deliverHeld } from '../deliver.ts';
import type { Buffer } from './buffer.ts';
import type { OpcUaDevice, OpcUaNode } from './device.ts';
import { GAP_FILLED, GAP_STAYS, GAP_WAITS } from './events.ts';
import { readHistory } from './history.ts';
import type { Placement, PlacedNode } from './placement.ts';
import type { Session } from './session.ts';

/** Source times of a node, epoch ms, both included, that no reading covers. */
export interface Gap {
  readonly node: OpcUaNode;
  readonly from: number;
  readonly to: number;
}

/** A slice of a gap is read and stored at once: a hundred intervals, within these bounds. */
const SLICE_INTERVALS = 100;
const SLICE_MS = { min: 10 * 60_000, max: 6 * 3_600_000 };
/** A server that gave no answer is asked again after this time. */
const RETRY_MS = 5 * 60_000;
/** Gaps that wait for a session long enough to fill them; more are joined into one. */
const MOST_GAPS = 50;

/** What was sent last of each node, before a session begins. */
export type Marks = ReadonlyMap<OpcUaNode, number>;

export const marksOf = (unit: OpcUaDevice): Marks =>
  new Map(
    unit.nodes.flatMap((node): readonly [OpcUaNode, number][] => {
      const at = unit.buffer.sentAt(node.register.name);
      return at === undefined ? [] : [[node, at]];
    }),
  );

/** Those of the nodes of which something has been sent since. */
export const movedOf = ({ buffer }: OpcUaDevice, marks: Marks): Marks =>
  new Map([...marks].filter(([node, at]) => buffer.sentAt(node.register.name) !== at));

/**
 * The times between what was sent before the break and what the first answer after it showed. A node that shows what was
 * sent last has not changed meanwhile: it has no gap.
 */
export function gapsSince(unit: OpcUaDevice, marks: Marks, now: number): readonly Gap[] {
  const opened = [...marks].map(([node, sent]): Gap => ({
    node,
    from: sent + 1,
    to: (unit.readAt.get(node) ?? now) - 1,
  }));
  return joined([...unit.gaps, ...opened.filter(({ from, to }) => from <= to)]);
}

function joined(gaps: readonly Gap[]): readonly Gap[] {
  if (gaps.length <= MOST_GAPS) return gaps;
  return [...Map.groupBy(gaps, ({ node }) => node)].map(([node, own]) => ({
    node,
    from: Math.min(...own.map(({ from }) => from)),
    to: Math.max(...own.map(({ to }) => to)),
  }));
}

/**
 * Fills the gaps of all devices from the server's history, oldest first, slice by slice; each slice is stored before the
 * next is asked for. What cannot be read now is tried again later, in the next session if this one ends. A server that keeps no history
 * leaves a gap: neither "unsupported" nor "no values" says that nothing was consumed.
 */
export async function fillGaps(
  session: Session,
  place: Placement,
  surroundings: { readonly connection: OpcUaConnection; readonly context: CollectorContext },
  ended: AbortSignal,
  stop: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    for (const [unit, placed] of place) {
      if (unit.gaps.length === 0 || ended.aborted) continue;
      try {
        await fillOne(session, unit, placed, surroundings, stop);
      } catch (error) {
        const [reason, detail] = isMeteringError(error) ? [error.code, error.message] : ['unknown', String(error)];
        const fields = { connection: surroundings.connection.id, device: unit.device.id, reason, detail };
        surroundings.context.telemetry.emit('opcuaGapWaits', GAP_WAITS, fields);
      }
    }
    if ([...place.keys()].every(({ gaps }) => gaps.length === 0)) return;
    await surroundings.context.clock.sleep(RETRY_MS, ended).catch(() => undefined);
  }
}

/** The whole of the device's gaps that begin first, its nodes side by side so that one source time is one frame. */
async function fillOne(
  session: Session,
  unit: OpcUaDevice,
  placed: readonly PlacedNode[],
  { connection, context }: { readonly connection: OpcUaConnection; readonly context: CollectorContext },
  stop: AbortSignal,
): Promise<void> {
  const begin = Math.min(...unit.gaps.map(({ from }) => from));
  const until = Math.max(...unit.gaps.map(({ to }) => to));
  const names = { connection: connection.id, device: unit.device.id };
  const reasons = new Set<string>();
  const refused = new Set<OpcUaNode>();
  let values = 0;
  const buffer = unit.newBuffer();
  for (let from = begin; from <= until; from += sliceOf(unit)) {
    const to = Math.min(until, from + sliceOf(unit) - 1);
    for (const gap of unit.gaps.filter(({ node }) => !refused.has(node))) {
      const reason = await readSlice(session, unit, placed, gap, from, to, buffer);
      if (reason === undefined) continue;
      reasons.add(reason);
      refused.add(gap.node);
    }
    const frames = buffer.takeAll();
    values += frames.reduce((sum, { r }) => sum + r.length, 0);
    if (frames.length > 0) await deliverHeld(frames, connection.id, context, stop);
    unit.gaps = unit.gaps.flatMap((gap) => (gap.to <= to ? [] : [{ ...gap, from: Math.max(gap.from, to + 1) }]));
  }
  const span = { from: new Date(begin).toISOString(), to: new Date(until).toISOString() };
  if (values > 0) context.telemetry.emit('opcuaGapFilled', GAP_FILLED, { ...names, ...span, values });
  if (values === 0 || reasons.size > 0) {
    const reason = [...reasons].join(', ') || 'no values';
    context.telemetry.emit('opcuaGapStays', GAP_STAYS, { ...names, ...span, reason });
  }
}

async function readSlice(
  session: Session,
  unit: OpcUaDevice,
  placed: readonly PlacedNode[],
  gap: Gap,
  from: number,
  to: number,
  buffer: Buffer,
): Promise<string | undefined> {
  const nodeId = placed.find(({ node }) => node === gap.node)?.nodeId;
  const span = { from: Math.max(from, gap.from), to: Math.min(to, gap.to) };
  if (nodeId === undefined || span.from > span.to) return undefined;
  return readHistory(session.history, { nodeId, ...span }, (sample) => {
    const reading = unit.judge(gap.node, sample);
    if (typeof reading !== 'string') buffer.put(reading);
  });
}

const sliceOf = ({ device }: OpcUaDevice): number =>
  Math.min(SLICE_MS.max, Math.max(SLICE_MS.min, SLICE_INTERVALS * device.intervalMs));
