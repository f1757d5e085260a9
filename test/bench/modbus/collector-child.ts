import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createTelemetry, systemClock } from '#platform';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { COMMIT_GATHER_MS, openSpool } from '../../../collectors/spool/spool.ts';
import { createSupervisor } from '../../../collectors/supervisor.ts';
import { meter } from '../usage.ts';
import { MODEL, planOf, REGISTERS, SITE } from './site.ts';
import type { ChildTask } from './task.ts';

/**
 * The collectors of a site as the program runs them: supervisor, lines, spool with its thread and its fsync, log file. Sends
 * what it spent; is told how many frames there must be, waits for them, and ends.
 */
const LONGEST_WAIT_MS = 10_000;

const { ports, intervalMs, warmUpSeconds, seconds, file, log }: ChildTask = JSON.parse(process.argv[2] ?? '');
const telemetry = createTelemetry(createLogger({ file: log }));
const spool = await openSpool({ file, clock: systemClock, telemetry, gatherMs: COMMIT_GATHER_MS });
const supervisor = createSupervisor({
  plan: planOf(ports, intervalMs),
  models: new Map([[MODEL.id, MODEL]]),
  context: { site: SITE, deliver: spool.append, clock: systemClock, random: Math.random, telemetry },
  create: {
    modbus: createModbusCollector,
    opcua: () => {
      throw new Error('this site has no OPC UA');
    },
  },
});
// without the bench nobody would end it
process.once('disconnect', () => process.exit());
const stop = new AbortController();
const running = supervisor.run(stop.signal);

await sleep(warmUpSeconds * 1_000);
const usage = meter(() => spool.bounds().high * REGISTERS);
await sleep(seconds * 1_000);
process.send?.({ usage: usage() });

const [frames] = await once(process, 'message');
const deadline = Date.now() + LONGEST_WAIT_MS;
while (spool.bounds().high < Number(frames) && Date.now() < deadline) await sleep(20);
stop.abort();
await running;
await spool.close();
process.send?.({ events: await telemetry.counts() });
process.disconnect();
