import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCertificate } from '../../support/opcua/pki.ts';
import { miloClasspath } from '../../support/opcua/servers.ts';
import { ended, spawnOnCore } from '../cores.ts';
import { REGISTERS, TICK_MS, TICK_PHASE_MS, URI } from './site.ts';
import { freePort } from '../../support/free-port.ts';

export interface BenchServer {
  readonly endpoint: string;
  /** DER */
  readonly certificate: Buffer;
  /** Those at which it has changed all its nodes. */
  readonly ticks: () => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
}

/** The server of BenchServer.java on one core. `folder` is for its certificate. */
export async function startBenchServer(
  folder: string,
  core: number,
  seed: number,
  devices: number,
): Promise<BenchServer> {
  const applicationUri = 'urn:civicmeter:bench:server';
  const { certificate, key } = await makeCertificate(folder, { applicationUri });
  const port = await freePort();
  const options = {
    namespace: URI,
    devices,
    registers: REGISTERS,
    tick: TICK_MS,
    phase: TICK_PHASE_MS,
    seed,
    port,
    applicationUri,
    certificate,
    key,
  };
  const classpath = await miloClasspath(join(import.meta.dirname, 'BenchServer.java'));
  const words = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const memory = ['-Xms1g', '-Xmx1g', '-XX:+UseSerialGC'];
  const server = spawnOnCore(
    core,
    'java',
    [...memory, '-cp', classpath, 'BenchServer', ...words],
    ['pipe', 'pipe', 'inherit'],
  );
  const { line, ask, end } = talkTo(server);
  await line();
  return {
    endpoint: `opc.tcp://127.0.0.1:${port}/bench`,
    certificate: new X509Certificate(readFileSync(certificate)).raw,
    ticks: async () => {
      ask();
      return (await line()).split(' ').map(Number);
    },
    close: async () => {
      end();
      await ended(server);
    },
  };
}

function talkTo({ stdin, stdout }: ChildProcess): {
  readonly line: () => Promise<string>;
  readonly ask: () => void;
  readonly end: () => void;
} {
  if (!stdin || !stdout) throw new Error('the server has no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    line: async () => {
      const { value } = await lines.next();
      if (value === undefined) throw new Error('the server ended');
      return value;
    },
    ask: () => void stdin.write('\n'),
    end: () => void stdin.end(),
  };
}
