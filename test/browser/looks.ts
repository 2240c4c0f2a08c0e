import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Test } from 'tap';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Directory for pictures of every page; none are taken without it. */
const pictures = process.env['SHOAL_SCREENSHOTS'];
const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 800 };

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** Judges the page as it is: axe finds nothing in light and dark, and where it is narrow nothing sticks out. */
export async function checkLooks(t: Test, page: Page, name: string): Promise<void> {
  await page.evaluate(axeSource);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of [wide, narrow]) {
      await page.setViewportSize(size);
      found.push(...(await violations(page)).map((text) => `${colorScheme} ${size.width}: ${text}`));
      await picture(page, `${name}-${size.width}-${colorScheme}`);
    }
    const tooWide = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (tooWide > 0) found.push(`${narrow.width} pixels wide: ${tooWide} stick out`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(wide);
  t.same(found, [], `axe finds nothing on ${name}`);
}

async function violations(page: Page): Promise<string[]> {
  const result = await page.evaluate<{ violations: readonly Violation[] }>('axe.run(document)');
  return result.violations.map(
    ({ id, help, nodes }) => `${id} (${help}): ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
