import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { COMMANDS } from '../../api/cli/commands/index.ts';
import { statusSchema } from '../../api/cli/shapes.ts';
import { filesOf, readRun } from '../../api/cli/wiring/data-folder.ts';
import { reconcileAnswerSchema, usageAnswerSchema } from '../../pipeline/answers.ts';
import { costsAnswerSchema, judgeAnswerSchema } from '../../pipeline/answers-rules.ts';
import { cli, type CliRun, startProgram, type StartedProgram, temporaryData } from '../support/cli.ts';

/**
 * The whole program as a process, over one data folder, in the order of a life: begun, asked, killed, begun again, ended.
 * One month of simulated past.
 */
let data: string;
let program: StartedProgram;
const ask = (...argv: string[]): Promise<CliRun> => cli([...argv, '--data', data]);
const begin = (): Promise<StartedProgram> => startProgram(['--data', data, '--months', '1']);

async function answer<T>(shape: z.ZodType<T>, ...argv: string[]): Promise<T> {
  const { code, out, err } = await ask(...argv, '--json');
  expect({ argv, code, err: err.replaceAll(/^.* \d+ %\n/gm, '') }).toEqual({ argv, code: 0, err: '' });
  return shape.parse(JSON.parse(out));
}

const answersIn = (name: string): z.ZodType => {
  const shape = COMMANDS.find((spec) => spec.name === name)?.answer;
  if (!shape) throw new Error(`${name} prints no document`);
  return shape;
};

/** Frames that the log holds, and those that the books have. */
async function frames(): Promise<{ readonly high: number; readonly next: number; readonly missing: number }> {
  const [one] = (await answer(statusSchema, 'status')).partitions;
  if (!one) throw new Error('the log has no partition');
  return { high: one.high, next: one.nextOffset, missing: one.missing };
}

beforeAll(async () => {
  data = temporaryData('program');
  program = await begin();
}, 160_000);

afterAll(async () => {
  await program?.end('SIGKILL');
  // a command that comes last lets go of the server that the killed program left behind
  await ask('status');
  rmSync(data, { recursive: true, force: true });
}, 60_000);

test('it announces a page that answers, on loopback', async () => {
  expect(program.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(program.address)).status).toBe(200);
  expect((await fetch(`${program.address}/ready`)).status).toBe(200);
  expect(readRun(data)).toMatchObject({ pid: program.child.pid, role: 'start', address: program.address });
});

test('every question beside it is answered in the documented shape', async () => {
  const month = ['--from', '2020-01', '--to', '2030-01'];
  for (const [name, ...rest] of [
    ['usage', '--carrier', 'electricity', ...month, '--by', 'year'],
    ['trace', '--point', 'p-a-main', ...month],
    ['registers'],
    ['status'],
    ['reconcile', '--no-log'],
    ['event list'],
    ['quarantine list'],
    ['quarantine replay'],
    ['close'],
    ['apply', 'fixtures/sites/compound.yaml', '--dry-run'],
  ]) {
    const shape = answersIn(name ?? '');
    expect(await answer(shape, ...(name ?? '').split(' '), ...rest)).toBeDefined();
  }
}, 120_000);

test('the example comes with its facts, so that quotas, costs and targets have something to say', async () => {
  expect((await answer(judgeAnswerSchema, 'judge', '--institution', 'reform')).profile.type).toBe('organ');
  const { out } = await ask(
    'indicators',
    '--institution',
    'reform',
    '--year',
    '2026',
    '--period',
    'year',
    '--lang',
    'en',
  );
  expect(out).toMatch(/(\d{4})-01-01 – \1-12-31: .+ kgce · .+ · coverage [\d.]+ %/);
  expect((await answer(costsAnswerSchema, 'costs', '--institution', 'reform')).totalFen).toBeGreaterThan(0);
});

test('usage of whole days names the last of them, of hours the times', async () => {
  const whole = ['usage', '--carrier', 'electricity', '--from', '2021', '--by'];
  expect((await ask(...whole, 'year')).out).toMatch(/^ 2021-01-01 +2021-12-31 /m);
  expect((await ask(...whole, 'hour')).out).toMatch(/^ 2021-12-31 23:00 +2022-01-01 00:00 /m);
});

test('a trace speaks the language of its reader down to the meter', async () => {
  const asked = ['trace', '--institution', 'offices', '--carrier', 'electricity', '--from', '2020', '--to', '2030'];
  const [zh, en] = [await ask(...asked, '--lang', 'zh'), await ask(...asked, '--lang', 'en')];
  expect(zh.out).toMatch(
    /机关事务管理局承担B 座总进线的 \d+\/\d+（按固定比例，启用以来）；\d+ 天逐日按 Wh 取整，余数归最大零头/,
  );
  expect(zh.out).toMatch(/表号 IEM-310102（b-main\/e1）：\d+ 段读数之和/);
  expect(zh.out.match(/\bsum of\b|\bbears\b|\bmeter\b/g)).toBeNull();
  expect(en.out).toMatch(
    /Government Offices Administration bears \d+\/\d+ of Building B main \(by fixed shares, since the start\)/,
  );
});

test('every table is the same table as CSV', async () => {
  for (const argv of [['usage', '--carrier', 'water', '--by', 'month'], ['registers'], ['status'], ['event', 'list']]) {
    const { code, out } = await ask(...argv, '--csv');
    expect(code).toBe(0);
    expect(out.startsWith('\uFEFF')).toBe(true);
    expect(out.endsWith('\r\n')).toBe(true);
  }
});

test('the trial balance is even, brackets against the log as well', async () => {
  const balance = await answer(reconcileAnswerSchema, 'reconcile');
  expect(balance.differences).toBe(0);
  expect(balance.rows).toBeGreaterThan(1_000);
  expect(balance.layers.map(({ layer }) => layer)).toContain('brackets-log');
}, 60_000);

test('a second start of the folder is refused, and so is a port that is taken', async () => {
  const again = await ask('start', '--port', '0');
  expect(again).toMatchObject({ code: 3, err: expect.stringContaining('DATA_IN_USE') });
  const other = temporaryData('port');
  const port = new URL(program.address).port;
  const taken = await cli(['start', '--port', port, '--data', other]);
  expect(taken.code).toBe(3);
  expect(taken.err).toContain(`port ${port} is taken`);
  expect(taken.err).toContain('--port');
  expect(readRun(other)).toBeUndefined();
  rmSync(other, { recursive: true, force: true });
}, 60_000);

test('a file of readings goes through the running program, and changes nothing the second time', async () => {
  const file = join(data, 'readings.csv');
  writeFileSync(
    file,
    'register,time,value,unit\na-main/e1,2024-03-01 08:00,1000,kWh\na-main/e1,2024-03-02 08:00,1500,kWh\nnix,2024-03-02,1,kWh\n',
  );
  const read = (): Promise<CliRun> => ask('import', 'readings', file, '--json');
  const usage = async (): Promise<number> =>
    (
      await answer(
        usageAnswerSchema,
        'usage',
        '--register',
        'a-main/e1',
        '--from',
        '2024-03-01T08:00',
        '--to',
        '2024-03-02T08:00',
        '--by',
        'day',
      )
    ).total.amount;
  expect((await ask('import', 'readings', file, '--dry-run')).out).toContain('REGISTER_UNKNOWN');
  const first = await read();
  expect(first.code).toBe(1);
  expect(answersIn('import readings').parse(JSON.parse(first.out))).toMatchObject({ committed: true, readings: 2 });
  expect(await usage()).toBe(500_000);
  await read();
  expect(await usage()).toBe(500_000);
}, 60_000);

test('an event that needs a second person waits for another name', async () => {
  const span = ['--from', '2024-03-01T10:00', '--to', '2024-03-01T12:00'];
  const claim = ['--by', 'wang', '--reason', 'wiring'];
  const shape = answersIn('event exclude');
  expect(await answer(shape, 'event', 'exclude', '--register', 'a-main/e1', ...span, ...claim)).toMatchObject({
    state: 'proposed',
    claimed: true,
  });
  expect(await ask('event', 'confirm', '1', '--by', 'wang')).toMatchObject({
    code: 2,
    err: expect.stringContaining('SAME_PERSON'),
  });
  expect(await answer(shape, 'event', 'confirm', '1', '--by', 'li')).toMatchObject({ state: 'active' });
});

test('a month is closed under a hash, and the backup of it all is restored elsewhere', async () => {
  const claim = ['--by', 'wang', '--reason', 'monthly'];
  const closed = await answer(answersIn('close'), 'close', '2024-03', ...claim);
  expect(closed).toMatchObject({ month: '2024-03', version: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const file = join(data, 'books.backup');
  await answer(answersIn('backup'), 'backup', file);
  const elsewhere = temporaryData('restored');
  expect((await cli(['restore', file, '--data', elsewhere])).code).toBe(0);
  const there = await cli(['close', '--data', elsewhere, '--json']);
  expect(JSON.parse(there.out)).toMatchObject({ closes: [closed] });
  rmSync(elsewhere, { recursive: true, force: true });
}, 120_000);

test('killed, it is taken over by the next start with no hand, and nothing is missing', async () => {
  const before = await frames();
  await program.end('SIGKILL');
  expect(readRun(data)).toBeUndefined();
  program = await begin();
  const after = await frames();
  expect(after.high).toBeGreaterThanOrEqual(before.high);
  expect(after.missing).toBe(0);
  expect((await answer(reconcileAnswerSchema, 'reconcile', '--no-log')).differences).toBe(0);
}, 160_000);

test('asked to end, it closes everything that it started', async () => {
  const database = postgresPort();
  expect(await listens(database)).toBe(true);
  const { port } = new URL(program.address);
  expect(await program.end('SIGINT')).toBe(0);
  expect(program.said()).toContain('Everything has stopped');
  expect(readRun(data)).toBeUndefined();
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  expect(await listens(database)).toBe(false);
}, 60_000);

test('alone, the commands read its books and its log', async () => {
  const { high, next } = await frames();
  expect(next).toBe(high);
  expect((await answer(reconcileAnswerSchema, 'reconcile')).differences).toBe(0);
}, 60_000);

test('a second start goes on where the first ended', async () => {
  const before = await frames();
  program = await begin();
  expect(program.said()).not.toContain('additions recorded');
  const added = (await frames()).high - before.high;
  // minutes have passed, not months: a handful of polls of 24 devices
  expect(added).toBeLessThan(24 * 50);
  expect(await program.end('SIGTERM')).toBe(0);
}, 160_000);

/** Port of the embedded server, line 4 of its own file (PostgreSQL manual, 19.3). */
function postgresPort(): number {
  const found = Number(readFileSync(join(filesOf(data).postgres, 'data', 'postmaster.pid'), 'utf8').split('\n')[3]);
  expect(found).toBeGreaterThan(1);
  return found;
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
