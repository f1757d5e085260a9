import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Independent OPC UA servers: asyncua (Python, LGPL) and Eclipse Milo (Java, EPL), each brought from its registry once. */
const ASYNCUA = '2.1.0';
const MILO = '1.1.2';
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));
const VENV = join(CACHE, `asyncua-${ASYNCUA}`);
const JARS = join(CACHE, `milo-${MILO}`);
const HERE = import.meta.dirname;
const START_MS = 90_000;

export const SERVERS = ['asyncua', 'milo'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface ForeignOptions {
  readonly port: number;
  readonly namespace: string;
  readonly applicationUri: string;
  /** PEM files of the server. */
  readonly certificate: string;
  readonly key: string;
  /** Node id without namespace, and its type. */
  readonly nodes: Readonly<Record<string, 'Double' | 'Float' | 'UInt64'>>;
  /** None, Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss; those with security sign and encrypt. */
  readonly policies: readonly string[];
  readonly anonymous?: boolean;
  /** Name and password of the only user. */
  readonly user?: readonly [string, string];
  /** DER file of the only user certificate that is admitted. */
  readonly userCertificate?: string;
  /** Milo: the only certificate of an application that is trusted. */
  readonly trustedClient?: string;
  /** Values that an answer of HistoryRead has at most; none: no history is kept. `cut`: without a continuation point. */
  readonly history?: { readonly piece: number; readonly cut?: boolean };
  /** What every node was, and is, at the start: n at `from` + n × `step` (epoch ms) for n < `count`, the last of them now. */
  readonly filled?: { readonly from: number; readonly count: number; readonly step: number };
}

export interface ForeignServer {
  readonly endpoint: string;
  readonly process: ChildProcess;
  /** Gives a node a value (a number, as text) with source time (epoch ms) and status. */
  readonly value: (node: string, value: string, at: number, status?: number) => Promise<void>;
  /** Puts it into the history only. */
  readonly past: (node: string, value: string, at: number) => Promise<void>;
  /** asyncua: sets the server's clock off by so many ms. */
  readonly offset: (ms: number) => Promise<void>;
  readonly kill: () => Promise<void>;
}

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function whyNot(name: ServerName): string | undefined {
  if (name === 'asyncua') {
    return existsSync(VENV) || runs('python3', ['-c', 'import venv, ensurepip'])
      ? undefined
      : 'there is no Python with venv';
  }
  if (!runs('javac', ['-version'])) return 'there is no Java compiler (17 or newer)';
  return existsSync(JARS) || runs('mvn', ['-v']) ? undefined : 'there is no Maven';
}

/** For `describe.skipIf(skipServer(name))`: says so where it skips, throws in CI. */
export function skipServer(name: ServerName): boolean {
  const why = whyNot(name);
  if (!why) return false;
  if (process.env['CI']) throw new Error(`the tests against ${name} must run in CI, but ${why}`);
  process.stderr.write(`skipping the tests against ${name}: ${why}\n`);
  return true;
}

export const startForeign = async (name: ServerName, options: ForeignOptions): Promise<ForeignServer> =>
  control(name === 'asyncua' ? await startAsyncua(options) : await startMilo(options), options);

/** Brings the server and what it needs, once: for `beforeAll`, which has more time than a test. */
export async function bringForeign(name: ServerName): Promise<void> {
  if (name === 'asyncua') await bringAsyncua();
  else await miloClasspath(MILO_SOURCE);
}

const MILO_SOURCE = join(HERE, 'MiloServer.java');

const bringAsyncua = (): Promise<void> =>
  install(VENV, async (folder) => {
    await promisify(execFile)('python3', ['-m', 'venv', folder]);
    await promisify(execFile)(join(folder, 'bin/python'), ['-m', 'pip', 'install', '-q', `asyncua==${ASYNCUA}`]);
  });

/** Milo, and a server written with it, compiled once per source. */
export async function miloClasspath(source: string): Promise<string> {
  await install(JARS, async (folder) => {
    writeFileSync(join(folder, 'pom.xml'), POM);
    const args = ['-q', '-B', '-f', join(folder, 'pom.xml'), 'dependency:copy-dependencies'];
    await promisify(execFile)('mvn', [...args, `-DoutputDirectory=${join(folder, 'lib')}`], { timeout: 300_000 });
  });
  const classes = join(
    CACHE,
    `milo-server-${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)}`,
  );
  await install(classes, async (folder) => {
    await promisify(execFile)('javac', ['-cp', join(JARS, 'lib/*'), '-d', folder, source]);
  });
  return `${classes}:${join(JARS, 'lib/*')}`;
}

async function startAsyncua(options: ForeignOptions): Promise<ChildProcess> {
  await bringAsyncua();
  const policies = options.policies.map((policy) =>
    policy === 'None' ? 'NoSecurity' : `${policy.replaceAll('_', '')}_SignAndEncrypt`,
  );
  const told = {
    ...options,
    policies,
    users: Object.fromEntries(options.user ? [options.user] : []),
    anonymous: options.anonymous ?? true,
    history: options.history !== undefined,
    piece: options.history?.piece ?? 0,
    cut: options.history?.cut ?? false,
    filled: options.filled ?? { from: 0, count: 0, step: 0 },
  };
  const script = join(HERE, 'asyncua_server.py');
  return spawn(join(VENV, 'bin/python'), [script, JSON.stringify(told)], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function startMilo(options: ForeignOptions): Promise<ChildProcess> {
  const classpath = await miloClasspath(MILO_SOURCE);
  const { user, history, trustedClient, userCertificate, filled } = options;
  const told = {
    port: String(options.port),
    namespace: options.namespace,
    applicationUri: options.applicationUri,
    certificate: options.certificate,
    key: options.key,
    nodes: Object.entries(options.nodes)
      .map((entry) => entry.join(':'))
      .join(','),
    policies: options.policies.join(','),
    anonymous: options.anonymous === false ? 'no' : 'yes',
    history: history ? 'yes' : 'no',
    piece: String(history?.piece ?? 0),
    filled: [filled?.from ?? 0, filled?.count ?? 0, filled?.step ?? 0].join(','),
    ...(user ? { user: user[0], password: user[1] } : {}),
    ...(userCertificate ? { userCertificate } : {}),
    ...(trustedClient ? { trustedClient } : {}),
  };
  const args = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classpath];
  const words = Object.entries(told).map((entry) => entry.join('='));
  return spawn('java', [...args, 'MiloServer', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function control(child: ChildProcess, options: ForeignOptions): Promise<ForeignServer> {
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', onExit);
      resolve();
    });
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
  const waiting: (() => void)[] = [];
  if (child.stdout) createInterface(child.stdout).on('line', () => waiting.shift()?.());
  const answer = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server does not answer: ${complaint}`)), START_MS);
      waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
      void exited.then(() => {
        clearTimeout(timer);
        reject(new Error(`the server ended: ${complaint}`));
      });
    });
  const tell = (...words: readonly (string | number)[]): Promise<void> => {
    const answered = answer();
    child.stdin?.write(`${words.join('\t')}\n`);
    return answered;
  };
  await answer().catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    endpoint: `opc.tcp://127.0.0.1:${options.port}/test`,
    process: child,
    value: (node, value, at, status = 0) => tell('value', node, value, at, status),
    past: (node, value, at) => tell('past', node, value, at, 0),
    offset: (ms) => tell('offset', ms),
    kill,
  };
}

/** Makes a folder of the cache once, whole or not at all; a run that was faster is as good. */
async function install(folder: string, make: (fresh: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  try {
    await make(fresh);
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>civicmeter</groupId><artifactId>opcua</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.eclipse.milo</groupId><artifactId>milo-sdk-server</artifactId><version>${MILO}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version></dependency>
  </dependencies>
</project>
`;
