import { type TestLicense, TestVendor } from '@shoal/common/testing';
import type { Locator, Page } from 'playwright-core';
import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { button, heading, post, row, type Story, section, serve, spec, tell } from './story.js';

const vendor = await TestVendor.create();
const dayMs = 86_400_000;
/** What the controller believes when it starts next. */
let trust = vendor.trust;

tell(
  'the license in the console',
  [
    ['without one the free tier is told, with what is used of it', freeTier],
    ['one is looked at before it is installed, and refused with why', install],
    ['one that counts later is told as such, and one that never counts isn’t offered', laterAndNever],
    ['one that ends soon is told on every page, until that is put away', endsSoon],
    ['one that has ended is told on every page', grace],
    ['what a license allowed that is over goes on, and is told', over],
    ['one whose key is revoked is told as refused, with what it was, and removed', refused],
    ['a node without a lease is told, and a viewer changes nothing', degraded],
  ],
  (story) => serve(story, ['node-1', 'node-2'], spec('ahoy')),
  {
    get trustedLicenseKeys() {
      return trust;
    },
  },
);

const banner = (page: Page): Locator => page.getByRole('region', { name: 'License', exact: true });
const meter = (page: Page, name: string): Locator => page.getByRole('meter', { name });
const openPage = async (page: Page): Promise<void> => {
  await section(page, 'License').last().click();
  await heading(page, /^License/).waitFor();
};

async function freeTier(t: Test, { page }: Story): Promise<void> {
  await row(page, 'node-1')
    .getByText(/^active/)
    .waitFor();
  t.equal(await banner(page).count(), 0, 'nothing is wrong');
  await checkLooks(t, page, 'nodes-leases');
  await page.getByRole('link', { name: 'License: free' }).click();
  await heading(page, 'License no license').waitFor();
  await page.getByText('No license is installed: the free tier counts.').waitFor();
  t.equal(await meter(page, 'Sites').getAttribute('aria-valuetext'), '1 of 1');
  t.equal(await meter(page, 'Nodes').getAttribute('aria-valuetext'), '2 of 10');
  await page.getByText('All of it is used: nodes at no other site can join.').waitFor();
  await page.getByText('100, per node and service').waitFor();
  await checkLooks(t, page, 'license-free');
}

async function install(t: Test, { page }: Story): Promise<void> {
  const dialog = page.getByRole('dialog');
  const limits = { sites: 2, nodes: 50, features: ['waf'], service: {} };
  const text = await vendor.issue({ id: 'harbor-1', tier: 'e-commerce', customer: 'Harbor & Sons', limits });
  await button(page, 'Install a license …').click();
  await dialog.getByLabel('License').fill(`${text.slice(0, -8)}AAAAAAAA`);
  await dialog.getByRole('button', { name: 'Look at it' }).click();
  await dialog.getByRole('alert').getByText('signature').first().waitFor();
  await checkLooks(t, page, 'license-refused');
  const file = { name: 'harbor.license', mimeType: 'text/plain', buffer: Buffer.from(`${text}\n`) };
  await dialog.getByLabel('Or from a file').setInputFiles(file);
  await dialog.getByRole('button', { name: 'Look at it' }).click();
  await dialog.getByText('The license harbor-1 (e-commerce) counts at once.').waitFor();
  await dialog.getByRole('row', { name: 'Tier free e-commerce' }).waitFor();
  await dialog.getByRole('row', { name: 'Nodes 2 of 10 2 of 50' }).waitFor();
  await dialog
    .getByRole('row', { name: 'Each service, per node 100 requests per second no limit' })
    .waitFor();
  await checkLooks(t, page, 'license-install');
  t.equal(await page.getByRole('link', { name: 'License: free' }).count(), 1, 'looking changes nothing');
  await dialog.getByRole('button', { name: 'Install' }).click();
  await heading(page, 'License active').waitFor();
  await page.getByText('Harbor & Sons').waitFor();
  await page.getByRole('link', { name: 'License: e-commerce' }).waitFor();
  t.equal(await meter(page, 'Sites').getAttribute('aria-valuetext'), '1 of 2');
  await checkLooks(t, page, 'license');
}

async function laterAndNever(t: Test, { page }: Story): Promise<void> {
  const dialog = page.getByRole('dialog');
  const look = async (license: TestLicense) => {
    await button(page, 'Install a license …').click();
    await dialog.getByLabel('License').fill(await vendor.issue(license));
    await dialog.getByRole('button', { name: 'Look at it' }).click();
  };
  const begin = Date.now() + 100 * dayMs;
  const earlier = Date.now() - 20 * dayMs;
  await look({ id: 'harbor-old', tier: 'premium', issuedAt: earlier, notBefore: earlier, expiresAt: begin });
  await dialog.getByText('it is older than harbor-1 (e-commerce)').waitFor();
  t.equal(await dialog.getByRole('button', { name: 'Install' }).count(), 0, 'it isn’t offered');
  await checkLooks(t, page, 'license-never');
  await page.keyboard.press('Escape');
  const later = { id: 'harbor-next', tier: 'premium', customer: 'Harbor & Sons' };
  await look({ ...later, notBefore: begin, expiresAt: begin + 300 * dayMs });
  await dialog.getByText(/^The license harbor-next \(premium\) counts from \d{4}-\d\d-\d\d/).waitFor();
  await dialog.getByRole('row', { name: 'Tier e-commerce premium' }).waitFor();
  await dialog.getByRole('row', { name: 'Sites 1 of 2 1 of 5' }).waitFor();
  await checkLooks(t, page, 'license-later');
  await dialog.getByRole('button', { name: 'Install' }).click();
  const next = page.getByRole('region', { name: 'What counts next' });
  await next.getByText('Counts from').waitFor();
  await heading(page, 'License active').waitFor();
  await page.getByRole('link', { name: 'License: e-commerce' }).waitFor();
  await checkLooks(t, page, 'license-next');
  await next.getByRole('button', { name: 'Remove harbor-next' }).click();
  await dialog.getByText('It doesn’t count yet').waitFor();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await next.waitFor({ state: 'detached' });
}

async function endsSoon(t: Test, story: Story): Promise<void> {
  const { page } = story;
  const expiresAt = Date.now() + 5.3 * dayMs;
  const soon = { id: 'harbor-2', tier: 'premium', expiresAt };
  await post(story, '/license', { text: await vendor.issue(soon) });
  await post(story, '/license/remove', { id: 'harbor-1' });
  const before = { issuedAt: Date.now() - dayMs, notBefore: Date.now() - dayMs };
  const older = { id: 'harbor-0', tier: 'premium', ...before, expiresAt: expiresAt - dayMs };
  await post(story, '/license', { text: await vendor.issue(older) });
  await section(page, 'Nodes').click();
  await page.reload();
  await banner(page).getByText('harbor-2 ends in 5 d').waitFor();
  await checkLooks(t, page, 'nodes-license-ends');
  await openPage(page);
  await heading(page, 'License ends soon').waitFor();
  t.equal(await banner(page).count(), 0, 'its own page says more');
  const other = page.getByRole('listitem').filter({ hasText: 'harbor-0' });
  await other.getByText('superseded', { exact: true }).waitFor();
  await checkLooks(t, page, 'license-ends');
  await section(page, 'Nodes').click();
  await button(page, 'Put it away').click();
  await banner(page).waitFor({ state: 'detached' });
  await page.reload();
  await row(page, 'node-1').waitFor();
  await page.getByRole('link', { name: 'License: premium' }).waitFor();
  t.equal(await banner(page).count(), 0, 'it stays away for the session');
}

async function grace(t: Test, story: Story): Promise<void> {
  const { page } = story;
  const dialog = page.getByRole('dialog');
  await openPage(page);
  await page
    .getByRole('listitem')
    .filter({ hasText: 'harbor-0' })
    .getByRole('button', { name: /^Remove/ })
    .click();
  await dialog.getByText('It doesn’t count now: nothing changes.').waitFor();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'Licenses that don’t count' }).waitFor({ state: 'detached' });
  await button(page, 'Remove …').click();
  await dialog.getByText('Then the next valid license counts, or the free tier').waitFor();
  await checkLooks(t, page, 'license-remove');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await heading(page, 'License no license').waitFor();
  const begin = Date.now() - 30 * dayMs;
  const over = { id: 'harbor-3', tier: 'premium', notBefore: begin, issuedAt: begin };
  await post(story, '/license', { text: await vendor.issue({ ...over, expiresAt: Date.now() - dayMs }) });
  await page.reload();
  await heading(page, 'License in grace').waitFor();
  await checkLooks(t, page, 'license-grace');
  await section(page, 'Nodes').click();
  await banner(page)
    .getByText(/^The license harbor-3 ended 24 h ago\.$/)
    .waitFor();
  t.equal(await button(page, 'Put it away').count(), 0, 'it can’t be put away');
  await checkLooks(t, page, 'nodes-license-grace');
}

async function over(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  const { token } = await post<{ token: string }>(story, '/tokens', { uses: 1 });
  await cluster.join('node-3', token, 'porto');
  await row(page, 'node-3').getByText('porto').waitFor();
  await post(story, '/license/remove', { id: 'harbor-3' });
  const last = { id: 'harbor-4', tier: 'premium', expiresAt: Date.now() + 6_000, graceMs: 0 };
  await post(story, '/license', { text: await vendor.issue(last) });
  // The controller looks at its licenses every half minute, the page at the controller four times a minute.
  await banner(page).getByText('The license harbor-4 ended').waitFor({ timeout: 90_000 });
  await banner(page).getByText('the free tier counts').waitFor();
  await row(page, 'node-3').getByText('connected').waitFor();
  await checkLooks(t, page, 'nodes-license-over');
  await openPage(page);
  await heading(page, 'License expired').waitFor();
  t.equal(await meter(page, 'Sites').getAttribute('aria-valuetext'), '2 of 1');
  await page.getByText('More than it allows: they go on, nodes at no other site can join.').waitFor();
  t.equal(await page.getByRole('heading', { name: 'Licenses that don’t count' }).count(), 0, 'told once');
  await page
    .getByText(/^\d free tier$/)
    .first()
    .waitFor();
  await checkLooks(t, page, 'license-over');
  await page.getByRole('link', { name: 'install its successor' }).click();
  await page.getByRole('dialog').getByLabel('License').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await section(page, 'Nodes').click();
}

async function refused(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  const last = { id: 'harbor-5', tier: 'premium', customer: 'Harbor & Sons' };
  await post(story, '/license', { text: await vendor.issue(last) });
  const reason = 'a laptop was stolen';
  trust = { ...trust, revoked: [{ kid: vendor.key.kid, reason, at: '2026-02-01T00:00:00Z' }] };
  await cluster.stopController();
  await cluster.restartController();
  await page.reload();
  await banner(page).getByText('The license harbor-5 (premium, Harbor & Sons) does not count').waitFor();
  t.equal(await banner(page).getByRole('link', { name: 'remove this one' }).count(), 1);
  t.equal(await button(page, 'Put it away').count(), 0, 'it can’t be put away');
  for (const name of ['node-1', 'node-2', 'node-3']) await row(page, name).getByText('connected').waitFor();
  await checkLooks(t, page, 'nodes-license-refused');
  await openPage(page);
  await heading(page, 'License refused').waitFor();
  const problem = page.getByRole('listitem').filter({ hasText: 'harbor-5' });
  await problem.getByText('revoked key', { exact: true }).waitFor();
  await problem.getByText('premium, for Harbor & Sons, until').waitFor();
  await problem.getByText(reason).waitFor();
  await problem.getByRole('link', { name: 'Install another' }).waitFor();
  t.equal(await problem.getByRole('link').count(), 1, 'a button removes it');
  await checkLooks(t, page, 'license-refused-key');
  await problem.getByRole('button', { name: 'Remove harbor-5' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await problem.waitFor({ state: 'detached' });
  await section(page, 'Nodes').click();
}

/** Runs in the page: its stream of events opens, and says nothing. */
const silentEvents = `
  const ask = window.fetch;
  window.fetch = (path, options) =>
    String(path).includes('/api/v1/events')
      ? Promise.resolve(new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode(':\\n\\n')) })))
      : ask(path, options);
`;

async function degraded(t: Test, { page }: Story): Promise<void> {
  await page.route('**/api/v1/session', async (route) => {
    const response = await route.fetch();
    const session = (await response.json()) as { user: object };
    await route.fulfill({ response, json: { ...session, user: { ...session.user, role: 'viewer' } } });
  });
  await page.route('**/api/v1/nodes', async (route) => {
    const response = await route.fetch();
    const { nodes } = (await response.json()) as { nodes: readonly object[] };
    const lease = { tier: 'free', state: 'degraded', expiresAt: Date.now() - dayMs };
    await route.fulfill({ response, json: { nodes: nodes.map((node) => ({ ...node, lease })) } });
  });
  // What happens meanwhile isn't told: the lists stay as they are made here.
  await page.addInitScript(silentEvents);
  await page.reload();
  await row(page, 'node-1').getByText('degraded').waitFor();
  await banner(page).getByText('The leases of node-1, node-2, node-3 have ended').waitFor();
  await checkLooks(t, page, 'nodes-degraded');
  await section(page, 'node-1').click();
  await page.getByText('The node runs degraded.').waitFor();
  await openPage(page);
  t.equal(await button(page, /Install|Remove/).count(), 0, 'a viewer changes nothing');
  await checkLooks(t, page, 'license-viewer');
  await page.unrouteAll();
}
