import { openBooks } from '../../../pipeline/books/index.ts';
import { createWorker, keepSettled, openService, sqlStore } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { liveLog } from './live-log.ts';
import { yearOf } from './year.ts';

/** A stream worker and a settler beside the readers, as `civicmeter stream` is a process of its own. Says how many readings came when told to stop. */
const [dsn = '', seed = '', institutions = ''] = process.argv.slice(2);
const telemetry = silentTelemetry();
const clock = systemClock;
const stop = new AbortController();
const books = await openBooks({ dsn, telemetry });
const service = openService({ books, clock, telemetry });
const live = liveLog(yearOf(Number(seed), Number(institutions)), stop.signal);
const worker = createWorker({ store: sqlStore(books), log: live.log, clock, telemetry });
const running = Promise.all([worker.run(stop.signal), keepSettled(service, { clock, telemetry }, stop.signal)]);
process.once('message', () => stop.abort());
await running;
await service.stop();
await books.close();
process.send?.(live.sent());
process.disconnect();
