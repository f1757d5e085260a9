import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createTelemetry, silentLogger, systemClock } from '../../../pipeline/platform/index.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';

/** Appends frames one after the other and says so on standard output as each is acknowledged: for a tracer to watch. */
const [folder = '.', count = '1'] = process.argv.slice(2);
const telemetry = createTelemetry(silentLogger());
const spool = await openSpool({ file: join(folder, 'spool.sqlite'), clock: systemClock, telemetry });
for (let i = 0; i < Number(count); i++) {
  await spool.append([{ site: 's', device: 'd', at: 1_767_225_600_000 + i * 1_000, r: [['e', i]] }]);
  writeSync(1, `acknowledged ${i}\n`);
}
await spool.close();
