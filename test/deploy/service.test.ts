import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../support/cli.ts';

const UNITS = readdirSync('deploy').filter((name) => name.endsWith('.service'));

/** In CI a missing tool is a failure, elsewhere its tests are skipped. */
function skipSystemd(): boolean {
  if (spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0) return false;
  if (process.env['CI']) throw new Error('units must be verified in CI, but systemd-analyze is missing');
  process.stderr.write('skipping the tests of units: no systemd-analyze\n');
  return true;
}

test('there is a unit', () => expect(UNITS).toContain('civicmeter-collect.service'));

describe.skipIf(skipSystemd())('a unit', () => {
  test.each(UNITS)('%s is what systemd understands, to the last line', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'unit-'));
    const file = join(folder, name);
    // the program stands elsewhere here than on a gateway
    writeFileSync(file, readFileSync(join('deploy', name), 'utf8').replaceAll('/opt/civicmeter', resolve('.')));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  test.each(UNITS)('%s exposes at most 2.0 of 10', (name) => {
    const args = ['security', '--offline=true', '--threshold=20', '--no-pager', join('deploy', name)];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(stdout).toContain('Overall exposure level');
    expect(status, stdout.split('\n').at(-2)).toBe(0);
  });
});

test('the unit names options that the command has', async () => {
  const { out } = await cli(['collect', '--help', '--lang', 'en']);
  const unit = readFileSync('deploy/civicmeter-collect.service', 'utf8');
  const named = [...unit.matchAll(/[ =](--(?:site|data|centre|ca|key-file|drain-rate|when-full))\b/g)].map(
    ([, option = '']) => option,
  );
  expect(new Set(named)).toEqual(new Set(['--data', '--key-file', '--site', '--centre', '--ca']));
  for (const option of named) expect(out).toContain(option);
});

test('the flags of the unit are flags of our Node', () => {
  const unit = readFileSync('deploy/civicmeter-collect.service', 'utf8');
  const flags = /bin\/node((?: --[\w-]+=\d+)+) /.exec(unit)?.[1]?.trim().split(' ') ?? [];
  expect(flags).toHaveLength(2);
  expect(String(execFileSync(process.execPath, [...flags, '-p', '1']))).toBe('1\n');
});
