import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { emptyDisk, memorySpool } from '../../support/memory-spool.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { describeSpool } from './spool.contract.ts';

describeSpool('in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spool-'));
  const file = join(folder, 'spool.sqlite');
  return {
    open: () => openSpool({ file, clock: systemClock, telemetry: silentTelemetry(), lockTimeoutMs: 50 }),
    crash: (spool) => spool.close(),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describeSpool('in memory', async () => {
  const disk = emptyDisk('0000000a');
  return {
    open: async () => memorySpool(disk),
    crash: async () => undefined,
    remove: async () => undefined,
  };
});

describe('a spool in memory', () => {
  it('loses at a crash what was not yet synced, and has acknowledged none of it', async () => {
    const disk = emptyDisk('0000000a');
    const spool = memorySpool(disk, () => new Promise(() => undefined));
    let acknowledged = false;
    void spool.append([{ site: 's', device: 'd', at: 0, r: [['e', 1]] }]).then(() => {
      acknowledged = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(false);
    expect(memorySpool(disk).depth().frames).toBe(0);
  });
});
