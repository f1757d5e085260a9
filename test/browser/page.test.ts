import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requestError } from '#domain';
import { type Clock, createTelemetry, silentLogger, systemClock } from '#platform';
import type { LineState } from '../../api/http/context.ts';
import { type ApiServer, createServer } from '../../api/http/index.ts';
import { ensureWebBuilt } from '../../api/web/build.ts';
import type { Service } from '../../pipeline/service.ts';
import { closeTrace, findChromium, launchChromium, watchPage } from '../support/chromium.ts';
import { fakeService } from '../support/fake-service.ts';

/** Thursday 2026-03-12 from 14:20 on, in Shanghai. */
const BEGIN = Date.UTC(2026, 2, 12, 6, 20);
const started = Date.now();
const clock: Clock = { ...systemClock, now: () => BEGIN + Date.now() - started };

const unitOf = (device: string, unit: number, ago: number, more: Partial<LineState['units'][number]> = {}) => ({
  device,
  unit,
  intervalMs: 15_000,
  pollMs: 210,
  state: 'answering' as const,
  lastAnswerAt: BEGIN - ago,
  timeouts: 0,
  exceptions: 0,
  ...more,
});

/** A gateway that is well, a serial line that is too slow and has a dead unit, a server that is gone. */
const LINES: readonly LineState[] = [
  {
    connection: 'gw-a',
    kind: 'modbus-tcp',
    address: '10.20.0.11:502',
    state: 'open',
    reopened: 0,
    roundMs: 640,
    share: 0.0427,
    units: [unitOf('a-main', 1, 4_000), unitOf('a-light', 2, 3_000), unitOf('a-aircon', 3, 2_000)],
  },
  {
    connection: 'bus-b',
    kind: 'modbus-rtu',
    address: '/dev/ttyUSB0',
    state: 'open',
    reopened: 4,
    foreignReplies: 17,
    roundMs: 16_300,
    share: 1.087,
    units: [
      unitOf('b-main', 11, 9_000, { timeouts: 1, exceptions: 2 }),
      unitOf('b-light', 12, 26 * 3_600_000, { state: 'silent', timeouts: 1_204, nextAttemptAt: BEGIN + 140_000 }),
    ],
  },
  {
    connection: 'ua-plant',
    kind: 'opcua',
    address: 'opc.tcp://10.20.0.30:4840/plant',
    state: 'closed',
    reopened: 2,
    units: [{ device: 'chiller', intervalMs: 60_000, state: 'not-yet-read', timeouts: 0, exceptions: 0 }],
  },
];

const executable = findChromium();

describe.skipIf(executable === undefined)('the page', () => {
  let browser: Browser;
  let server: ApiServer;
  const ends: (() => Promise<void>)[] = [];

  const serve = async (changes: Partial<Service> = {}): Promise<ApiServer> =>
    createServer({
      service: { ...fakeService(clock), ...changes },
      telemetry: createTelemetry(silentLogger()),
      clock,
      lines: () => LINES,
      spoolDepth: () => ({ frames: 1_204, bytes: 812_000 }),
      webRoot: await ensureWebBuilt(),
      port: 0,
    });

  const visit = async (address: string, width = 1_440) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const watched = watchPage(page, address);
    ends.push(() => page.close());
    await page.goto(address);
    return { page, ...watched };
  };

  const textOf = async (page: Page, selector: string): Promise<string> => (await page.textContent(selector)) ?? '';

  beforeAll(async () => {
    browser = await launchChromium(executable ?? '');
    server = await serve();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it('shows the compound live, the values moving, and asks no other host', async () => {
    const { page, complaints, foreign } = await visit(server.address);
    await page.waitForSelector('[data-connection=open]');
    const before = await textOf(page, '[data-figure=power]');
    expect(before).toMatch(/^\d+\.\d\dkW$/);
    await expect.poll(() => textOf(page, '[data-figure=power]'), { timeout: 8_000 }).not.toBe(before);
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    await page.waitForSelector('[data-panel=compare] svg path');
    expect(await page.locator('[data-panel=meters] tbody tr.ant-table-row').count()).toBe(15);
    expect(await textOf(page, '[data-panel=meters] tbody')).toContain('失联');
    expect(await textOf(page, '[data-panel=findings]')).toContain('如已换表：civicmeter event replacement');
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  });

  it('opens the trace of a figure down to its pairs of readings', async () => {
    const { page, complaints } = await visit(server.address);
    const cell = page
      .locator('[data-panel=month] tbody tr', { hasText: '政务服务中心' })
      .locator('button.figure')
      .first();
    const shown = await cell.textContent();
    await cell.click();
    await page.waitForSelector('[data-trace=centre]');
    expect(await textOf(page, '[data-trace] .big')).toContain(shown);
    await page.getByRole('button', { name: '全部展开' }).click();
    expect(await page.locator('[data-node=share]').count()).toBeGreaterThan(0);
    const span = page.locator('[data-node=span]').first();
    expect(await span.textContent()).toMatch(/floor\(80 × \d+\) − floor\(80 × \d+\)/);
    expect(await page.locator('.check.wrong').count()).toBe(0);
    expect(await page.locator('.check').count()).toBeGreaterThan(0);
    await closeTrace(page);
    expect(complaints).toEqual([]);
  });

  it('speaks Chinese first, and English when told, also after coming back', async () => {
    const { page } = await visit(server.address);
    await page.waitForSelector('text=各场所实时功率');
    await page.getByText('EN', { exact: true }).click();
    await page.waitForSelector('text=Power by premises, live');
    await page.reload();
    await page.waitForSelector('text=Power by premises, live');
    expect(await page.getAttribute('html', 'lang')).toBe('en');
    // what stands on the page in Chinese now is the name of the other language
    const body = await page.locator('#root').innerText();
    expect(body.match(/\p{Script=Han}+/gu)).toEqual(['中文']);
  });

  it('shows each line with its units, load, time-outs, foreign replies, and what waits in the spool', async () => {
    const { page, complaints } = await visit(server.address);
    const line = (name: string) => page.locator('[data-panel=lines] tbody tr.ant-table-row', { hasText: name });
    await line('gw-a').waitFor();
    const said = async (name: string): Promise<string> => (await line(name).innerText()).replaceAll(/\s+/g, ' ');
    expect(await said('gw-a')).toMatch(
      /Modbus TCP · 10\.20\.0\.11:502 3 \/ 3 应答 \d+ (秒|分钟) 640 ms \/ 15 秒 4\.3 % 0 0 0 0/,
    );
    expect(await said('bus-b')).toMatch(
      /Modbus RTU · \/dev\/ttyUSB0 1 \/ 2 应答 \d+ (秒|分钟) 16\.3 秒 \/ 15 秒 109 % 1,205 2 17 4/,
    );
    expect(await said('ua-plant')).toMatch(
      /已断开 OPC UA · opc\.tcp:\/\/10\.20\.0\.30:4840\/plant 0 \/ 1 应答 从未 – 0 0 0 2/,
    );
    expect(await textOf(page, '[data-figure=spool]')).toBe('本机日志 1,204 帧，占盘 812 kB');
    await line('bus-b').locator('.ant-table-row-expand-icon').click();
    const dead = page.locator('.ant-table-expanded-row tr', { hasText: 'b-light' });
    expect(await dead.innerText()).toMatch(/12\s+b-light\s+无应答\s+26 小时[\s\S]*1,204[\s\S]*后/);
    expect(complaints).toEqual([]);
  });

  it('compares an institution by day, because its hours are not allocated', async () => {
    const { page, complaints } = await visit(server.address);
    await page.locator('[data-panel=compare] .ant-select').click();
    await page.locator('.ant-select-item-option', { hasText: '市档案馆' }).click();
    await page.waitForSelector('text=这里按日比较');
    await page.waitForSelector('[data-panel=compare] svg path');
    expect(complaints).toEqual([]);
  });

  it.each([1_920, 1_440, 1_280, 768, 390])('is never wider than a window of %i', async (width) => {
    const { page } = await visit(server.address, width);
    await page.waitForSelector('[data-panel=month] button.figure');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('says what is wrong and what to do where a question is refused, and shows the rest', async () => {
    const refusing = await serve({
      findings: () => Promise.reject(requestError('BOOKS_MOVED', 'the findings moved', { cure: 'ask the archive' })),
    });
    ends.push(refusing.close);
    const { page } = await visit(refusing.address);
    await page.waitForSelector('text=the findings moved');
    expect(await textOf(page, '[data-panel=findings]')).toContain('ask the archive');
    await page.waitForSelector('[data-connection=open]');
  });

  it('says that there is no site yet, and how to get one', async () => {
    const empty = await serve({ sites: async () => [] });
    ends.push(empty.close);
    const { page, complaints } = await visit(empty.address);
    await page.waitForSelector('text=账中还没有任何站点');
    expect(complaints).toEqual([]);
  });

  it('notices that the server went away, and comes back with it', async () => {
    const first = await serve();
    const fake = fakeService(clock);
    const port = Number(new URL(first.address).port);
    const { page } = await visit(first.address);
    await page.waitForSelector('[data-connection=open]');
    await first.close();
    await page.waitForSelector('[data-connection=lost]');
    // what is shown of the meters is of then, and says so
    expect(await textOf(page, '[data-panel=summary] [data-stopped]')).toMatch(/^连接中断，数值停在 2026-03-12 14:2/);
    expect(await page.locator('[data-panel=meters] [data-stopped]').count()).toBe(1);
    await page.locator('[data-panel=month] button.figure').first().click();
    await page.waitForSelector('.ant-drawer >> text=服务没有应答');
    await page.keyboard.press('Escape');
    const again = await createServer({
      // with one meter less
      service: {
        ...fake,
        live: async (site) => (await fake.live(site)).filter(({ device }) => device !== 'dev-p-hall'),
      },
      telemetry: createTelemetry(silentLogger()),
      clock,
      lines: () => [],
      spoolDepth: () => undefined,
      port,
    });
    ends.push(again.close);
    await page.waitForSelector('[data-connection=open]');
    expect(await textOf(page, '[data-connection]')).toContain('实时');
    expect(await page.locator('[data-stopped]').count()).toBe(0);
    expect(await page.locator('[data-panel=meters] tbody tr.ant-table-row').count()).toBe(14);
  });

  it('notices that nothing is heard of the server any more, and asks anew', async () => {
    const page = await browser.newPage();
    ends.push(() => page.close());
    await page.clock.install();
    await page.goto(server.address);
    await page.waitForSelector('[data-connection=open]');
    await page.clock.fastForward(41_000);
    await page.waitForSelector('[data-connection=lost]');
    expect(await page.locator('[data-stopped]').count()).toBeGreaterThan(0);
    await page.waitForSelector('[data-connection=open]');
    expect(await page.locator('[data-stopped]').count()).toBe(0);
  });

  it('tells beside a figure how much of its time is evidenced, where that is not all of it', async () => {
    const { page } = await visit(server.address);
    const row = page.locator('[data-panel=month] tbody tr', { hasText: '政务服务中心' });
    await row.locator('[data-coverage]').waitFor();
    expect(await row.innerText()).toMatch(/覆盖率 94\.0 %/);
    expect(await row.locator('[data-coverage]').count()).toBe(1);
  });

  it('claims no balance where an answer is missing, and keeps what came together before', async () => {
    let refuse = true;
    const fake = fakeService(clock);
    const partly = await serve({
      usage: (query) =>
        refuse && query.subject.kind === 'unallocated'
          ? Promise.reject(requestError('BOOKS_MOVED', 'the books moved', { cure: 'ask again' }))
          : fake.usage(query),
    });
    ends.push(partly.close);
    const { page } = await visit(partly.address);
    const month = page.locator('[data-panel=month]');
    await month.getByText('the books moved').waitFor();
    expect(await month.locator('[data-balance]').count()).toBe(0);
    refuse = false;
    await month.getByRole('button', { name: '重试' }).click();
    await month.locator('[data-balance=even]').waitFor();
    expect(await month.locator('.ant-alert').count()).toBe(0);
  });

  it('shows in the month what an institution bore before it ended, so that the month adds up', async () => {
    const fake = fakeService(clock);
    const merged = await serve({
      institutions: async (site) =>
        (await fake.institutions(site)).map((one) => ({ ...one, ended: one.id === 'market' })),
    });
    ends.push(merged.close);
    const { page } = await visit(merged.address);
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    expect(await textOf(page, '[data-panel=month]')).toContain('市场监督管理局');
  });

  it('does not take a site for empty whose points did not come', async () => {
    const refusing = await serve({ points: () => Promise.reject(requestError('BOOKS_MOVED', 'the points moved', {})) });
    ends.push(refusing.close);
    const { page } = await visit(refusing.address);
    await page.waitForSelector('text=the points moved');
    expect(await textOf(page, '[data-panel=month]')).not.toContain('无数据');
  });

  it('asks both weeks again where one of them did not come', async () => {
    const fake = fakeService(clock);
    let refuse = true;
    const partly = await serve({
      usage: (query) =>
        refuse && query.by === 'hour' && query.interval.to < clock.now()
          ? Promise.reject(requestError('BOOKS_MOVED', 'last week moved', { cure: 'ask again' }))
          : fake.usage(query),
    });
    ends.push(partly.close);
    const { page } = await visit(partly.address);
    const compare = page.locator('[data-panel=compare]');
    await compare.getByText('last week moved').waitFor();
    refuse = false;
    await compare.getByRole('button', { name: '重试' }).click();
    await expect.poll(() => compare.getByRole('img', { name: '今日对比上周同日' }).count()).toBe(1);
  });

  it('keeps what it tells of an hour under the pointer while live values move', async () => {
    const { page } = await visit(server.address);
    const chart = page.getByRole('img', { name: '今日对比上周同日' });
    await chart.hover({ position: { x: 300, y: 120 } });
    const tip = chart.getByText('今日（2026-03-12）: ');
    await tip.waitFor();
    const before = await textOf(page, '[data-connection]');
    await expect.poll(() => textOf(page, '[data-connection]'), { timeout: 8_000 }).not.toBe(before);
    await page.waitForTimeout(1_500);
    expect(await tip.isVisible()).toBe(true);
  });

  it('lists more findings below those in view, and says where it lists not all', async () => {
    const fake = fakeService(clock);
    const { items } = await fake.findings({ site: 'compound', limit: 1 });
    const many = Array.from({ length: 80 }, (_, i) => items.map((one) => ({ ...one, meter: `meter ${i}` }))).flat();
    const busy = await serve({ findings: async () => ({ items: many, next: '80' }) });
    ends.push(busy.close);
    const { page } = await visit(busy.address);
    const list = page.locator('[data-panel=findings] ul');
    await list.locator('li').nth(49).waitFor();
    await page.evaluate("document.querySelector('[data-panel=findings] ul').dataset.kept = 'yes'");
    await list.getByRole('button', { name: '加载更多' }).click();
    await list.getByText('这里只列 80 条').waitFor();
    expect(await list.getAttribute('data-kept')).toBe('yes');
    expect(await list.locator('li').count()).toBe(81);
  });

  it('moves to the new day and month at midnight', async () => {
    let ahead = 0;
    const moving: Clock = { ...clock, now: () => clock.now() + ahead };
    const nightly = await createServer({
      service: fakeService(moving),
      telemetry: createTelemetry(silentLogger()),
      clock: moving,
      lines: () => [],
      spoolDepth: () => undefined,
      webRoot: await ensureWebBuilt(),
      port: 0,
    });
    ends.push(nightly.close);
    const page = await browser.newPage();
    ends.push(() => page.close());
    const { complaints } = watchPage(page, nightly.address);
    await page.clock.install();
    await page.goto(nightly.address);
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    ahead = Date.UTC(2026, 2, 31, 16, 0, 5) - clock.now();
    await page.clock.fastForward(61_000);
    await page.waitForSelector('text=本月累计 · 2026-04');
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    await expect.poll(() => page.locator('[data-panel=compare] .body').textContent()).toContain('今日（2026-04-01）');
    expect(complaints).toEqual([]);
  });
});
