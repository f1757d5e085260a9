import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextDue, phaseOf } from '../../../collectors/modbus/schedule.ts';
import { meter } from '../usage.ts';
import { REGISTERS } from './site.ts';
import type { ChildTask } from './task.ts';

/** The least that asks the same: a socket per device, the same request at the same instants, the answer's bytes counted and thrown away. */
const REPLY_BYTES = 9 + 2 * REGISTERS;

const { ports, intervalMs, warmUpSeconds, seconds }: ChildTask = JSON.parse(process.argv[2] ?? '');
let replies = 0;

ports.forEach((port, i) => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const request = Buffer.from([0, 0, 0, 0, 0, 6, i + 1, 3, 0, 0, 0, REGISTERS]);
  const phase = phaseOf(`d${i + 1}`, intervalMs);
  const ask = (): void => {
    socket.write(request);
  };
  let due = 0;
  const askWhenDue = (): void => {
    if (intervalMs === 1) return ask();
    const now = Date.now();
    // a timer can fire a little early, which must not make two requests of one
    due = nextDue(Math.max(now, due), intervalMs, phase);
    setTimeout(ask, due - now);
  };
  let got = 0;
  socket.on('data', (data) => {
    got += data.length;
    if (got < REPLY_BYTES) return;
    got -= REPLY_BYTES;
    replies += 1;
    askWhenDue();
  });
  socket.on('connect', ask);
});

await sleep(warmUpSeconds * 1_000);
const usage = meter(() => replies * REGISTERS);
await sleep(seconds * 1_000);
process.send?.({ usage: usage() }, () => process.exit());
