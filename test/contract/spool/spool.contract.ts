import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FrameDraft, frameSchema } from '../../../pipeline/domain/index.ts';
import type { Spool } from '../../../collectors/spool/port.ts';

/** What an adapter's test provides: a spool on a disk of its own. */
export interface SpoolHarness {
  readonly open: () => Promise<Spool>;
  /** The process ends without a word; the disk stays as it is. */
  readonly crash: (spool: Spool) => Promise<void>;
  readonly remove: () => Promise<void>;
}

const draft = (i: number, device = `dev-${i % 3}`): FrameDraft => ({
  site: 'gz-xzzx',
  device,
  at: 1_767_225_600_000 + i * 60_000,
  r: [['e1', i]],
});
const drafts = (from: number, to: number): FrameDraft[] => Array.from({ length: to - from }, (_, i) => draft(from + i));

const valuesOf = async (spool: Spool): Promise<readonly (readonly [seq: number, value: number | undefined])[]> => {
  const values: (readonly [number, number | undefined])[] = [];
  for (const [from, to] of spool.pending()) {
    for (let at = from; at < to;) {
      const frames = await spool.peek([at, to]);
      for (const { seq, device, value } of frames) {
        const frame = frameSchema.parse(JSON.parse(Buffer.from(value).toString()));
        expect([frame.src, frame.seq, frame.device]).toEqual([spool.src, seq, device]);
        values.push([seq, frame.r[0]?.[1]]);
      }
      at = (frames.at(-1)?.seq ?? to) + 1;
    }
  }
  return values;
};

/** The conformance suite of collectors/spool/port.ts (Spool): every adapter passes all of it. */
export function describeSpool(name: string, create: () => Promise<SpoolHarness>): void {
  describe(`the spool ${name}`, () => {
    let harness: SpoolHarness;
    let spool: Spool;

    beforeEach(async () => {
      harness = await create();
      spool = await harness.open();
    });
    afterEach(async () => {
      await spool.close();
      await harness.remove();
    });

    const again = async (): Promise<void> => {
      await harness.crash(spool);
      spool = await harness.open();
    };

    it('numbers frames from 0 without a gap, in the order of the calls, also when nobody waited for them', async () => {
      await Promise.all([spool.append(drafts(0, 3)), spool.append(drafts(3, 4)), spool.append(drafts(4, 9))]);
      expect(await valuesOf(spool)).toEqual(Array.from({ length: 9 }, (_, i) => [i, i]));
      expect(spool.pending()).toEqual([[0, 9]]);
      expect(spool.depth().frames).toBe(9);
    });

    it('has all that it acknowledged to a collector after a crash, under the same src, and numbers on', async () => {
      const { src } = spool;
      await spool.append(drafts(0, 5));
      await again();
      expect(spool.src).toBe(src);
      await spool.append(drafts(5, 7));
      expect(await valuesOf(spool)).toEqual(Array.from({ length: 7 }, (_, i) => [i, i]));
    });

    it('lets go of what the log has, be it in the middle, and keeps the rest over a crash', async () => {
      await spool.append(drafts(0, 10));
      await spool.acknowledge([3, 6]);
      expect(spool.pending()).toEqual([
        [0, 3],
        [6, 10],
      ]);
      await again();
      expect((await valuesOf(spool)).map(([seq]) => seq)).toEqual([0, 1, 2, 6, 7, 8, 9]);
      await spool.acknowledge([0, 10]);
      expect(spool.pending()).toEqual([]);
      await again();
      await spool.append(drafts(10, 11));
      expect(await valuesOf(spool)).toEqual([[10, 10]]);
    });

    it('takes an acknowledgement twice', async () => {
      await spool.append(drafts(0, 4));
      await spool.acknowledge([0, 2]);
      await spool.acknowledge([0, 2]);
      await spool.acknowledge([1, 3]);
      expect(spool.pending()).toEqual([[3, 4]]);
      expect(spool.depth().frames).toBe(1);
    });
  });
}
