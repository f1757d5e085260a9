import { afterAll, afterEach } from 'vitest';
import { stopPostgres } from './postgres.ts';
import { openSmallSite, type SmallSite } from './small-site.ts';

/** `openSmallSite` for a file of tests: what a test has opened is closed after it, the server after all. */
export function sitePerTest(): typeof openSmallSite {
  const open: SmallSite[] = [];
  afterEach(async () => {
    for (const site of open.splice(0)) await site.close();
  });
  afterAll(stopPostgres);
  return async (registry, now) => {
    const site = await openSmallSite(registry, now);
    open.push(site);
    return site;
  };
}
