import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Cli, Io } from '../../../../api/cli/context.ts';
import { untilBooked } from '../../../../api/cli/wiring/beside.ts';
import { untilSettled } from '../../../../api/cli/wiring/settling.ts';
import { type Clock, systemClock } from '../../../../pipeline/platform/index.ts';
import { fakeService } from '../../../support/fake-service.ts';

const SAID = 'The running program is still computing: what was written stands, and the totals follow by themselves.\n';

/** A clock that has waited as soon as it is asked to. */
function quickClock(): Clock {
  let now = Date.UTC(2026, 2, 12);
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

function waiting(io: Partial<Io> = {}): { readonly cli: Pick<Cli, 'io' | 'say'>; readonly said: string[] } {
  const said: string[] = [];
  const surroundings: Io = {
    out: (text) => void said.push(text),
    err: (text) => void said.push(text),
    tty: false,
    env: {},
    clock: quickClock(),
    signal: new AbortController().signal,
    ...io,
  };
  return { cli: { io: surroundings, say: ({ en }) => en }, said };
}

const withDirty = (...dirty: readonly number[]) => {
  const { status } = fakeService(systemClock);
  let asked = 0;
  return { status: async () => ({ ...(await status()), dirty: dirty[Math.min(asked++, dirty.length - 1)] ?? 0 }) };
};

test('a command waits until the running program has recomputed, and says nothing then', async () => {
  const { cli, said } = waiting();
  const service = withDirty(2, 1, 0);
  await untilSettled(cli, service);
  expect(said).toEqual([]);
});

test('whoever does not wait for the totals any longer says so', async () => {
  const { cli, said } = waiting();
  const began = cli.io.clock.now();
  await untilSettled(cli, withDirty(1));
  expect(said).toEqual([SAID]);
  expect(cli.io.clock.now() - began).toBe(30_000);
});

test('Ctrl-C ends the waiting, and the command comes to its answer', async () => {
  const ending = new AbortController();
  const { cli, said } = waiting({ clock: systemClock, signal: ending.signal });
  const waited = untilSettled(cli, withDirty(1));
  ending.abort(new Error('ended by SIGINT'));
  await waited;
  expect(said).toEqual([SAID]);
});

test('Ctrl-C ends the waiting for a running program that does not so much as answer', async () => {
  const ending = new AbortController();
  const server = createServer(() => ending.abort(new Error('ended by SIGINT'))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  const { cli, said } = waiting({ signal: ending.signal });
  await untilBooked(cli, `http://127.0.0.1:${at.port}`);
  expect(said).toEqual([SAID]);
  server.closeAllConnections();
  server.close();
});

test('a failure of the books is no end of patience', async () => {
  const { cli } = waiting();
  const status = () => Promise.reject(new Error('no books'));
  await expect(untilSettled(cli, { status })).rejects.toThrow('no books');
});
