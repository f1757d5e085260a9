import { createTelemetry, silentLogger, systemClock } from '#platform';
import { openSpool } from '../../collectors/spool/spool.ts';

const FRAMES_PER_READ = 2_000;

/** Gives what is in a spool, frame by frame, from its first. Our own frames: their shape is trusted. */
export async function eachFrame<T>(file: string, take: (frame: T) => void): Promise<void> {
  const spool = await openSpool({ file, clock: systemClock, telemetry: createTelemetry(silentLogger()) });
  try {
    for (let from = 0; from < spool.bounds().high;) {
      const records = await spool.read(from, FRAMES_PER_READ);
      for (const { value } of records) take(JSON.parse(Buffer.from(value).toString()) as T);
      from += records.length;
    }
  } finally {
    await spool.close();
  }
}
