import { describe, expect, it } from 'vitest';
import { requestError } from '#domain';
import type { Service } from '../../pipeline/service.ts';
import { findChromium } from '../support/chromium.ts';
import { fakeService } from '../support/fake-service.ts';
import { pageClock, pageRig, textOf } from '../support/page-rig.ts';

const executable = findChromium();

describe.skipIf(executable === undefined)('the page in trouble', () => {
  const { serve, visit } = pageRig(executable);

  it('says what is wrong and what to do where a question is refused, and shows the rest', async () => {
    const refusing = await serve({
      findings: () => Promise.reject(requestError('BOOKS_MOVED', 'the findings moved', { cure: 'ask the archive' })),
    });
    const { page } = await visit(refusing);
    await page.waitForSelector('text=the findings moved');
    expect(await textOf(page, '[data-panel=findings]')).toContain('ask the archive');
    await page.waitForSelector('[data-connection=open]');
  });

  it('says that there is no site yet, and how to get one', async () => {
    const empty = await serve({ sites: async () => [] });
    const { page, complaints } = await visit(empty);
    await page.waitForSelector('text=账中还没有任何站点');
    expect(complaints).toEqual([]);
  });

  it('notices that the server went away, and comes back with it', async () => {
    const first = await serve();
    const fake = fakeService(pageClock);
    const port = Number(new URL(first.address).port);
    const { page } = await visit(first);
    await page.waitForSelector('[data-connection=open]');
    await first.close();
    await page.waitForSelector('[data-connection=lost]');
    // what is shown of the meters is of then, and says so
    expect(await textOf(page, '[data-panel=summary] [data-stopped]')).toMatch(/^连接中断，数值停在 2026-03-12 14:2/);
    expect(await page.locator('[data-panel=meters] [data-stopped]').count()).toBe(1);
    await page.locator('[data-panel=month] button.figure').first().click();
    await page.waitForSelector('.ant-drawer >> text=服务没有应答');
    await page.keyboard.press('Escape');
    // with one meter less
    const live: Service['live'] = async (site) =>
      (await fake.live(site)).filter(({ device }) => device !== 'dev-p-hall');
    await serve({ live }, { port });
    await page.waitForSelector('[data-connection=open]');
    expect(await textOf(page, '[data-connection]')).toContain('实时');
    expect(await page.locator('[data-stopped]').count()).toBe(0);
    await expect
      .poll(() => page.locator('[data-panel=meters] tbody tr.ant-table-row').count(), { timeout: 8_000 })
      .toBe(14);
  });

  it('notices that nothing is heard of the server any more, and asks anew', async () => {
    const { page } = await visit(await serve(), { clock: true });
    await page.waitForSelector('[data-connection=open]');
    const stream = '**/live/stream*';
    await page.route(stream, (route) => route.abort());
    await page.clock.fastForward(41_000);
    await page.waitForSelector('[data-connection=lost]');
    expect(await page.locator('[data-stopped]').count()).toBeGreaterThan(0);
    await page.unroute(stream);
    await page.waitForSelector('[data-connection=open]');
    expect(await page.locator('[data-stopped]').count()).toBe(0);
  });

  it('claims no balance where an answer is missing, and keeps what came together before', async () => {
    let refuse = true;
    const fake = fakeService(pageClock);
    const partly = await serve({
      usage: (query) =>
        refuse && query.subject.kind === 'unallocated'
          ? Promise.reject(requestError('BOOKS_MOVED', 'the books moved', { cure: 'ask again' }))
          : fake.usage(query),
    });
    const { page } = await visit(partly);
    const month = page.locator('[data-panel=month]');
    await month.getByText('the books moved').waitFor();
    expect(await month.locator('[data-balance]').count()).toBe(0);
    refuse = false;
    await month.getByRole('button', { name: '重试' }).click();
    await month.locator('[data-balance=even]').waitFor();
    expect(await month.locator('.ant-alert').count()).toBe(0);
  });

  it('does not take a site for empty whose points did not come', async () => {
    const refusing = await serve({ points: () => Promise.reject(requestError('BOOKS_MOVED', 'the points moved', {})) });
    const { page } = await visit(refusing);
    await page.waitForSelector('text=the points moved');
    expect(await textOf(page, '[data-panel=month]')).not.toContain('无数据');
  });

  it('asks both weeks again where one of them did not come', async () => {
    const fake = fakeService(pageClock);
    let refuse = true;
    const partly = await serve({
      usage: (query) =>
        refuse && query.by === 'hour' && query.interval.to < pageClock.now()
          ? Promise.reject(requestError('BOOKS_MOVED', 'last week moved', { cure: 'ask again' }))
          : fake.usage(query),
    });
    const { page } = await visit(partly);
    const compare = page.locator('[data-panel=compare]');
    await compare.getByText('last week moved').waitFor();
    refuse = false;
    await compare.getByRole('button', { name: '重试' }).click();
    await expect.poll(() => compare.getByRole('img', { name: '今日对比上周同日' }).count()).toBe(1);
  });
});
