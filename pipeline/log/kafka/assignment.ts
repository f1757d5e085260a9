import type { Consumer, EachBatchPayload } from 'kafkajs';
import { noStart, offsetLost } from '../errors.ts';
import type { LogBounds, LogConsumerHandlers } from '../port.ts';
import { recordsOf } from './library.ts';
import type { SessionContext } from './session.ts';
import { fetchBounds, verifyTopic } from './topics.ts';

const VERIFY_BUSY_MS = 500;
const NOWHERE: LogBounds = { low: 0, high: 0 };

/**
 * The partitions that a member of the group holds, and where it stands in each. All that touches the handlers runs one
 * after the other (`serially`), and belongs to a generation: an assignment, a rebalance or a rejoin starts a new one, and
 * what is left of the old is dropped. A partition stays paused until SQL has said where to start, and the position is
 * compared with every batch, because the library resets an offset that is out of range silently.
 */
export class Assignment {
  readonly #context: SessionContext;
  readonly #consumer: Pick<Consumer, 'pause' | 'resume' | 'seek'>;
  readonly #handlers: LogConsumerHandlers;
  readonly #fail: (error: unknown) => void;
  #generation = 0;
  #assigned: readonly number[] = [];
  #held: readonly number[] = [];
  readonly #positions = new Map<number, number>();
  /** Where batches began that came too early or follow a hole, by partition. */
  readonly #ahead = new Map<number, number>();
  /** Partitions that had been read to their end. */
  readonly #idle = new Set<number>();
  #verifiedAt = 0;
  #ended = false;
  #last: Promise<void> = Promise.resolve();

  constructor(
    context: SessionContext,
    consumer: Pick<Consumer, 'pause' | 'resume' | 'seek'>,
    handlers: LogConsumerHandlers,
    fail: (error: unknown) => void,
  ) {
    this.#context = context;
    this.#consumer = consumer;
    this.#handlers = handlers;
    this.#fail = fail;
  }

  /** The group gave these partitions; all that was held before is given up first. */
  assign(partitions: readonly number[]): void {
    if (this.#ended) return;
    const mine = ++this.#generation;
    const { topic, only } = this.#context;
    this.#assigned = partitions;
    if (partitions.length > 0) this.#consumer.pause([{ topic, partitions: [...partitions] }]);
    void this.#serially(() =>
      this.#take(
        mine,
        partitions.filter((partition) => only?.has(partition) ?? true),
      ),
    );
  }

  /** Gives up all and asks again where to start. */
  reassign(): void {
    this.assign(this.#assigned);
  }

  /** The group takes everything back. */
  revoke(): void {
    this.#generation++;
    void this.#serially(() => this.#release());
  }

  /** Nothing more is handed over or asked of the consumer; resolves when what is under way has ended. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#generation++;
    await this.#last;
  }

  /** Resolves when the batch was handled, or was found to be out of date. */
  handle(payload: EachBatchPayload): Promise<void> {
    const mine = this.#generation;
    return this.#serially(() => this.#hand(mine, payload));
  }

  #serially(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch(this.#fail);
    return this.#last;
  }

  async #release(): Promise<void> {
    const lost = this.#held;
    this.#held = [];
    this.#positions.clear();
    this.#ahead.clear();
    this.#idle.clear();
    if (lost.length > 0) await this.#handlers.revoked(lost);
  }

  async #take(mine: number, partitions: readonly number[]): Promise<void> {
    const { admin, topic, opened, clock } = this.#context;
    await this.#release();
    if (mine !== this.#generation || partitions.length === 0) return;
    await verifyTopic(admin, topic, opened, clock);
    this.#held = partitions;
    const starts = await this.#handlers.assigned(partitions);
    const bounds = await fetchBounds(admin, topic, clock);
    for (const partition of partitions) this.#positions.set(partition, startOf(topic, partition, starts, bounds));
    if (mine !== this.#generation) return;
    for (const [partition, position] of this.#positions) this.#seek(partition, position);
    this.#consumer.resume([{ topic, partitions: [...partitions] }]);
    for (const [partition, position] of this.#positions) {
      if (position === bounds.get(partition)?.high) await this.#caughtUp(partition);
    }
  }

  async #hand(mine: number, payload: EachBatchPayload): Promise<void> {
    const { partition, messages, highWatermark } = payload.batch;
    const position = this.#positions.get(partition);
    const last = messages.at(-1);
    if (mine !== this.#generation || position === undefined || !last) return;
    await this.#verify(partition);
    const records = recordsOf(partition, messages, position);
    const found = records[0]?.offset;
    if (found !== position) await refuseReset(this.#context, partition, position);
    // One ahead may have been fetched for the assignment before, which had read on from what it never committed: what lies between would be passed
    // over. It is a hole only if it comes again after the position was asked for anew.
    const isAhead = found !== undefined && found > position && this.#ahead.get(partition) !== found;
    if (isAhead) this.#ahead.set(partition, found);
    if (found === undefined || isAhead) return this.#seek(partition, position);
    await this.#handlers.records(partition, records);
    if (mine !== this.#generation) return;
    const next = Number(last.offset) + 1;
    this.#positions.set(partition, next);
    payload.resolveOffset(last.offset);
    if (next >= Number(highWatermark)) await this.#caughtUp(partition);
  }

  async #caughtUp(partition: number): Promise<void> {
    this.#idle.add(partition);
    await this.#handlers.caughtUp?.(partition);
  }

  #seek(partition: number, offset: number): void {
    this.#consumer.seek({ topic: this.#context.topic, partition, offset: String(offset) });
  }

  /**
   * A topic made anew answers a fetch as if nothing had happened. After a wait, when that could have been, each batch is
   * preceded by a look at the topic; while draining two looks a second do, as no topic fills up to our position in between.
   */
  async #verify(partition: number): Promise<void> {
    const { admin, topic, opened, clock } = this.#context;
    const now = clock.now();
    if (!this.#idle.delete(partition) && Math.abs(now - this.#verifiedAt) < VERIFY_BUSY_MS) return;
    await verifyTopic(admin, topic, opened, clock);
    this.#verifiedAt = now;
  }
}

function startOf(
  topic: string,
  partition: number,
  starts: ReadonlyMap<number, number>,
  bounds: ReadonlyMap<number, LogBounds>,
): number {
  const start = starts.get(partition);
  const bound = bounds.get(partition) ?? NOWHERE;
  if (start === undefined) throw noStart(topic, partition);
  if (start < bound.low || start > bound.high) throw offsetLost(topic, partition, start, bound);
  return start;
}

/** A batch that does not begin where the last ended is a reset, unless the offset asked for is still there: then it is a hole. */
async function refuseReset(
  { admin, topic, clock }: SessionContext,
  partition: number,
  position: number,
): Promise<void> {
  const bounds = (await fetchBounds(admin, topic, clock)).get(partition) ?? NOWHERE;
  if (position < bounds.low || position > bounds.high) throw offsetLost(topic, partition, position, bounds);
}
