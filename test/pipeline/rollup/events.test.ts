import { afterAll, expect, it, onTestFinished } from 'vitest';
import { rational } from '../../../pipeline/domain/index.ts';
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

it('an event that cannot be there is unknown, however large its number', async () => {
  const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-20');
  onTestFinished(site.close);
  const claim = { by: 'wang', reason: 'test' };
  const body = { kind: 'multiplier', point: 'p', from: local('2026-03-02T00:00'), multiplier: rational(2) } as const;
  for (const id of [7, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    await expect(site.service.confirmEvent(id, 'li')).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
    await expect(site.service.recordEvent(SITE, body, { ...claim, supersedes: id })).rejects.toMatchObject({
      code: 'EVENT_UNKNOWN',
    });
  }
});

it('a multiplier is one that a site file takes: with 0 a point would use nothing', async () => {
  const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-20');
  onTestFinished(site.close);
  const claim = { by: 'wang', reason: 'test' };
  const at = local('2026-03-02T00:00');
  for (const multiplier of [rational(0), rational(1, 2), rational(1_000_001)]) {
    const bodies = [
      { kind: 'multiplier', point: 'p', from: at, multiplier },
      { kind: 'replacement', point: 'p', at, serial: 's2', multiplier },
    ] as const;
    for (const body of bodies)
      await expect(site.service.recordEvent(SITE, body, claim)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
  }
});

it('a replacement puts the new meter on a counter of the site that no other point is read from then', async () => {
  const registry = smallRegistry([{ point: 'p' }, { point: 'x', mounting: { removedAt: local('2026-03-10') } }]);
  const site = await openSmallSite(registry, '2026-03-20');
  onTestFinished(site.close);
  const replace = (at: string, register: { readonly device: string; readonly register?: string }) =>
    site.service.recordEvent(
      SITE,
      { kind: 'replacement', point: 'p', at: local(at), serial: 's2', ...register },
      { by: 'wang', reason: 'broken' },
    );
  for (const [register, message] of [
    [{ device: 'd-nowhere' }, 'there is no counter d-nowhere/e'],
    [{ device: 'd-p', register: 'q' }, 'there is no counter d-p/q'],
    [{ device: 'd-x' }, 'd-x/e is read for the point "x"'],
  ] as const)
    await expect(replace('2026-03-05T10:00', register)).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining(message),
    });
  expect(await replace('2026-03-10T00:00', { device: 'd-x' })).toMatchObject({ state: 'active' });
});
