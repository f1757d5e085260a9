import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTrace, findChromium, launchChromium, watchPage } from '../support/chromium.ts';

const executable = findChromium();
const START_WITHIN_MS = 170_000;

/** The whole program as a person starts it: the simulated compound with thirteen months, then the page over its books. */
describe.skipIf(executable === undefined)('the page of a started program', () => {
  let data: string;
  let program: ChildProcess;
  let browser: Browser;
  let address = '';
  let said = '';

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'civicmeter-page-'));
    program = spawn(process.execPath, ['api/cli/main.ts', 'start', '--data', data, '--port', '0', '--lang', 'en'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [program.stdout, program.stderr])
      stream?.on('data', (chunk: Buffer) => (said += String(chunk)));
    const until = Date.now() + START_WITHIN_MS;
    while (!/^live: /m.test(said)) {
      if (program.exitCode !== null || Date.now() > until) throw new Error(`the program did not start:\n${said}`);
      await wait(200);
    }
    address = /^live: (http:\/\/127\.0\.0\.1:\d+)/m.exec(said)?.[1] ?? '';
    browser = await launchChromium(executable ?? '');
  }, START_WITHIN_MS + 10_000);

  afterAll(async () => {
    await browser?.close();
    if (program.exitCode === null) {
      program.kill('SIGINT');
      await once(program, 'exit');
    }
    await rm(data, { recursive: true, force: true });
  }, 60_000);

  it('shows live values of every meter, a balanced month, and a trace that can be added again', async () => {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    const { complaints, foreign } = watchPage(page, address);
    await page.goto(address);
    await page.waitForSelector('[data-connection=open]');
    await page.waitForSelector('[data-panel=month] [data-balance=even]');
    const rows = page.locator('[data-panel=meters] tbody tr.ant-table-row');
    expect(await rows.count()).toBeGreaterThanOrEqual(24);
    const main = rows.filter({ hasText: 'IEM-310101' });
    const before = await main.textContent();
    await expect.poll(() => main.textContent(), { timeout: 40_000, interval: 500 }).not.toBe(before);
    expect(await main.textContent()).toContain('正常');

    for (const row of ['发展和改革委员会', '未分摊', '合计']) {
      await page.locator('[data-panel=month] tbody tr', { hasText: row }).locator('button.figure').first().click();
      await page.waitForSelector('[data-trace]');
      await page.getByRole('button', { name: '全部展开' }).click();
      expect(await page.locator('[data-node=span]').count()).toBeGreaterThan(0);
      expect(await page.locator('.check.wrong').count()).toBe(0);
      await closeTrace(page);
    }
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  }, 90_000);

  it('answers every question of the page from books whose trial balance is even', async () => {
    const ask = async <T>(path: string): Promise<T> => {
      const response = await fetch(`${address}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      // the shape is held by the server, which checks each answer against its schema
      return (await response.json()) as T;
    };
    const { differences, rows } = await ask<{ differences: number; rows: number }>('/api/v1/reconcile');
    expect({ differences, some: rows > 10_000 }).toEqual({ differences: 0, some: true });
    const { items } = await ask<{ items: readonly { id: string; carrier: string }[] }>('/api/v1/points');
    for (const { id, carrier } of items) {
      const { root } = await ask<{ root: { amount: number } }>(
        `/api/v1/trace?point=${id}&carrier=${carrier}&from=2026-10`,
      );
      const usage = await ask<{ total: { amount: number } }>(
        `/api/v1/usage?point=${id}&carrier=${carrier}&from=2026-10&by=hour`,
      );
      expect([id, root.amount]).toEqual([id, usage.total.amount]);
    }
    for (const path of [
      '/ready',
      '/metrics',
      '/api/v1/status',
      '/api/v1/lines',
      '/api/v1/events',
      '/api/v1/quarantine',
    ])
      expect((await fetch(`${address}${path}`)).status).toBe(200);
  }, 60_000);
});
