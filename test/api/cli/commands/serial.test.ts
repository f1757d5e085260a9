import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { planSchema, probeSchema, readSchema } from '../../../../api/cli/shapes-commissioning.ts';
import { filesOf } from '../../../../api/cli/wiring/data-folder.ts';
import { readGatewayStatus } from '../../../../api/cli/wiring/gateway-status.ts';
import { openSpool } from '../../../../collectors/spool/spool.ts';
import { cli, type CliRun, temporaryData } from '../../../support/cli.ts';
import {
  type IndependentServer,
  serialPair,
  type SerialPair,
  skipPseudoTerminals,
  skipSerial,
  startLibmodbusOn,
} from '../../../support/modbus-independent.ts';
import { until } from '../../../support/program.ts';

/** What libmodbus holds at 3:0 and 3:1 of unit 1 (0400 0401), and at 4:7 (0607), worked out by hand. */
const MODEL = `protocol: modbus
id: bench-em1
vendor: Bench
model: EM1
source: { document: test/support/modbus-libmodbus.c, confidence: A }
maxWords: 60
registers:
  - { name: e1, quantity: energy.import.total, kind: counter, carrier: electricity, unit: kWh, scale: '0.001', fc: 3, address: 0, type: u32, order: ABCD }
  - { name: p1, quantity: power.active.total, kind: gauge, unit: W, scale: '1', fc: 4, address: 7, type: u16, order: AB }
`;
const TRUTH = [
  ['e1', 67_109_889],
  ['p1', 1_543_000, 'g'],
];

let root: string;
beforeAll(() => {
  root = temporaryData('serial');
  mkdirSync(join(root, 'devices'));
  writeFileSync(join(root, 'devices', 'bench-em1.yaml'), MODEL);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (argv: readonly string[], data = 'data'): Promise<CliRun> => cli([...argv, '--data', join(root, data)]);

function siteFile(device: string): string {
  const file = join(root, 'site.yaml');
  writeFileSync(
    file,
    `site: { id: s, name: { zh: 站, en: Site }, zone: Asia/Shanghai }
institutions: [{ id: a, name: { zh: 局, en: Office } }]
connections: [{ id: bus, kind: modbus-rtu, device: ${device}, baud: 9600, parity: even, stopBits: 1, timeout: 300 ms }]
devices: [{ id: main, connection: bus, model: bench-em1, unit: 1, interval: 1 s }]
`,
  );
  return file;
}

describe.skipIf(skipSerial())('over a serial port, against libmodbus', () => {
  let pair: SerialPair;
  let server: IndependentServer;
  let line: readonly string[];
  beforeAll(async () => {
    pair = await serialPair();
    server = await startLibmodbusOn(pair.theirs);
    line = ['--serial', pair.ours, '--parity', 'even'];
  });
  afterAll(async () => {
    await server.stop();
    await pair.end();
  });

  test('a device is read with its values, words and the line that it is on', async () => {
    const { code, out } = await run(['read', 'main', '--site', siteFile(pair.ours), '--json']);
    expect(code).toBe(0);
    expect(readSchema.parse(JSON.parse(out))).toMatchObject({
      device: 'main',
      line: pair.ours,
      unit: 1,
      values: [
        { register: 'e1', value: '67109.889', unit: 'kWh', words: ['0400', '0401'] },
        { register: 'p1', value: '1543', unit: 'W', words: ['0607'] },
      ],
    });
  });

  test('a unit that is not there is silent, with what to look at', async () => {
    const said = await run(['read', ...line, '--unit', '7', '--model', 'eastron-sdm630', '--timeout-ms', '100']);
    expect(said).toMatchObject({ code: 4, out: '' });
    expect(said.err).toMatch(/unit 7 on .*ours is silent: no answer within 100 ms \[DEVICE_SILENT\]/);
  });

  test('a register is found by what the face shows, units by asking, the pace by timing', async () => {
    const probed = async (argv: readonly string[]) => {
      const { code, out } = await run(['probe', ...line, ...argv, '--json']);
      expect(code).toBe(0);
      return probeSchema.parse(JSON.parse(out));
    };
    expect(await probed(['--unit', '1', '--register', '3:0', '--expect', '67109.889'])).toMatchObject({
      candidates: expect.arrayContaining([expect.objectContaining({ type: 'u32', order: 'ABCD', scale: '0.001' })]),
    });
    expect(await probed(['--units', '1-3', '--timeout-ms', '100'])).toMatchObject({
      units: [
        { unit: 1, answer: 'answers' },
        { unit: 2, answer: 'silent' },
        { unit: 3, answer: 'silent' },
      ],
    });
    // four words at a time: 125 is no multiple of that
    expect(await probed(['--unit', '1', '--times', '5'])).toMatchObject({
      requests: 5,
      answered: 5,
      largest: { words: 124, beyond: null },
    });
  });

  test('a plan reckons with the characters of the port, and opens nothing', async () => {
    const { code, out } = await run(['plan', '--site', siteFile('/dev/tty-none'), '--json']);
    expect(code).toBe(0);
    expect(planSchema.parse(JSON.parse(out)).lines[0]).toMatchObject({ kind: 'modbus-rtu', verdict: 'holds' });
    expect((await run(['plan', '--site', siteFile('/dev/tty-none')])).out).toContain('9600 baud 8E1');
  });

  test('a gateway collects what stands in the meter; who else wants the port is refused, and changes nothing on it', async () => {
    const data = join(root, 'gateway');
    const stop = new AbortController();
    const running = collecting(data, pair.ours, stop.signal);
    await whileRunning(running, 'frames on disk', () => (readGatewayStatus(data)?.waiting.frames ?? 0) >= 3);
    const before = settingsOf(pair.ours);
    const odd = ['read', '--serial', pair.ours, '--parity', 'odd', '--stop-bits', '2', '--unit', '1'];
    const other = await runOutside([...odd, '--model', 'eastron-sdm630', '--data', join(root, 'data')]);
    expect(other).toMatchObject({ code: 4, err: expect.stringContaining('[SERIAL_PORT_BUSY]') });
    expect(settingsOf(pair.ours)).toBe(before);
    const own = await cli(['read', 'main', '--site', siteFile(pair.ours), '--data', data]);
    expect(own.err).toMatch(/\[LINE_IN_USE\]\n.*\n {2}cure: .*a serial port serves one alone/);
    expect((await cli(['status', '--data', data])).code).toBe(0);
    stop.abort();
    await running;
    expect(readGatewayStatus(data)?.lines).toMatchObject([{ address: pair.ours, problem: null }]);
    const spool = await openSpool({
      file: filesOf(data).spool,
      clock: systemClock,
      telemetry: createTelemetry(silentLogger()),
    });
    const frames = await spool.peek([0, 1_000]);
    await spool.close();
    expect(frames.length).toBeGreaterThanOrEqual(3);
    for (const { value } of frames) {
      expect(JSON.parse(Buffer.from(value).toString())).toMatchObject({ device: 'main', r: TRUTH });
    }
  });
});

/** `collect` in this process; the centre is not there, so that the frames stay. */
function collecting(data: string, device: string, signal: AbortSignal): Promise<CliRun> {
  writeFileSync(join(root, 'key'), `cmk_00000000_${'A'.repeat(43)}\n`);
  const where = ['--centre', 'https://127.0.0.1:1', '--key-file', join(root, 'key')];
  return cli(['collect', '--site', siteFile(device), ...where, '--data', data], { signal });
}

const whileRunning = (running: Promise<CliRun>, what: string, holds: () => boolean): Promise<void> =>
  Promise.race([
    until(what, holds, 30_000),
    running.then(({ err }) => Promise.reject(new Error(`the gateway ended: ${err}`))),
  ]);

const settingsOf = (port: string): string => spawnSync('stty', ['-F', port, '-a'], { encoding: 'utf8' }).stdout;

/** In a process of its own: as somebody else, where `uid` says so. */
async function runOutside(argv: readonly string[], uid?: number): Promise<CliRun> {
  const child = spawn(process.execPath, ['api/cli/main.ts', ...argv, '--lang', 'en'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += String(text)));
  child.stderr.on('data', (text: Buffer) => (said.err += String(text)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

/** Nobody in particular: owns nothing, is in no group. */
const NOBODY = 65_534;

/** Another user is wanted, who can read this checkout. */
function skipNobody(): boolean {
  const why =
    process.getuid?.() !== 0
      ? 'only root can become another user'
      : spawnSync('test', ['-r', 'package.json'], { uid: NOBODY, gid: NOBODY }).status === 0
        ? undefined
        : 'another user cannot read this checkout';
  if (why !== undefined) process.stderr.write(`skipping the tests of another user: ${why}\n`);
  return why !== undefined;
}

describe.skipIf(skipPseudoTerminals())('a serial port that does not open says why, where and what to do', () => {
  let pair: SerialPair;
  let holder: ChildProcess | undefined;
  beforeEach(async () => {
    pair = await serialPair();
  });
  afterEach(async () => {
    if (holder?.exitCode === null) {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    holder = undefined;
    await pair.end();
  });

  /** Another program that does something to the port and then holds it. */
  async function hold(command: string, args: readonly string[]): Promise<void> {
    holder = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (!holder.stdout) throw new Error('no output');
    await once(createInterface({ input: holder.stdout }), 'line');
  }
  const reading = (port: string): readonly string[] => [
    'read',
    '--serial',
    port,
    '--unit',
    '1',
    '--model',
    'eastron-sdm630',
    '--timeout-ms',
    '50',
  ];
  const said = (code: string, cure: RegExp) =>
    expect.stringMatching(new RegExp(`\\[${code}\\]\\n {2}where: \\S+\\n {2}cure: .*${cure.source}`));

  test('busy: another program has locked it', async () => {
    await hold('flock', ['--no-fork', pair.ours, 'sh', '-c', 'echo held; exec sleep 60']);
    const before = settingsOf(pair.ours);
    expect(await run([...reading(pair.ours), '--stop-bits', '2'])).toMatchObject({
      code: 4,
      err: said('SERIAL_PORT_BUSY', /sudo fuser -v/),
    });
    expect(settingsOf(pair.ours)).toBe(before);
  });

  test('missing: it is not there, and neither is it once the adapter was pulled out', async () => {
    expect(await run(reading('/dev/ttyNOSUCH'))).toMatchObject({
      code: 4,
      err: said('SERIAL_PORT_MISSING', /plug the adapter in/),
    });
    const data = join(root, 'pulled');
    const stop = new AbortController();
    const running = collecting(data, pair.ours, stop.signal);
    await whileRunning(running, 'an open line', () => readGatewayStatus(data)?.lines[0]?.state === 'open');
    await pair.end();
    await whileRunning(running, 'the missing port', () => readGatewayStatus(data)?.lines[0]?.problem !== null);
    const status = await cli(['status', '--data', data, '--lang', 'en']);
    stop.abort();
    await running;
    expect(status.code).toBe(1);
    expect(status.out).toMatch(/line does not open: \S+ours\n {2}SERIAL_PORT_MISSING: .*\n {2}plug the adapter in/);
  });

  test.each(['/dev/null', '/dev'])('missing: %s is no serial port', async (port) => {
    expect(await run(reading(port))).toMatchObject({
      code: 4,
      err: expect.stringMatching(/ is no serial port \[SERIAL_PORT_MISSING\]\n {2}where: \S+\n {2}cure: /),
    });
  });

  describe.skipIf(skipNobody())('to another user', () => {
    let data: string;
    beforeEach(() => {
      data = temporaryData('nobody');
      chownSync(data, NOBODY, NOBODY);
    });
    afterEach(() => rmSync(data, { recursive: true, force: true }));

    /** Who may open it is a matter of the terminal, and the link to it stands in a folder that is open to all. */
    const allow = (mode: number): string => {
      const terminal = realpathSync(pair.ours);
      chmodSync(terminal, mode);
      return terminal;
    };

    test('denied: the port belongs to somebody else', async () => {
      const terminal = allow(0o600);
      expect(await runOutside([...reading(terminal), '--data', data], NOBODY)).toMatchObject({
        code: 3,
        out: '',
        err: said('SERIAL_PORT_DENIED', /usermod -aG dialout/),
      });
    });

    test('busy: another program has it exclusively (TIOCEXCL)', async () => {
      const terminal = allow(0o666);
      const program =
        'import fcntl,os,sys,termios,time\nfcntl.ioctl(os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY),termios.TIOCEXCL)\nprint("held",flush=True)\ntime.sleep(60)';
      await hold('python3', ['-c', program, terminal]);
      expect(await runOutside([...reading(terminal), '--data', data], NOBODY)).toMatchObject({
        code: 4,
        out: '',
        err: said('SERIAL_PORT_BUSY', /sudo fuser -v/),
      });
    });
  });
});
