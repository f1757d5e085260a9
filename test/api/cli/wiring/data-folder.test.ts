import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder, filesOf, readRun } from '../../../../api/cli/wiring/data-folder.ts';

let data: string;
beforeEach(() => void (data = mkdtempSync(join(tmpdir(), 'civicmeter-folder-'))));
afterEach(() => rmSync(data, { recursive: true, force: true }));

test('a folder has one holder, who is named to the next', () => {
  const claimed = claimFolder(data, 'start');
  expect(readRun(data)).toMatchObject({ pid: process.pid, role: 'start', address: null });
  expect(() => claimFolder(data, 'collect')).toThrow(`in use by process ${process.pid} (start)`);
  claimed.announce('http://127.0.0.1:1');
  expect(readRun(data)?.address).toBe('http://127.0.0.1:1');
  claimed.release();
  expect(readRun(data)).toBeUndefined();
  claimFolder(data, 'collect').release();
});

test('what a killed process left behind holds nothing', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const run = (began: string | null): void =>
    writeFileSync(filesOf(data).run, JSON.stringify({ pid: child.pid, began, role: 'start', address: null }));
  run(null);
  expect(readRun(data)?.pid).toBe(child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readRun(data)).toBeUndefined();
  claimFolder(data, 'start').release();
});

test.skipIf(process.platform !== 'linux')('another process under the same number holds nothing', () => {
  writeFileSync(filesOf(data).run, JSON.stringify({ pid: process.pid, began: '1', role: 'start', address: null }));
  expect(readRun(data)).toBeUndefined();
});

test('a file that is no record of ours holds nothing', () => {
  for (const text of ['', 'x', '{}', '{"pid":"1"}', '[1]']) {
    writeFileSync(filesOf(data).run, text);
    expect(readRun(data)).toBeUndefined();
  }
});

test('a release leaves the record of another process alone', () => {
  const claimed = claimFolder(data, 'start');
  const other = JSON.stringify({ pid: process.ppid, began: null, role: 'start', address: null });
  writeFileSync(filesOf(data).run, other);
  claimed.release();
  expect(readFileSync(filesOf(data).run, 'utf8')).toBe(other);
});

test('a folder that cannot be made is named with its cure', () => {
  writeFileSync(join(data, 'file'), '');
  expect(() => claimFolder(join(data, 'file', 'data'), 'start')).toThrow('cannot be written');
});
