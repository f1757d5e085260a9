import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Collector, CollectorContext } from '../../../collectors/contract.ts';
import { recordingContext, until } from '../../support/collector-context.ts';

/** What the suite needs of a protocol: a server in the field with one device on it, and a collector that reads it. */
export interface CollectorRig {
  /** A collector with one device `m1`, polled (or published) several times a second. */
  readonly collector: (context: CollectorContext) => Collector;
  /** What a whole frame of `m1` holds, by register. */
  readonly whole: Readonly<Record<string, number>>;
  /** The server goes away; existing connections end. */
  readonly down: () => Promise<void>;
  /** The server is back at the same address. */
  readonly up: () => Promise<void>;
  /** Connections to the server that are open now. */
  readonly openConnections: () => number;
  readonly close: () => Promise<void>;
}

/** The behaviour that every collector owes (collectors/contract.ts), whatever its protocol. */
export function collectorContract(name: string, start: () => Promise<CollectorRig>, deadlineMs = 10_000): void {
  describe(`the contract of a collector: ${name}`, () => {
    let rig: CollectorRig;
    beforeEach(async () => {
      rig = await start();
    });
    afterEach(() => rig.close());

    const begin = (collector: Collector) => {
      const abort = new AbortController();
      const running = collector.run(abort.signal);
      return async (): Promise<void> => {
        abort.abort();
        await running;
      };
    };

    test('delivers what the device holds, under the names of site and device', async () => {
      const context = recordingContext();
      const end = begin(rig.collector(context));
      await until('a frame', () => context.frames.length > 0, deadlineMs);
      await end();
      for (const frame of context.frames) {
        expect([frame.site, frame.device]).toEqual(['site-1', 'm1']);
        expect(Math.abs(Date.now() - frame.at)).toBeLessThan(60_000);
        for (const [register, value] of frame.r) expect(value).toBe(rig.whole[register]);
      }
      const seen = new Set(context.frames.flatMap((f) => f.r.map(([register]) => register)));
      expect(seen).toEqual(new Set(Object.keys(rig.whole)));
    });

    test('delivers nothing after its run has ended, and leaves no connection behind', async () => {
      const context = recordingContext();
      const end = begin(rig.collector(context));
      await until('a frame', () => context.frames.length > 0, deadlineMs);
      await end();
      const delivered = context.frames.length;
      await until('the connection is closed', () => rig.openConnections() === 0, deadlineMs);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(context.frames.length).toBe(delivered);
    });

    test('runs again after it has ended', async () => {
      const context = recordingContext();
      const collector = rig.collector(context);
      for (let run = 0; run < 2; run++) {
        const before = context.frames.length;
        const end = begin(collector);
        await until(`a frame in run ${run}`, () => context.frames.length > before, deadlineMs);
        expect(collector.health()).toMatchObject({ state: 'open', units: [{ device: 'm1', state: 'answering' }] });
        await end();
        expect(collector.health().state).toBe('closed');
      }
    });

    test('ends at once where the signal has aborted before, or aborts while the server is away', async () => {
      const context = recordingContext();
      await rig.collector(context).run(AbortSignal.abort());
      expect(context.frames).toEqual([]);
      await rig.down();
      const end = begin(rig.collector(context));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await end();
      expect(context.frames).toEqual([]);
    });

    test('does not end, let alone throw, because the server is away; values resume by themselves', async () => {
      await rig.down();
      const context = recordingContext();
      const collector = rig.collector(context);
      const end = begin(collector);
      await until('an event says so', () => context.events.some((e) => e.level === 'warn'), deadlineMs);
      expect(collector.health().state).not.toBe('open');
      await rig.up();
      await until('a frame', () => context.frames.length > 0, deadlineMs);
      await rig.down();
      const before = context.frames.length;
      await rig.up();
      await until('a frame after the second outage', () => context.frames.length > before + 1, deadlineMs);
      await end();
    });
  });
}
