import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { openEmbeddedLog } from '../../../pipeline/log/embedded/log.ts';
import { describeLog } from './log.contract.ts';

describeLog('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const file = join(folder, 'spool.db');
  let spool: SpoolFile | undefined;
  const close = async (): Promise<void> => {
    await spool?.close();
    spool = undefined;
  };
  return {
    open: async () => {
      await close();
      const telemetry = createTelemetry(silentLogger());
      const opened = await openSpool({ file, clock: systemClock, telemetry, keepMs: 400 * 86_400_000 });
      spool = opened;
      return openEmbeddedLog({ file: opened });
    },
    recreate: async () => {
      await close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
    forget: async (log, offset) => {
      await log.trim(Date.now() + 60_000, new Map([[0, offset]]));
    },
    remove: async () => {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
