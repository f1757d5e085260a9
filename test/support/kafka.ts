import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

/** Real Apache Kafka brokers (KRaft), started from their Maven artifacts with the machine's Java. */
const KAFKA = '4.4.0';
const SCALA = '2.13';
const LOG4J = '2.25.5';
const CACHE = fileURLToPath(new URL(`../../node_modules/.cache/kafka-${KAFKA}`, import.meta.url));
const START_MS = 60_000;

/** One of them. */
export interface KafkaNode {
  readonly stop: () => Promise<void>;
  /** SIGKILL: no goodbye. */
  readonly kill: () => Promise<void>;
  /** Starts again on the same data and port. */
  readonly restart: () => Promise<void>;
}

interface Reachable {
  /** `127.0.0.1:port` of each; the same after a restart. */
  readonly brokers: readonly string[];
  /** Stops, and removes the data. */
  readonly remove: () => Promise<void>;
}

export interface KafkaBroker extends KafkaNode, Reachable {}

/** Each is broker and controller. */
export interface KafkaCluster extends Reachable {
  readonly nodes: readonly KafkaNode[];
}

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Why no broker can be started here, or nothing. In CI that is a failure of the run, elsewhere its tests are skipped. */
export function whyNoKafka(): string | undefined {
  if (!runs('java', ['-version'])) return 'no Java (17 or newer) is installed';
  if (!existsSync(join(CACHE, 'lib')) && !runs('mvn', ['-v']))
    return 'no Maven is installed, and no broker is in the cache';
  return undefined;
}

/** For `describe.skipIf(skipKafka())`: says so where it skips, throws in CI. */
export function skipKafka(): boolean {
  const why = whyNoKafka();
  if (!why) return false;
  if (process.env['CI']) throw new Error(`the tests against Kafka must run in CI, but ${why}`);
  process.stderr.write(`skipping the tests against Kafka: ${why}\n`);
  return true;
}

export async function startKafka(): Promise<KafkaBroker> {
  const { brokers, nodes, remove } = await startKafkaCluster(1);
  const [node] = nodes;
  if (!node) throw new Error('no broker');
  return { ...node, brokers, remove };
}

export async function startKafkaCluster(size: number): Promise<KafkaCluster> {
  const lib = await installKafka();
  const cluster = clusterId();
  const places: Place[] = [];
  for (let id = 1; id <= size; id++) places.push({ id, port: await freePort(), controller: await freePort() });
  const nodes = await Promise.all(places.map((place) => startNode(lib, cluster, place, places)));
  return {
    brokers: places.map(({ port }) => `127.0.0.1:${port}`),
    nodes,
    remove: async () => {
      await Promise.all(nodes.map((node) => node.remove()));
    },
  };
}

interface Place {
  readonly id: number;
  readonly port: number;
  readonly controller: number;
}

async function startNode(
  lib: string,
  cluster: string,
  place: Place,
  all: readonly Place[],
): Promise<KafkaNode & Pick<Reachable, 'remove'>> {
  const data = mkdtempSync(join(tmpdir(), 'kafka-'));
  const properties = join(data, 'server.properties');
  writeFileSync(properties, serverProperties(data, place, all));
  await java(lib, ['kafka.tools.StorageTool', 'format', `--cluster-id=${cluster}`, '-c', properties]);
  let broker = await startBroker(lib, data, place.port);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (broker.exitCode !== null || broker.signalCode !== null) return;
    const exited = once(broker, 'exit');
    broker.kill(signal);
    const timer = setTimeout(() => broker.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(timer);
  };
  return {
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      broker = await startBroker(lib, data, place.port);
    },
    remove: async () => {
      await end('SIGKILL');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function startBroker(lib: string, data: string, port: number): Promise<ChildProcess> {
  const output = join(data, 'broker.log');
  const log = openSync(output, 'a');
  const args = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(lib, '*')];
  const child = spawn('java', [...args, 'kafka.Kafka', join(data, 'server.properties')], {
    stdio: ['ignore', log, log],
    cwd: data,
  });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  for (const deadline = Date.now() + START_MS; !(await answers(port));) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the Kafka broker did not start:\n${readFileSync(output, 'utf8').slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const clusterId = (): string => randomBytes(16).toString('base64url');

const java = (lib: string, args: readonly string[]): Promise<unknown> =>
  promisify(execFile)('java', ['-XX:TieredStopAtLevel=1', '-cp', join(lib, '*'), ...args]);

/** Fetches the broker's jars once; they stay in node_modules/.cache. */
async function installKafka(): Promise<string> {
  const lib = join(CACHE, 'lib');
  if (existsSync(lib)) return lib;
  mkdirSync(CACHE, { recursive: true });
  const pom = join(CACHE, 'pom.xml');
  writeFileSync(pom, POM);
  const fresh = mkdtempSync(join(CACHE, 'fetch-'));
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${join(fresh, 'lib')}`];
  await promisify(execFile)('mvn', args, { timeout: 300_000 });
  try {
    renameSync(join(fresh, 'lib'), lib);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(lib)) throw error;
  }
  rmSync(fresh, { recursive: true, force: true });
  return lib;
}

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>civicmeter</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', `kafka_${SCALA}`, KAFKA)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J)}
  </dependencies>
</project>
`;

// The short session lets the broker take itself back at once after a kill; else it refuses itself for up to 15 s.
const serverProperties = (data: string, { id, port, controller }: Place, all: readonly Place[]): string => `
process.roles=broker,controller
node.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
controller.quorum.voters=${all.map((each) => `${each.id}@127.0.0.1:${each.controller}`).join(',')}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(data, 'data')}
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=${all.length}
transaction.state.log.replication.factor=${all.length}
transaction.state.log.min.isr=${Math.min(2, all.length)}
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
auto.create.topics.enable=false
`;
