import { afterAll, expect, it, onTestFinished } from 'vitest';
import { stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

it('an event that waits for its second person is listed at once, also by a service that has read the site before', async () => {
  const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-20');
  onTestFinished(site.close);
  const { service } = site;
  expect(await service.events(SITE)).toEqual([]);
  const exclude = {
    kind: 'exclude',
    device: 'd-p',
    register: 'e',
    from: local('2026-03-02T05:00'),
    to: local('2026-03-02T06:00'),
  } as const;
  const proposed = await service.recordEvent(SITE, exclude, { by: 'wang', reason: 'test of the line' });
  expect(await service.events(SITE)).toEqual([proposed]);
  const confirmed = await service.confirmEvent(proposed.id, 'li');
  expect(await service.events(SITE)).toEqual([confirmed]);
  await expect(service.events('elsewhere')).rejects.toMatchObject({ code: 'SITE_UNKNOWN' });
});
