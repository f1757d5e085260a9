import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Clock, createTelemetry, silentLogger, systemClock } from '#platform';
import { type ApiServer, createServer, type ServerOptions } from '../../api/http/index.ts';
import { ensureWebBuilt } from '../../api/web/build.ts';
import type { Service } from '../../pipeline/service.ts';
import { launchChromium, watchPage } from './chromium.ts';
import { fakeService } from './fake-service.ts';

/** Thursday 2026-03-12, 14:20 in Shanghai. */
export const BEGIN = Date.UTC(2026, 2, 12, 6, 20);
const started = Date.now();
/** From `BEGIN` on. */
export const pageClock: Clock = { ...systemClock, now: () => BEGIN + Date.now() - started };

export interface Visit {
  /** What follows the address: '#/institution/centre'. */
  readonly hash?: string;
  readonly width?: number;
  /** The clock of the page is the test's: `page.clock.fastForward`. */
  readonly clock?: boolean;
}

/** Servers of the page over a made-up compound, and a browser that visits them; what a test has opened is closed after it. */
export function pageRig(executablePath: string | undefined) {
  let browser: Browser | undefined;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? '');
  });
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });
  afterAll(async () => browser?.close());

  const serve = async (
    changes: Partial<Service> = {},
    options: Partial<Omit<ServerOptions, 'service'>> = {},
  ): Promise<ApiServer> => {
    const clock = options.clock ?? pageClock;
    const server = await createServer({
      service: { ...fakeService(clock), ...changes },
      telemetry: createTelemetry(silentLogger()),
      clock,
      lines: () => [],
      spoolDepth: () => undefined,
      webRoot: await ensureWebBuilt(),
      port: 0,
      ...options,
    });
    ends.push(server.close);
    return server;
  };

  const visit = async ({ address }: ApiServer, { hash = '', width = 1_440, clock = false }: Visit = {}) => {
    if (!browser) throw new Error('a page is visited in a test');
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    ends.push(() => page.close());
    const watched = watchPage(page, address);
    if (clock) await page.clock.install();
    await page.goto(`${address}/${hash}`);
    return { page, ...watched };
  };

  return { serve, visit };
}

export const textOf = async (page: Page, selector: string): Promise<string> => (await page.textContent(selector)) ?? '';
