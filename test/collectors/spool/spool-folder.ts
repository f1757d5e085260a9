import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Frame, type FrameDraft, frameSchema } from '#domain';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openSpool, type SpoolOptions } from '../../../collectors/spool/spool.ts';

export const T0 = 1_767_225_600_000;

export const draft = (i: number, device = 'dev-01'): FrameDraft => ({
  site: 'gz-xzzx',
  device,
  at: T0 + i * 900_000,
  r: [
    ['e1', 1_000 + i],
    ['p1', 41_250, 'g'],
  ],
});

export const drafts = (count: number, device?: string): FrameDraft[] =>
  Array.from({ length: count }, (_, i) => draft(i, device));

/** A folder for each test of the file; what was opened in it is closed after. */
export interface SpoolFolder {
  readonly folder: () => string;
  /** The spool's file in it, where `open` is told no other. */
  readonly file: () => string;
  readonly open: (options?: Partial<SpoolOptions>) => Promise<SpoolFile>;
  readonly close: (spool: SpoolFile) => Promise<void>;
}

export function spoolFolder(): SpoolFolder {
  let folder: string;
  const opened: SpoolFile[] = [];
  const file = (): string => join(folder, 'deep', 'er', 'spool.db');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spool-'));
  });
  afterEach(async () => {
    for (const spool of opened.splice(0)) await spool.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder: () => folder,
    file,
    open: async (options = {}) => {
      const telemetry = createTelemetry(silentLogger());
      const spool = await openSpool({ file: file(), clock: systemClock, telemetry, lockTimeoutMs: 50, ...options });
      opened.push(spool);
      return spool;
    },
    close: async (spool) => {
      opened.splice(opened.indexOf(spool), 1);
      await spool.close();
    },
  };
}

export async function frames(spool: SpoolFile): Promise<Frame[]> {
  const all: Frame[] = [];
  for (let at = spool.bounds().low; at < spool.bounds().high;) {
    const read = await spool.read(at, 700);
    for (const { value } of read) all.push(frameSchema.parse(JSON.parse(Buffer.from(value).toString())) as Frame);
    at += read.length;
  }
  return all;
}
