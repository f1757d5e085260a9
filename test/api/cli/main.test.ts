import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EXIT } from '../../../api/cli/failure.ts';

test('nobody who reads what is said is no reason to end: the command does all that it was asked for', async () => {
  const child = spawn(process.execPath, ['api/cli/main.ts', 'check', 'no-such-file.yaml'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.destroy();
  expect(await once(child, 'exit')).toEqual([EXIT.usage, null]);
});
