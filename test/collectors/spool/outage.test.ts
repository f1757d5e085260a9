import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DAY, MINUTE, seqSetOf, storeError } from '#domain';
import { createTelemetry, silentLogger } from '#platform';
import { runRelay } from '../../../collectors/spool/relay.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { turnedClock } from '../../support/turned-clock.ts';

const T0 = 1_767_225_600_000;
const DEVICES = 20;
const INTERVAL = 5 * MINUTE;
const OUTAGE = 3 * DAY;
const RATE = 4;
/** The line carries this many frames per second. */
const LINE_RATE = 12;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('after three days without a line every frame arrives once, and live values are never older than two intervals while it drains', async () => {
  const clock = turnedClock(T0);
  const telemetry = createTelemetry(silentLogger());
  const spool = await openSpool({ file: join(folder, 'spool.db'), clock, telemetry });
  const stopping = new AbortController();
  let lineUp = false;
  /** Frames as they arrived. */
  const arrived = new Map<number, number>();
  const newest = new Map<string, number>();
  const waitedAt: { at: number; frames: number }[] = [];
  const relay = runRelay(
    {
      spool,
      deliver: async (frames) => {
        if (!lineUp) throw storeError('LOG_APPEND_FAILED', 'no line');
        await clock.sleep((frames.length / LINE_RATE) * 1_000);
        for (const { seq, device, value } of frames) {
          const { at } = JSON.parse(Buffer.from(value).toString()) as { at: number };
          arrived.set(seq, (arrived.get(seq) ?? 0) + 1);
          newest.set(device, Math.max(newest.get(device) ?? 0, at));
        }
        return seqSetOf(frames.map(({ seq }) => [seq, seq + 1]));
      },
      clock,
      random: () => 1,
      telemetry,
      framesPerSecond: RATE,
    },
    stopping.signal,
  );
  /** Lets the relay do what it can at this instant: it rests, or it waits for frames with an empty spool. */
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = clock.sleepers() > 0 || spool.depth().frames === 0 ? quiet + 1 : 0;
    }
  };
  const passUntil = async (to: number): Promise<void> => {
    for (let wake = clock.firstWake(); wake !== undefined && wake <= to; wake = clock.firstWake()) {
      clock.turnTo(wake);
      await settle();
    }
    clock.turnTo(to);
    await settle();
  };
  let polls = 0;
  const poll = async (): Promise<void> => {
    const at = T0 + polls++ * INTERVAL;
    await passUntil(at);
    await spool.append(
      Array.from({ length: DEVICES }, (_, i) => ({ site: 's', device: `d-${i}`, at, r: [['e1', polls]] as const })),
    );
    await settle();
  };

  while (polls * INTERVAL < OUTAGE) await poll();
  const waiting = spool.depth().frames;
  expect(waiting).toBe((OUTAGE / INTERVAL) * DEVICES);
  expect(arrived.size).toBe(0);

  lineUp = true;
  const upAt = clock.now();
  while (spool.depth().frames > DEVICES) {
    await poll();
    waitedAt.push({ at: clock.now(), frames: spool.depth().frames });
    // back-off may hold the first attempt up by half a minute
    if (clock.now() - upAt < 2 * INTERVAL) continue;
    for (const at of newest.values()) expect(clock.now() - at).toBeLessThanOrEqual(2 * INTERVAL);
    expect(newest.size).toBe(DEVICES);
  }
  await passUntil(clock.now() + INTERVAL);
  expect(spool.pending()).toEqual([]);
  expect(arrived.size).toBe(polls * DEVICES);
  expect(new Set(arrived.values())).toEqual(new Set([1]));
  // at its rate, and not by leaps
  expect(waitedAt.at(-1)?.at ?? 0).toBeGreaterThan(upAt + ((waiting / RATE) * 1_000) / 1.2);
  stopping.abort();
  await relay;
  await spool.close();
});
