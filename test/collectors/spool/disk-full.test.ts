import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FrameDraft } from '#domain';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { mountDisk, skipDisk, unmountDisk } from '../../support/small-disk.ts';

const MIB = 1024 * 1024;
const drafts = (count: number): FrameDraft[] =>
  Array.from({ length: count }, (_, i) => ({ site: 's', device: 'd', at: i, r: [['e1', i]] as const }));

const DISK = 'size=12m';

describe.skipIf(skipDisk(DISK))('on a disk that is full', () => {
  let disk: string;
  let spool: SpoolFile;
  beforeEach(() => {
    disk = mountDisk(DISK) ?? '';
  });
  afterEach(async () => {
    await spool.close();
    unmountDisk(disk);
  });

  const open = async (whenFull: 'wait' | 'reject', telemetry = createTelemetry(silentLogger())): Promise<void> => {
    const clock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(20, signal) };
    spool = await openSpool({ file: join(disk, 'spool.db'), clock, telemetry, whenFull });
  };
  const fill = async (): Promise<number> => {
    for (let taken = 0; ; taken += 500) {
      const failure: unknown = await spool.append(drafts(500)).catch((error: unknown) => error);
      if (failure === undefined) continue;
      expect(failure).toMatchObject({ code: 'SPOOL_FULL', retryable: true });
      return taken;
    }
  };

  it('nothing that was taken is lost, and it can be emptied with what it left free, and goes on', async () => {
    await open('reject');
    const taken = await fill();
    expect(taken).toBeGreaterThan(5_000);
    expect(spool.pending()).toEqual([[0, taken]]);
    for (let to = taken; to > 0; to -= 500) await spool.acknowledge([Math.max(0, to - 500), to]);
    expect(spool.pending()).toEqual([]);
    await spool.append(drafts(500));
    expect(spool.pending()).toEqual([[taken, taken + 500]]);
  });

  it('callers wait, it is told once, and they go on by themselves when there is room', async () => {
    const telemetry = createTelemetry(silentLogger());
    writeFileSync(join(disk, 'other'), Buffer.alloc(11.7 * MIB));
    await open('wait', telemetry);
    let done = false;
    const append = spool.append(drafts(500)).then(() => (done = true));
    await expect
      .poll(() => telemetry.counts())
      .toMatchObject({ 'civicmeter_spool_stalled_total{code="SPOOL_FULL"}': 1 });
    expect(done).toBe(false);
    rmSync(join(disk, 'other'));
    await append;
    expect(spool.pending()).toEqual([[0, 500]]);
    expect(await telemetry.counts()).toMatchObject({ civicmeter_spool_resumed_total: 1 });
  });
});
