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

/** A real Apache Kafka broker (KRaft, one node), started from its Maven artifacts with the machine's Java. */
const KAFKA = '4.4.0';
const SCALA = '2.13';
const LOG4J = '2.25.5';
const CACHE = fileURLToPath(new URL(`../../node_modules/.cache/kafka-${KAFKA}`, import.meta.url));
const START_MS = 60_000;

export interface KafkaBroker {
  /** `127.0.0.1:port`; the same after a restart. */
  readonly brokers: readonly string[];
  readonly stop: () => Promise<void>;
  /** SIGKILL: no goodbye. */
  readonly kill: () => Promise<void>;
  /** Starts again on the same data and port. */
  readonly restart: () => Promise<void>;
  /** Stops, and removes the data. */
  readonly remove: () => Promise<void>;
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
  const lib = await installKafka();
  const [port, controller] = [await freePort(), await freePort()];
  const data = mkdtempSync(join(tmpdir(), 'kafka-'));
  const properties = join(data, 'server.properties');
  writeFileSync(properties, serverProperties(data, port, controller));
  await java(lib, [
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    `--cluster-id=${clusterId()}`,
    '-c',
    properties,
  ]);
  let broker = await startBroker(lib, data, port);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (broker.exitCode !== null || broker.signalCode !== null) return;
    const exited = once(broker, 'exit');
    broker.kill(signal);
    const timer = setTimeout(() => broker.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(timer);
  };
  return {
    brokers: [`127.0.0.1:${port}`],
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      broker = await startBroker(lib, data, port);
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
const serverProperties = (data: string, port: number, controller: number): string => `
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(data, 'data')}
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
auto.create.topics.enable=false
`;
