import { describe, expect, it } from 'vitest';
import type { Clock } from '#platform';
import type { LineState } from '../../api/http/context.ts';
import { closeTrace, findChromium } from '../support/chromium.ts';
import { fakeService } from '../support/fake-service.ts';
import { BEGIN, pageClock, pageRig, textOf } from '../support/page-rig.ts';

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
  const { serve, visit } = pageRig(executable);

  it('shows the compound live, the values moving, and asks no other host', async () => {
    const { page, complaints, foreign } = await visit(await serve());
    await page.waitForSelector('[data-connection=open]');
    const before = await textOf(page, '[data-figure=power]');
    expect(before).toMatch(/^\d+\.\d\dkW$/);
    await expect.poll(() => textOf(page, '[data-figure=power]'), { timeout: 8_000 }).not.toBe(before);
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    await page.getByRole('img', { name: '今日对比上周同日' }).locator('path').first().waitFor({ state: 'attached' });
    expect(await page.locator('[data-panel=meters] tbody tr.ant-table-row').count()).toBe(15);
    expect(await textOf(page, '[data-panel=meters] tbody')).toContain('失联');
    expect(await textOf(page, '[data-panel=findings]')).toContain('如已换表：civicmeter event replacement');
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  });

  it('opens the trace of a figure down to its pairs of readings', async () => {
    const { page, complaints } = await visit(await serve());
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
    const { page } = await visit(await serve());
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
    const { page, complaints } = await visit(
      await serve({}, { lines: () => LINES, spoolDepth: () => ({ frames: 1_204, bytes: 812_000 }) }),
    );
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
    const { page, complaints } = await visit(await serve());
    await page.locator('[data-panel=compare] .ant-select').click();
    await page.locator('.ant-select-item-option', { hasText: '市档案馆' }).click();
    await page.waitForSelector('text=这里按日比较');
    await page.waitForSelector('[data-panel=compare] svg path');
    expect(complaints).toEqual([]);
  });

  it.each([1_920, 1_440, 1_280, 768, 390])('is never wider than a window of %i', async (width) => {
    const { page } = await visit(await serve(), { width });
    await page.waitForSelector('[data-panel=month] button.figure');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('tells beside a figure how much of its time is evidenced, where that is not all of it', async () => {
    const { page } = await visit(await serve());
    const row = page.locator('[data-panel=month] tbody tr', { hasText: '政务服务中心' });
    await row.locator('[data-coverage]').waitFor();
    expect(await row.innerText()).toMatch(/覆盖率 94\.0 %/);
    expect(await row.locator('[data-coverage]').count()).toBe(1);
  });

  it('shows in the month what an institution bore before it ended, so that the month adds up', async () => {
    const fake = fakeService(pageClock);
    const merged = await serve({
      institutions: async (site) =>
        (await fake.institutions(site)).map((one) => ({ ...one, ended: one.id === 'market' })),
    });
    const { page } = await visit(merged);
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    expect(await textOf(page, '[data-panel=month]')).toContain('市场监督管理局');
  });

  it('keeps what it tells of an hour under the pointer while live values move', async () => {
    const { page } = await visit(await serve());
    const chart = page.getByRole('img', { name: '今日对比上周同日' });
    await chart.hover({ position: { x: 300, y: 120 } });
    const tip = chart.getByText('今日（2026-03-12）: ');
    await tip.waitFor();
    for (let moved = 0; moved < 3; moved++) {
      const before = await textOf(page, '[data-connection]');
      await expect.poll(() => textOf(page, '[data-connection]'), { timeout: 8_000 }).not.toBe(before);
    }
    expect(await tip.isVisible()).toBe(true);
  });

  it('lists more findings below those in view, and says where it lists not all', async () => {
    const fake = fakeService(pageClock);
    const { items } = await fake.findings({ site: 'compound', limit: 1 });
    const many = Array.from({ length: 80 }, (_, i) => items.map((one) => ({ ...one, meter: `meter ${i}` }))).flat();
    const busy = await serve({ findings: async () => ({ items: many, next: '80' }) });
    const { page } = await visit(busy);
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
    const moving: Clock = { ...pageClock, now: () => pageClock.now() + ahead };
    const { page, complaints } = await visit(await serve({}, { clock: moving }), { clock: true });
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    ahead = Date.UTC(2026, 2, 31, 16, 0, 5) - pageClock.now();
    await page.clock.fastForward(61_000);
    await page.waitForSelector('text=本月累计 · 2026-04');
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    await expect.poll(() => page.locator('[data-panel=compare] .body').textContent()).toContain('今日（2026-04-01）');
    expect(complaints).toEqual([]);
  });
});
