import { randomBytes } from 'node:crypto';
import { onTestFailed } from 'vitest';
import { openKafkaLog } from '../../pipeline/log/kafka/log.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import type { KafkaBroker } from '../support/kafka.ts';
import { silentTelemetry } from '../support/postgres.ts';
import { type Course, openCourse } from './course.ts';
import { portOf, through } from './inside.ts';
import type { Load } from './load.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { startWorker, type WorkerProcess } from './worker.ts';

/** The least that a broker takes where nobody set it otherwise. */
export const SESSION_MS = 6_000;
export const CHECKPOINT_MS = 250;
export const PARTITIONS = 6;

/** A stream worker, and the line to its books. */
export interface Member {
  readonly proxy: Proxy;
  /** The process of now. */
  readonly worker: () => WorkerProcess;
  /** Starts another process after the last one ended. */
  readonly again: () => void;
  /** Events of all its processes. */
  readonly count: (event: string) => number;
}

/** What each worker last said, where a test fails: it may take hours to see it again. */
const tellIfFailed = (members: readonly Member[]): void =>
  onTestFailed(() => {
    for (const [i, { worker }] of members.entries())
      process.stdout.write(`--- worker ${i}, ${worker().running() ? 'runs' : 'has ended'}\n${worker().lastWords()}\n`);
  });

/** Stream workers over a topic of their own. */
export interface Fleet {
  readonly course: Course;
  readonly topic: string;
  readonly join: () => Promise<Member>;
  readonly members: readonly Member[];
  /** Every worker holds something; each partition is held. */
  readonly settled: () => boolean;
  readonly close: () => Promise<void>;
}

/** A topic of its own, and what is sent into it. */
export async function openTopic({ brokers }: Pick<KafkaBroker, 'brokers'>, load: Load, partitions = PARTITIONS) {
  const topicPrefix = `faults-${randomBytes(4).toString('hex')}`;
  const open = (partitionCount: number): Promise<FrameLog> =>
    openKafkaLog({
      brokers,
      topicPrefix,
      sessionMs: SESSION_MS,
      clock: systemClock,
      telemetry: silentTelemetry(),
      partitionCount,
    });
  const log = await open(partitions);
  const course = await openCourse({ load, log });
  return {
    topicPrefix,
    topic: `${topicPrefix}.frames`,
    /** The log once more, as of so many partitions. */
    open,
    log,
    course,
    close: async () => {
      await course.close();
      await log.close();
    },
  };
}

export async function openFleet(broker: KafkaBroker, load: Load, partitions = PARTITIONS): Promise<Fleet> {
  const { course, topic, topicPrefix, close } = await openTopic(broker, load, partitions);
  const common = { brokers: broker.brokers, topicPrefix, sessionMs: SESSION_MS };
  const members: Member[] = [];
  const join = async (): Promise<Member> => {
    const proxy = await startProxy(portOf(course.dsn));
    const settings = { ...common, dsn: through(course.dsn, proxy), partitions, checkpointMs: CHECKPOINT_MS };
    const workers: WorkerProcess[] = [startWorker(settings)];
    const worker = (): WorkerProcess => {
      const last = workers.at(-1);
      if (!last) throw new Error('no worker');
      return last;
    };
    const member: Member = {
      proxy,
      worker,
      again: () => void workers.push(startWorker(settings)),
      count: (event) => workers.reduce((sum, each) => sum + each.count(event), 0),
    };
    members.push(member);
    return member;
  };
  tellIfFailed(members);
  return {
    course,
    topic,
    join,
    members,
    settled: () => members.every((member) => member.worker().count('committed') > 0),
    close: async () => {
      await Promise.all(members.map((member) => member.worker().end('SIGKILL')));
      await Promise.all(members.map(({ proxy }) => proxy.close()));
      await close();
    },
  };
}
