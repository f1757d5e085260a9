import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import checkout from '../../package.json' with { type: 'json' };

/** As npm runs it. */
function run(command: 'faults' | 'mutants' | 'simulate' | 'bench', ...args: readonly string[]) {
  const [, file = ''] = checkout.scripts[command].split(' ');
  const cwd = join(import.meta.dirname, '..', '..');
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('a command of the developers', () => {
  it.each(['faults', 'mutants', 'simulate', 'bench'] as const)('%s says with --help how it is used', (command) => {
    const said = run(command, '--help');
    expect(said).toMatchObject({ status: 0, stderr: '' });
    expect(said.stdout).toContain(`npm run ${command} -- `);
  });

  it.each([
    ['faults', ['--hours', '1'], "Unknown option '--hours'; there are --long --minutes --seed --help"],
    ['faults', ['--minutes', 'x'], '--minutes "x" must be a decimal number of at least 0.1'],
    ['faults', ['--minutes'], "Option '--minutes <value>' argument missing; there are --long --minutes --seed --help"],
    ['faults', ['--seed', '-1'], "Option '--seed' argument is ambiguous; there are --long --minutes --seed --help"],
    ['faults', ['--seed', '1.5'], '--seed "1.5" must be a whole number of at least 0'],
    ['faults', ['R99'], 'there is no test "R99"; there are R'],
    ['mutants', ['no-such'], 'there is no mutant "no-such"; there are blind-offset '],
    ['mutants', ['--seed', '1'], "Unknown option '--seed'; there are --help"],
    ['simulate', ['abc'], 'SEEDS "abc" must be a whole number of at least 1'],
    ['simulate', ['1', '2'], 'one number of seeds, not 1 2'],
    ['simulate', ['1', '--from', 'x'], '--from "x" must be a whole number of at least 0'],
    ['simulate', ['1', '--days', '0'], '--days "0" must be a whole number of at least 1'],
    ['simulate', ['1', '--threads', ''], '--threads "" must be a whole number of at least 1'],
    ['bench', [], 'there is no bench ""; there are drain kafka '],
    ['bench', ['toString'], 'there is no bench "toString"; there are drain kafka '],
    ['bench', ['query', 'abc'], 'INSTITUTIONS "abc" must be a whole number of at least 1'],
    ['bench', ['query', '1', '2'], '"2" is one too many; query [INSTITUTIONS]'],
    ['bench', ['drain', '1', '1', '1,,2'], 'WORKERS "" must be a whole number of at least 1'],
    ['bench', ['kafka', 'registers', 'x'], 'REGISTERS "x" must be a whole number of at least 1'],
    ['bench', ['modbus', '--seed', 'x'], '--seed "x" must be a whole number of at least 0'],
  ] as const)('%s %j is refused in one line', (command, args, line) => {
    const said = run(command, ...args);
    expect(said).toMatchObject({ status: 2, stdout: '' });
    expect(said.stderr).toMatch(/^[^\n]+\n$/);
    expect(said.stderr).toContain(line);
  });
});
