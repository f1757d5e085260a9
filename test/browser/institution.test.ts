import { describe, expect, it } from 'vitest';
import type { RulesService } from '../../pipeline/service-rules.ts';
import { findChromium } from '../support/chromium.ts';
import { fakeService } from '../support/fake-service.ts';
import { pageClock, pageRig, textOf } from '../support/page-rig.ts';

const executable = findChromium();

describe.skipIf(executable === undefined)('the page of an institution', () => {
  const { serve, visit } = pageRig(executable);

  it('is a click away from the month, and shows verdicts with standard, standing and confidence', async () => {
    const { page, complaints, foreign } = await visit(await serve());
    await page.locator('[data-panel=month] a.institution', { hasText: '政务服务中心' }).click();
    await page.waitForSelector('[data-institution=centre] [data-verdict=energy-per-area]');
    const over = await textOf(page, '[data-verdict=energy-per-area]');
    for (const word of ['超定额', '单一来源', 'DB00/T 1-2020', '置信度 B']) expect(over).toContain(word);
    expect(over).toMatch(/按实际使用修正，修正前 [\d.]+/);
    const water = await textOf(page, '[data-verdict=water-per-person]');
    expect(water).toContain('仅供参考');
    expect(water).not.toContain('修正');
    expect(await textOf(page, '[data-question=level]')).toBe('该机构属省级、市级还是县级？level · PROFILE_INCOMPLETE');
    await page.waitForSelector('[data-target=energy-2030] svg');
    expect(await textOf(page, '[data-target=energy-2030]')).toContain('80 % 区间');
    await page.getByText('返回全部').click();
    await page.waitForSelector('[data-panel=month]');
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  });

  it('says of totals which days they are of, the last included, and how much of them is covered', async () => {
    const { page } = await visit(await serve(), { hash: '#/institution/centre' });
    await page.waitForSelector('[data-panel=carbon] .totals');
    expect(await textOf(page, '[data-panel=carbon]')).toMatch(/年初至今 · \d{4}-01-01 – \d{4}-02-28 覆盖率 99\.1 %/);
  });

  it('opens the factors of a figure with document, clause, year and confidence', async () => {
    const { page, complaints } = await visit(await serve(), { hash: '#/institution/centre' });
    await page.locator('[data-panel=carbon] .rows-button').click();
    const row = await textOf(page, '[data-row="electricity-co2/example"]');
    for (const word of ['0.4471 kgCO₂/kWh', 'DB00/T 1-2020 (example) (2020)', '表 3', '置信度 A', '已核实'])
      expect(row).toContain(word);
    expect(complaints).toEqual([]);
  });

  it('tells savings against the baseline with their interval, and without a fit the gate that failed', async () => {
    const { page, complaints } = await visit(await serve(), { hash: '#/institution/centre' });
    await page.waitForSelector('[data-baseline=fitted]');
    const fitted = await textOf(page, '[data-baseline]');
    for (const word of ['节约', '5,200', '95 % 区间', '3,900 – 6,500', 'Lanzhou 52889', 'R² 0.91'])
      expect(fitted).toContain(word);
    await page.locator('[data-panel=baseline] .ant-segmented-item', { hasText: '热' }).click();
    await page.waitForSelector('[data-baseline=refused] [data-lacking="baseline.temperature"]');
    expect(await textOf(page, '[data-gate=temperature]')).toContain('40.0 %');
    expect(complaints).toEqual([]);
  });

  it('speaks English when told', async () => {
    const { page } = await visit(await serve(), { hash: '#/institution/centre' });
    await page.getByText('EN', { exact: true }).click();
    await page.waitForSelector('text=Against the quotas');
    await page.waitForSelector('[data-verdict]');
    await page.waitForSelector('[data-panel=costs] table');
    const body = await page.locator('#root').innerText();
    expect(body.match(/\p{Script=Han}+/gu)).toEqual(['中文']);
  });

  it('says that there is no such institution', async () => {
    const { page } = await visit(await serve(), { hash: '#/institution/nobody' });
    await page.waitForSelector('text=没有这个机构');
    expect(await page.locator('[data-panel=verdicts]').count()).toBe(0);
  });

  it('tells of costs which months are not whole, and what is not in the total', async () => {
    const fake = fakeService(pageClock);
    const lacking = {
      what: 'costs',
      reason: 'TARIFF_MISSING: p-hall has no tariff',
      cure: { zh: '给 p-hall 写上电价', en: 'give p-hall a tariff' },
    };
    const costs: RulesService['costs'] = async (query) => {
      const all = await fake.rules.costs(query);
      const rows = all.rows.map((row) => ({ ...row, fen: null, billedFen: 987_600, coverage: 0.8 }));
      return { ...all, rows, missing: [lacking] };
    };
    const { page } = await visit(await serve({ rules: { ...fake.rules, costs } }), { hash: '#/institution/centre' });
    await page.waitForSelector('[data-panel=costs] table');
    const said = await textOf(page, '[data-panel=costs]');
    for (const word of ['覆盖率 80.0 %', '账单 9,876.00', '尚有未计入的部分', '给 p-hall 写上电价'])
      expect(said).toContain(word);
  });

  it.each([1_440, 768, 390])('is never wider than a window of %i', async (width) => {
    const { page } = await visit(await serve(), { hash: '#/institution/centre', width });
    await page.waitForSelector('[data-target] svg');
    await page.waitForSelector('[data-verdict]');
    const folder = process.env['SCREENSHOTS'];
    if (folder !== undefined) await page.screenshot({ path: `${folder}/institution-${width}.png`, fullPage: true });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});
