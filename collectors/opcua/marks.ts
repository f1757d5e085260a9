import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { OpcUaDevice } from './device.ts';

/** Device, register, source time (epoch ms) of what was stored last. */
const marksSchema = z.record(z.string(), z.record(z.string(), z.int()));

/** A mark that is older costs values that are fetched twice, which the books take for one. */
const SAVE_MS = 60_000;

export interface MarkFile {
  /** Tells the devices what was sent before this process began. A file that is missing or spoilt tells nothing. */
  readonly restore: (units: readonly OpcUaDevice[]) => Promise<void>;
  /** After frames were stored: now and then, or at once at the end of a session. Never rejects. */
  readonly save: (units: readonly OpcUaDevice[], now: number, atOnce?: boolean) => Promise<void>;
}

/** Where each register stands, kept over restarts of the program, so that the time it did not run is a gap that history can fill. */
export function markFile(folder: string, connection: string): MarkFile {
  const file = join(folder, `${connection}.json`);
  let savedAt = -Infinity;
  return {
    restore: async (units) => {
      const text = await readFile(file, 'utf8').catch(() => '{}');
      const parsed = marksSchema.safeParse(parseJson(text));
      if (!parsed.success) return;
      for (const { device, buffer } of units) {
        for (const [register, at] of Object.entries(parsed.data[device.id] ?? {})) buffer.noteSent(register, at);
      }
    },
    save: async (units, now, atOnce = false) => {
      if (!atOnce && Math.abs(now - savedAt) < SAVE_MS) return;
      savedAt = now;
      const marks = Object.fromEntries(units.map((unit) => [unit.device.id, marksOfDevice(unit)]));
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(`${file}.new`, `${JSON.stringify(marks)}\n`);
        await rename(`${file}.new`, file);
      } catch {
        // a full disk: the spool says so, and an old mark only costs time
      }
    },
  };
}

/** Never beyond a gap that waits: the next process must find it. */
const marksOfDevice = ({ nodes, buffer, gaps }: OpcUaDevice): Readonly<Record<string, number>> =>
  Object.fromEntries(
    nodes.flatMap((node) => {
      const at = buffer.sentAt(node.register.name);
      const waiting = gaps.filter((gap) => gap.node === node).map(({ from }) => from - 1);
      return at === undefined ? [] : [[node.register.name, Math.min(at, ...waiting)]];
    }),
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
