import { afterAll, describe, expect, it } from 'vitest';
import { FINDING_KINDS } from '../../../pipeline/domain/index.ts';
import type { FindingAnswer } from '../../../pipeline/index.ts';
import { cureOf } from '../../../pipeline/watch/findings.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { hourly, local, openSmallSite, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

async function everyPage(site: SmallSite, limit: number): Promise<readonly FindingAnswer[]> {
  const all: FindingAnswer[] = [];
  let cursor: string | undefined;
  do {
    const page = await site.service.findings({ site: SITE, limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

describe('findings', () => {
  it('come latest first, page by page, none twice and none left out', async () => {
    const meters = ['p', 'q'].map((point) => ({ point, mounting: { maxRate: 100 } }));
    const site = await openSmallSite(smallRegistry(meters), '2026-03-20');
    try {
      const values = Array.from({ length: 60 }, (_, i) => (i % 9 === 5 ? 0 : 1_000 + i * 10));
      for (const point of ['p', 'q'])
        await site.append(point, [...hourly('2026-03-02', values), [local('2026-03-02T03:00'), 1_031]]);
      await site.feed('p', hourly('2026-03-06', [2_000, 2_010, 90_000]));
      const whole = await everyPage(site, 500);
      expect(await everyPage(site, 3)).toEqual(whole);
      const times = whole.map((f) => f.to);
      expect(times).toEqual(times.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
      const counts: Record<string, number> = {};
      for (const { kind } of whole) counts[kind] = (counts[kind] ?? 0) + 1;
      // the last reading of q is wrong as well, and nothing has come after it
      expect(counts).toEqual({ conflict: 2, gap: 1, outlier: 13, pending: 2 });
      const outliersOfP = await site.service.findings({ site: SITE, kind: 'outlier', point: 'p', limit: 50 });
      expect(outliersOfP.items.map((f) => [f.meter, f.point])).toEqual(Array.from({ length: 7 }, () => ['p/s1', 'p']));
      await expect(site.service.findings({ site: SITE, point: 'nowhere', limit: 50 })).rejects.toMatchObject({
        code: 'POINT_UNKNOWN',
      });
      const crafted = [
        [1.5, 'p/s1', 'gap', 1],
        [1, 'p/s1', 'gap', 1e300],
        [2 ** 60, 'p/s1', 'gap', 1],
        [1, 'p\0', 'gap', 1],
        [1, 'p/s1', '\0', 1],
        [1, 'p/s1', 'gap'],
      ].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
      for (const cursor of ['zzz', ...crafted]) {
        await expect(site.service.findings({ site: SITE, limit: 5, cursor })).rejects.toMatchObject({
          code: 'CURSOR_INVALID',
        });
      }
      for (const cursor of ['1.5', '1e300', '-1', 'x', String(2 ** 60)]) {
        await expect(site.service.quarantine({ site: SITE, limit: 5, cursor })).rejects.toMatchObject({
          code: 'CURSOR_INVALID',
        });
      }
      expect((await site.service.quarantine({ limit: 5, cursor: String(Number.MAX_SAFE_INTEGER) })).items).toEqual([]);
    } finally {
      await site.close();
    }
  });

  it('each say in two languages what a person can do', () => {
    for (const kind of FINDING_KINDS) {
      expect(cureOf(kind).zh).toMatch(/[\u4e00-\u9fff]/);
      expect(cureOf(kind).en).toMatch(/\w+ \w+/);
    }
  });
});
