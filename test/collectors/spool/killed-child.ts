import { createTelemetry, silentLogger, systemClock } from '#platform';
import { openSpool } from '../../../collectors/spool/spool.ts';

/** Appends ten frames at a time for ever, and says after each call how many are durable. Ends by being killed. */
const file = process.argv[2] ?? '';
const spool = await openSpool({ file, clock: systemClock, telemetry: createTelemetry(silentLogger()) });
for (let at = 0; ; at++) {
  await spool.append(
    Array.from({ length: 10 }, (_, i) => ({ site: 's', device: `d${i}`, at, r: [['e1', at]] as const })),
  );
  process.send?.(spool.bounds().high);
}
