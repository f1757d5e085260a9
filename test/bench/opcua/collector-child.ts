import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createTelemetry, systemClock } from '#platform';
import { createOpcUaCollectors } from '../../../collectors/opcua/index.ts';
import { COMMIT_GATHER_MS, openSpool } from '../../../collectors/spool/spool.ts';
import { createSupervisor } from '../../../collectors/supervisor.ts';
import { meter } from '../usage.ts';
import { MODEL, planOf, SITE } from './site.ts';
import type { ClientTask } from './task.ts';

/** The collectors of a site as the program runs them: supervisor, sessions, spool with its thread and its fsync, log file. */
const { endpoint, devices, security, certificates, warmUpSeconds, seconds, file, log }: ClientTask = JSON.parse(
  process.argv[2] ?? '',
);
const POLL_MS = 100;
const LONGEST_START_MS = 60_000;
const telemetry = createTelemetry(createLogger({ file: log }));
const spool = await openSpool({ file, clock: systemClock, telemetry, gatherMs: COMMIT_GATHER_MS });
let spooled = 0;
const supervisor = createSupervisor({
  plan: planOf(endpoint, security, devices),
  models: new Map([[MODEL.id, MODEL]]),
  context: {
    site: SITE,
    deliver: async (frames) => {
      await spool.append(frames);
      for (const frame of frames) spooled += frame.r.length;
    },
    clock: systemClock,
    random: Math.random,
    telemetry,
  },
  create: {
    opcua: createOpcUaCollectors({ certificates }),
    modbus: () => {
      throw new Error('this site has no Modbus');
    },
  },
});
// without the bench nobody would end it
process.once('disconnect', () => process.exit());
const stop = new AbortController();
const running = supervisor.run(stop.signal);

const isReading = (): boolean =>
  supervisor.health().every((line) => line.units.every((unit) => unit.state === 'answering'));
for (const deadline = Date.now() + LONGEST_START_MS; !isReading(); await sleep(POLL_MS)) {
  if (Date.now() > deadline) throw new Error(`not every device is read after ${LONGEST_START_MS} ms; see ${log}`);
}
await sleep(warmUpSeconds * 1_000);
const from = Date.now();
const usage = meter(() => spooled);
await sleep(seconds * 1_000);
process.send?.({ usage: usage(), from, to: Date.now() });

// whatever the servers had sent by then is a frame at the latest after the next read
await once(process, 'message');
stop.abort();
await running;
await spool.close();
process.send?.({ events: await telemetry.counts() });
process.disconnect();
