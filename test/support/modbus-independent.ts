import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Modbus servers that others have written: libmodbus (C, Debian's package) and pymodbus (PyPI). */
const PYMODBUS = '3.16.1';
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/modbus');
const C_SOURCE = join(import.meta.dirname, 'modbus-libmodbus.c');
const PYTHON_SOURCE = join(import.meta.dirname, 'modbus-pymodbus.py');
const HEADER = '/usr/include/modbus/modbus.h';
const START_MS = 20_000;

export interface IndependentServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const whyNoLibmodbus = (): string | undefined => {
  if (!runs('gcc', ['--version'])) return 'no gcc is installed';
  return existsSync(HEADER) ? undefined : 'libmodbus-dev is not installed';
};
const whyNoSocat = (): string | undefined => (runs('socat', ['-V']) ? undefined : 'no socat is installed');
const whyNoPymodbus = (): string | undefined =>
  existsSync(venv()) || runs('python3', ['-c', 'import venv, ensurepip'])
    ? undefined
    : 'no python3 with venv is installed';

/** For `describe.skipIf(…)`: says so where it skips, throws in CI. */
function skip(what: string, ...reasons: readonly (string | undefined)[]): boolean {
  const why = reasons.find((reason) => reason !== undefined);
  if (why === undefined) return false;
  if (process.env['CI']) throw new Error(`the tests against ${what} must run in CI, but ${why}`);
  process.stderr.write(`skipping the tests against ${what}: ${why}\n`);
  return true;
}

export const skipLibmodbus = (): boolean => skip('libmodbus', whyNoLibmodbus());
export const skipSerial = (): boolean => skip('libmodbus on a pseudo-terminal', whyNoLibmodbus(), whyNoSocat());
export const skipPseudoTerminals = (): boolean => skip('pseudo-terminals', whyNoSocat());
export const skipPymodbus = (): boolean => skip('pymodbus', whyNoPymodbus());

export const startLibmodbus = (): Promise<IndependentServer> => started(spawn(compiled(), ['tcp']));
/** On one end of a pair of pseudo-terminals, as unit 1. */
export const startLibmodbusOn = (device: string): Promise<IndependentServer> =>
  started(spawn(compiled(), ['rtu', device]));

/** RTU frames through a socket. */
export async function startPymodbus(): Promise<IndependentServer> {
  await installPymodbus();
  return started(spawn(join(venv(), 'bin/python'), [PYTHON_SOURCE]));
}

export interface SerialPair {
  readonly ours: string;
  readonly theirs: string;
  /** The adapter is pulled out. */
  readonly end: () => Promise<void>;
}

/** Two serial ports with a cable between them: pseudo-terminals, by socat. */
export async function serialPair(): Promise<SerialPair> {
  const folder = mkdtempSync(join(tmpdir(), 'serial-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const child = spawn(
    'socat',
    [ours, theirs].map((link) => `pty,raw,echo=0,link=${link}`),
    { stdio: 'ignore' },
  );
  await waitFor(() => existsSync(ours) && existsSync(theirs), 'the pseudo-terminals');
  const end = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { ours, theirs, end };
}

function compiled(): string {
  const hash = createHash('sha256').update(readFileSync(C_SOURCE)).digest('hex').slice(0, 16);
  const program = join(CACHE, `libmodbus-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync('gcc', ['-O1', '-o', fresh, C_SOURCE, '-lmodbus'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the libmodbus server does not compile:\n${stderr}`);
  renameSync(fresh, program);
  return program;
}

const venv = (): string => join(CACHE, `pymodbus-${PYMODBUS}`);

/** Once; it stays in node_modules/.cache. */
async function installPymodbus(): Promise<void> {
  if (existsSync(venv())) return;
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, `pymodbus-${PYMODBUS}.${process.pid}`);
  const run = promisify(execFile);
  await run('python3', ['-m', 'venv', lock]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `pymodbus==${PYMODBUS}`];
  await run(join(lock, 'bin/python'), pip, { timeout: 180_000 });
  renameSync(lock, venv());
}

/** A server says its port in its first line. */
async function started(child: ChildProcess): Promise<IndependentServer> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('the server has no output');
  let complaint = '';
  stderr.on('data', (data: Buffer) => {
    complaint += data.toString();
  });
  const [line]: unknown[] = await Promise.race([
    once(createInterface({ input: stdout }), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the server ended: ${complaint}`))),
    once(child, 'error').then(([error]) => Promise.reject(error as Error)),
  ]);
  return { port: Number(line), stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; !condition();) {
    if (Date.now() > deadline) throw new Error(`not within ${START_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
