import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import memory from '../../../api/cli/memory.json' with { type: 'json' };

/** Each process tells of itself as it starts: first `civicmeter`, then the program. */
const PROBE = `data:text/javascript,${encodeURIComponent(
  `console.error(JSON.stringify({ flags: process.execArgv, arenas: process.env.MALLOC_ARENA_MAX }))`,
)}`;

function civicmeter(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['api/cli/civicmeter.mjs', ...args], {
    encoding: 'utf8',
    env: { ...process.env, MALLOC_ARENA_MAX: undefined, NODE_OPTIONS: `--import ${PROBE}`, ...env },
  });
  const told = stderr.split('\n').filter((line) => line.startsWith('{"flags"'));
  return { status, stdout, processes: told.map((line) => JSON.parse(line) as unknown) };
}

describe('the command civicmeter', () => {
  it('starts the program with a heap and an allocator that give back what they took', () => {
    const { status, stdout, processes } = civicmeter(['--version']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(processes).toEqual([{ flags: [] }, { flags: memory.flags, arenas: memory.environment.MALLOC_ARENA_MAX }]);
  });

  it('leaves an allocator alone that was set by hand, and passes on how the program ended', () => {
    const { status, processes } = civicmeter(['no-such-command'], { MALLOC_ARENA_MAX: '4' });
    expect(processes.at(-1)).toEqual({ flags: memory.flags, arenas: '4' });
    expect(status).toBe(2);
  });

  it('ended by Ctrl-C before the program has begun to listen for it, says so by its exit code', () => {
    const interrupt = `data:text/javascript,${encodeURIComponent(
      `if (process.argv[1].endsWith('main.ts')) process.kill(process.pid, 'SIGINT')`,
    )}`;
    expect(civicmeter(['--version'], { NODE_OPTIONS: `--import ${interrupt}` }).status).toBe(130);
  });
});
