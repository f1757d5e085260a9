import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The system's Chromium. Without one the tests of the page are skipped, and say so; in CI that is a failure. */
export function findChromium(): string | undefined {
  const found = PLACES.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const why = `there is none of ${PLACES.join(', ')}; install it: apt-get install chromium`;
  if (process.env['CI']) throw new Error(`the page must be tested in CI, but ${why}`);
  process.stderr.write(`The page is not tested: ${why}\n`);
  return undefined;
}

export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: FLAGS });

/** What a page must not do: complain, throw, or ask any host but its own. */
export function watchPage(page: Page, address: string): { readonly complaints: string[]; readonly foreign: string[] } {
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${address}/`)) foreign.push(request.url());
  });
  return { complaints, foreign };
}

/** As a person closes it, by one key. */
export async function closeTrace(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-trace]', { state: 'detached' });
}
