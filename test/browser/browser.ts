import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';

const executablePath = '/usr/bin/chromium';

/** Why there can be no browser test here; undefined when there can. In CI a missing browser is a failure, not a reason. */
export const skipReason: string | undefined =
  existsSync(executablePath) || process.env['CI'] === 'true'
    ? undefined
    : 'no /usr/bin/chromium here (apt-get install chromium)';

/** A page, and what went wrong in it unseen: script errors, refusals by the content policy, failed loads. */
export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: string[];
}

/** Starts a headless browser that talks to nobody but the pages it is given. */
export async function launchBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** Opens a page of its own session. What the API refuses, and a stopped controller, are the tests' own doing; everything else is a complaint. */
export async function openPage(browser: Browser): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const { url } = message.location();
    const refused = message.text().startsWith('Failed to load resource') && url.includes('/api/v1/');
    if (refused || message.text().includes('net::ERR_CONNECTION_')) return;
    complaints.push(`${message.type()}: ${message.text()} ${url}`);
  });
  return { context, page, complaints };
}
