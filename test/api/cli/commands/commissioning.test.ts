import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { planSchema, probeSchema, readSchema } from '../../../../api/cli/shapes-commissioning.ts';
import { claimFolder } from '../../../../api/cli/wiring/data-folder.ts';
import type { LineState } from '../../../../api/http/context.ts';
import { createServer } from '../../../../api/http/index.ts';
import { cli, type CliRun, temporaryData } from '../../../support/cli.ts';
import { fakeService } from '../../../support/fake-service.ts';
import { type Answer, type FieldServer, startFieldServer, type WireRequest } from '../../../support/modbus-server.ts';

/** 84210.5 kWh as a Siemens PAC counts (Wh, f64 high word first) at address 801, 49.9 Hz at 55; anything else is no number. */
function pacWords(_unit: number, _fc: number, address: number): number {
  const view = new DataView(new ArrayBuffer(8));
  if (address >= 801 && address < 805) {
    view.setFloat64(0, 84_210_500);
    return view.getUint16(2 * (address - 801));
  }
  view.setFloat32(0, address === 55 || address === 56 ? 49.9 : Number.NaN);
  return view.getUint16(2 * ((address + 1) % 2));
}
const PAC = 'siemens-pac2200-3200-4200';

let data: string;
const ends: (() => unknown)[] = [];
beforeAll(() => void (data = temporaryData('commissioning')));
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

async function field(treat: (request: WireRequest) => Answer = () => 'answer'): Promise<FieldServer> {
  const server = await startFieldServer(treat, pacWords);
  ends.push(server.close);
  return server;
}

const on = ({ port }: FieldServer): readonly string[] => ['--host', '127.0.0.1', '--port', String(port)];
const run = (argv: readonly string[], io: Parameters<typeof cli>[1] = {}): Promise<CliRun> =>
  cli([...argv, '--data', data], io);

/** A site file with one line and two meters. */
function siteFile(port: number, changes: { readonly second?: string; readonly interval?: string } = {}): string {
  const { second = 'unit: 2', interval = '1 min' } = changes;
  const file = join(data, 'site.yaml');
  writeFileSync(
    file,
    `site: { id: s, name: { zh: 站, en: Site }, zone: Asia/Shanghai }
institutions: [{ id: a, name: { zh: 局, en: Office } }]
connections: [{ id: gw, kind: modbus-tcp, host: 127.0.0.1, port: ${port}, timeout: 200 ms }]
devices:
  - { id: main, connection: gw, model: ${PAC}, unit: 1, interval: ${interval} }
  - { id: sub, connection: gw, model: ${PAC}, ${second}, interval: ${interval} }
`,
  );
  return file;
}

describe('civicmeter read', () => {
  test('gives every value of a device with unit, age, quality and words, and says why one is absent', async () => {
    const server = await field();
    const { code, out } = await run(['read', 'main', '--site', siteFile(server.port), '--json']);
    const { values, ...about } = readSchema.parse(JSON.parse(out));
    expect(about).toMatchObject({ device: 'main', model: PAC, line: `127.0.0.1:${server.port}`, unit: 1 });
    const energy = values.find(({ quantity }) => quantity === 'energy.import.t1');
    expect(energy).toMatchObject({ value: '84210.5', unit: 'kWh', quality: 'good', reason: null });
    expect(energy?.words).toEqual(['4194', '13cd', '1000', '0000']);
    expect(energy?.ageMs).toBeLessThan(10_000);
    expect(values.find(({ quantity }) => quantity.startsWith('voltage'))).toMatchObject({
      value: null,
      quality: 'absent',
      reason: 'not-finite',
    });
    // something is absent
    expect(code).toBe(1);
    const people = await run(['read', '--unit', '1', '--model', PAC, ...on(server), '--lang', 'zh']);
    expect(people.out).toMatch(/energy\.import\.t1 +84210\.5 +kWh +\d+\.\d s +正常 +4194 13cd 1000 0000/);
    expect(people.out).toContain('缺失: 不是数');
  });

  test('says of a device that does not answer, or refuses everything, where it is and what to do', async () => {
    const silent = await field(() => 'swallow');
    const first = await run(['read', '--unit', '7', '--model', PAC, ...on(silent), '--timeout-ms', '60']);
    expect(first).toMatchObject({ code: 4, out: '' });
    expect(first.err).toMatch(
      /unit 7 on 127\.0\.0\.1:\d+ is silent: no answer within 60 ms \[DEVICE_SILENT\]\n {2}where: .*\n {2}cure: /,
    );
    const refusing = await field(() => ({ exception: 2 }));
    const second = await run(['read', '--unit', '7', '--model', PAC, ...on(refusing), '--lang', 'zh']);
    expect(second).toMatchObject({
      code: 4,
      err: expect.stringMatching(/设备应答但拒绝所有寄存器 \[DEVICE_REFUSES\]/),
    });
    const nobody = await field(() => ({ exception: 11 }));
    const third = await run(['read', '--unit', '7', '--model', PAC, ...on(nobody)]);
    expect(third.err).toContain('nobody behind the gateway answered [DEVICE_SILENT]');
  });
});

describe('civicmeter probe', () => {
  test('finds how a register is read from what the face shows', async () => {
    const server = await field();
    const argv = ['probe', ...on(server), '--unit', '1', '--register', '3:801', '--expect', '84210.5'];
    const { code, out } = await run([...argv, '--json']);
    const answer = probeSchema.parse(JSON.parse(out));
    expect(code).toBe(0);
    expect(answer).toMatchObject({ what: 'register', fc: 3, address: 801, stopped: false });
    expect('candidates' in answer && answer.candidates[0]).toMatchObject({
      type: 'f64',
      order: 'ABCDEFGH',
      scale: '0.001',
      value: 84_210.5,
    });
    expect((await run(argv)).out).toMatch(
      /unit 1, function 3, address 801: 4194 13cd 1000 0000\n[^\n]*\n f64 +ABCDEFGH +0\.001/,
    );
  });

  test('takes a register as documents number it, and reads twice where no face is known', async () => {
    const server = await field();
    const { out } = await run([
      'probe',
      ...on(server),
      '--unit',
      '1',
      '--register',
      '40056',
      '--wait',
      '0.05',
      '--json',
    ]);
    const answer = probeSchema.parse(JSON.parse(out));
    expect(server.requests.map(({ fc, address }) => [fc, address])).toEqual([
      [3, 55],
      [3, 55],
    ]);
    expect('candidates' in answer && answer.candidates[0]).toMatchObject({ type: 'f32', order: 'ABCD', doubts: [] });
  });

  test('scans units; Ctrl-C keeps what was found', async () => {
    const ending = new AbortController();
    const server = await field(({ unit }) => {
      if (unit === 5) ending.abort(new Error('Ctrl-C'));
      return unit === 2 ? 'swallow' : unit === 3 ? { exception: 2 } : unit === 5 ? 'swallow' : 'answer';
    });
    const argv = ['probe', ...on(server), '--units', '1-247', '--timeout-ms', '60', '--json'];
    const { code, out, err } = await run(argv, { signal: ending.signal });
    const answer = probeSchema.parse(JSON.parse(out));
    expect('units' in answer && answer.units.map(({ unit, answer: how }) => [unit, how])).toEqual([
      [1, 'answers'],
      [2, 'silent'],
      [3, 'refuses'],
      [4, 'answers'],
    ]);
    expect(answer.stopped).toBe(true);
    expect(code).toBe(130);
    expect(err).not.toContain('defect');
  });

  test('shows progress of a scan on standard error only', async () => {
    const server = await field();
    const { out, err } = await run(['probe', ...on(server), '--units', '1-20']);
    expect(err).toMatch(/asking units 10 %\n[\s\S]*asking units 100 %\n/);
    expect(out).not.toContain('asking');
    expect(out.split('\n').filter((line) => line.includes(' answers '))).toHaveLength(20);
  });

  test('times a unit and finds the longest request it takes', async () => {
    const server = await field(({ words }) => (words > 40 ? { exception: 3 } : 'answer'));
    const { code, out } = await run([
      'probe',
      ...on(server),
      '--unit',
      '1',
      '--register',
      '3:55',
      '--times',
      '12',
      '--json',
    ]);
    const answer = probeSchema.parse(JSON.parse(out));
    expect(code).toBe(0);
    expect(answer).toMatchObject({
      what: 'timing',
      requests: 12,
      answered: 12,
      largest: { words: 40, beyond: 'exception-3' },
    });
  });

  test('sends nothing but reads', async () => {
    const server = await field();
    await run(['probe', ...on(server), '--units', '1-5']);
    await run(['probe', ...on(server), '--unit', '1', '--register', '4:7', '--expect', '1']);
    await run(['probe', ...on(server), '--unit', '1', '--times', '3']);
    expect(new Set(server.requests.map(({ fc }) => fc))).toEqual(new Set([3, 4]));
  });
});

describe('a line that the running program holds', () => {
  const lineOf = ({ port }: FieldServer): LineState => ({
    connection: 'gw',
    kind: 'modbus-tcp',
    address: `127.0.0.1:${port}`,
    state: 'open',
    reopened: 0,
    units: [],
  });

  async function program(lines: readonly LineState[]): Promise<void> {
    const claimed = claimFolder(data, 'start');
    const api = await createServer({
      service: fakeService(systemClock),
      telemetry: createTelemetry(silentLogger()),
      clock: systemClock,
      lines: () => lines,
      spoolDepth: () => undefined,
      port: 0,
    });
    claimed.announce(api.address);
    ends.push(claimed.release, api.close);
  }

  test('is left to it, unless forced; another line is read beside it', async () => {
    const [held, free] = [await field(), await field()];
    await program([lineOf(held)]);
    const argv = ['read', '--unit', '1', '--model', PAC];
    const refused = await run([...argv, '--host', 'localhost', '--port', String(held.port)]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(
      /the running program \(start, process \d+\) reads localhost:\d+ \[LINE_IN_USE\]\n {2}where: .*\n {2}cure: .*--force/,
    );
    expect(held.connections()).toBe(0);
    expect((await run([...argv, ...on(held), '--force'])).out).toContain('84210.5');
    expect((await run([...argv, ...on(free)])).out).toContain('84210.5');
    expect((await run(['probe', ...on(held), '--units', '1-3'])).err).toContain('LINE_IN_USE');
  });

  test('is taken for held where the program cannot say which it reads', async () => {
    const server = await field();
    const claimed = claimFolder(data, 'collect');
    ends.push(claimed.release);
    expect((await run(['probe', ...on(server), '--units', '1'])).err).toContain('[LINE_IN_USE]');
  });
});

describe('bad input', () => {
  test.each([
    [['read', 'mian', '--site', 'SITE'], 2, 'DEVICE_UNKNOWN', 'Did you mean "main"?'],
    [['read', '--site', 'SITE'], 2, 'DEVICE_NEEDED', 'name a device'],
    [['read', 'main'], 2, 'LINE_NEEDED', 'add --site FILE'],
    [['read', 'main', '--site', 'SITE', '--host', 'h'], 2, 'LINE_AMBIGUOUS', 'keep one'],
    [['read', '--host', 'h', '--serial', '/dev/x'], 2, 'LINE_AMBIGUOUS', 'keep one'],
    [['read', '--host', 'h', '--unit', '1'], 2, 'DEVICE_NEEDED', '--model'],
    [['read', '--host', 'h', '--unit', '300', '--model', PAC], 2, 'UNIT_INVALID', 'from 1 to 247'],
    [
      ['read', '--host', 'h', '--unit', '1', '--model', 'schneider-iem300'],
      2,
      'MODEL_UNSUITABLE',
      'Did you mean "schneider-iem3000"?',
    ],
    [['read', '--serial', '/dev/tty-none', '--unit', '1', '--model', PAC], 4, 'SERIAL_PORT_MISSING', 'cure:'],
    [['read', '--serial', '/dev/tty-none', '--unit', '0', '--model', PAC], 2, 'UNIT_INVALID', 'from 1 to 247'],
    [['probe'], 2, 'LINE_NEEDED', '--host HOST'],
    [['probe', '--host', 'h'], 2, 'DEVICE_NEEDED', '--units 1-247'],
    [['probe', '--host', 'h', '--unit', '1'], 2, 'REGISTER_NEEDED', '--register 3:40'],
    [['probe', '--host', 'h', '--units', '1-300'], 2, 'UNIT_INVALID', 'from 1 to 247'],
    [['probe', '--host', 'h', '--unit', '1', '--register', '3:65536'], 2, 'REGISTER_INVALID', '0 to 65535'],
    [['probe', '--host', 'h', '--units', '1', '--times', '3'], 2, 'PROBE_AMBIGUOUS', 'keep one'],
    [['probe', '--site', 'SITE', '--line', 'wg', '--units', '1'], 2, 'LINE_UNKNOWN', 'Did you mean "gw"?'],
    [['plan', '--site', 'SITE', '--line', 'wg'], 2, 'LINE_UNKNOWN', 'Did you mean "gw"?'],
  ])('%j exits with %i: %s', async (argv, code, error, cure) => {
    const file = siteFile(1);
    const said = await run(argv.map((word) => (word === 'SITE' ? file : word)));
    expect(said).toMatchObject({ code, out: '' });
    expect(said.err).toContain(`[${error}]`);
    expect(said.err).toMatch(/\n {2}where: .+\n {2}cure: {2}.+/);
    expect(said.err).toContain(cure);
  });

  test('a register beyond the range of the device is refused with what the device said', async () => {
    const server = await field(() => ({ exception: 2 }));
    const said = await run(['probe', ...on(server), '--unit', '1', '--register', '3:9000']);
    expect(said).toMatchObject({ code: 4, out: '' });
    expect(said.err).toMatch(/refuses register 3:9000: exception 2: no such address \[REGISTER_REFUSED\]/);
    // four words, two, one: it may only have been the length
    expect(server.requests.map(({ words }) => words)).toEqual([4, 2, 1]);
  });

  test('two units with one address are a mistake of the site file', async () => {
    const said = await run(['plan', '--site', siteFile(1, { second: 'unit: 1' })]);
    expect(said.code).toBe(3);
    expect(said.err).toMatch(/site\.yaml:6:\d+: .*the address 1 belongs to the device "main" already/);
  });
});

describe('civicmeter plan', () => {
  test('lists the requests, what they take and what a dead unit costs, without connecting to anything', async () => {
    const server = await field();
    const { code, out } = await run(['plan', '--site', siteFile(server.port), '--json']);
    const [line] = planSchema.parse(JSON.parse(out)).lines;
    expect(code).toBe(0);
    expect(line).toMatchObject({
      connection: 'gw',
      verdict: 'holds',
      holdsFromMs: null,
      pace: { assumedSerial: true },
    });
    expect(line?.devices.map(({ device }) => device)).toEqual(['main', 'sub']);
    expect(server.connections()).toBe(0);
  });

  test('warns, with an exit code and a cure, where the interval cannot hold', async () => {
    const file = siteFile(1, { interval: '2 s' });
    const { code, out } = await run(['plan', '--site', file, '--reply-ms', '900']);
    expect(code).toBe(1);
    expect(out).toMatch(/warning: the interval cannot hold\. cure: write an interval of \d+ s or more/);
    const chinese = await run(['plan', '--site', file, '--reply-ms', '900', '--lang', 'zh']);
    expect(chinese.out).toMatch(/警告：间隔不可行。办法：把间隔改为 \d+ s 或更长/);
    expect((await run(['plan', '--site', file, '--reply-ms', '20'])).code).toBe(0);
  });
});
