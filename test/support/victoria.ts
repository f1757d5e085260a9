import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** VictoriaMetrics from Debian's package: takes InfluxDB's line protocol, gives everything back through its export. */
export interface Victoria {
  readonly url: string;
  /** What it holds of a series, ascending by time: [epoch ms, value]. */
  readonly exported: (labels: Readonly<Record<string, string>>) => Promise<readonly (readonly [number, number])[]>;
  readonly stop: () => Promise<void>;
  /** On the same port; on the same data unless it is to have lost them. */
  readonly start: (more?: { readonly empty: boolean }) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** For `describe.skipIf(skipVictoria())`: says so where it skips, throws in CI. */
export function skipVictoria(): boolean {
  if (spawnSync('victoria-metrics', ['--version']).error === undefined) return false;
  if (process.env['CI']) throw new Error('the tests of the historian must run in CI, but victoria-metrics is missing');
  process.stderr.write('skipping the tests of the historian: victoria-metrics is not installed\n');
  return true;
}

export async function startVictoria(): Promise<Victoria> {
  const folder = mkdtempSync(join(tmpdir(), 'victoria-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let data = 0;
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  const start = async ({ empty } = { empty: false }): Promise<void> => {
    if (empty) data += 1;
    const path = join(folder, `data-${data}`);
    const args = [
      `-storageDataPath=${path}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-memory.allowedBytes=128MB',
      '-loggerLevel=ERROR',
    ];
    const started = spawn('victoria-metrics', args, { stdio: 'ignore' });
    child = started;
    process.once('exit', () => started.kill('SIGKILL'));
    for (const deadline = Date.now() + 30_000; !(await isUp(url));) {
      if (Date.now() > deadline || started.exitCode !== null) throw new Error('victoria-metrics did not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await start();
  return {
    url,
    start,
    stop,
    exported: async (labels) => {
      await fetch(`${url}/internal/force_flush`);
      const match = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      const query = new URLSearchParams({ 'match[]': `{${match.join(',')}}`, start: '0' });
      const text = await (await fetch(`${url}/api/v1/export?${query.toString()}`)).text();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map(
          (line) => JSON.parse(line) as { readonly values: readonly number[]; readonly timestamps: readonly number[] },
        )
        .flatMap(({ values, timestamps }) => timestamps.map((at, i) => [at, values[i] ?? NaN] as const))
        .toSorted(([a], [b]) => a - b);
    },
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isUp = async (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    (answer) => answer.ok,
    () => false,
  );
