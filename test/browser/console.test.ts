import type { Page } from 'playwright-core';
import tap, { type Test, test } from 'tap';
import { launchBrowser, openPage, skipReason, type Watched } from './browser.js';
import { checkLooks } from './looks.js';
import { type SmallCluster, startCluster } from './small-cluster.js';

// Each look at a page takes seconds on a machine that is busy.
tap.setTimeout(300_000);

const password = 'seven herrings in a row';
const names = ['node-1', 'node-2', 'node-3'];

const spec = (body: string, more = '') => `cluster: harbor
services:
  web:
    blueprint: gateway
    nodes: all
    params:
      port: 8080
      body: "${body}"
${more}`;

/** What every part of the story works with. */
interface Story extends Watched {
  readonly cluster: SmallCluster;
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });
const section = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const logRow = (page: Page, text: string) => page.locator('.log-row').filter({ hasText: text });
const row = (page: Page, node: string) => page.locator(`tr[data-node="${node}"]`);

test('the console, by what a person sees and clicks', {
  skip: skipReason ?? false,
  timeout: 295_000,
}, async (t) => {
  const cluster = await startCluster(t);
  const browser = await launchBrowser(t);
  const watched = await openPage(browser);
  const story: Story = { ...watched, cluster };
  const parts: readonly (readonly [string, (t: Test, story: Story) => Promise<void>])[] = [
    ['the first-run link makes the administrator, once', firstRun],
    ['a token made on the page lets nodes join; they appear live', joinNodes],
    ['a misspelt key is shown at its line', misspeltKey],
    ['a change goes from the editor to the nodes, live', firstChange],
    ["a node's page shows hashes, charts and live logs", nodePage],
    ['logs can be filtered, and a bad pattern is explained', logs],
    ['who changed the spec meanwhile is named', conflict],
    ['a failed rollout names node, step and the command’s own words', failedRollout],
    ['revisions show what changed', revisions],
    ['a lost controller is told and comes back by itself', lostController],
    ['a node without a link is shown as it was last known', stoppedNode],
    ['a rotation of the gossip key that waits for a node stands out', stuckRotation],
    ['tokens are revoked after a question', revokeToken],
    ['logging out and in again', logOutAndIn],
  ];
  for (const [name, part] of parts) {
    await t.test(name, (sub) => part(sub, story));
    // Each part goes on where the one before ended.
    if (!t.passing()) return;
  }
  t.same(watched.complaints, [], 'the browser complained of nothing');
});

async function firstRun(t: Test, { page, cluster }: Story): Promise<void> {
  await page.goto(cluster.url);
  await page.getByText('No user exists yet').waitFor();
  await checkLooks(t, page, 'login-before-first-run');
  await page.goto(cluster.firstRunUrl);
  await heading(page, 'Welcome to Shoal').waitFor();
  t.notMatch(page.url(), 'token=', 'the token stays in no address');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByText('7 more characters').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill('something else');
  await page.getByText('The two passwords differ').waitFor();
  await checkLooks(t, page, 'first-run');
  await page.getByLabel('Password again').fill(password);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByText('No node has joined yet').waitFor();
  await checkLooks(t, page, 'nodes-empty');
  const again = await fetch(`${cluster.url}/api/v1/first-run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shoal-csrf': '1' },
    body: JSON.stringify({
      token: new URL(cluster.firstRunUrl).searchParams.get('token'),
      name: 'eve',
      password,
    }),
  });
  t.equal(again.status, 412, 'the link works once');
}

async function joinNodes(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'Tokens').first().click();
  await page.getByText('No token yet').waitFor();
  await page.getByRole('button', { name: 'Create token' }).click();
  await page.getByLabel('Nodes that may join with it').fill('3');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const token = ((await page.getByLabel('Join token', { exact: true }).textContent()) ?? '').trim();
  t.match(token, /^shoal1\./);
  await page.getByText(`token: ${token}`).waitFor();
  await checkLooks(t, page, 'token-created');
  await page.keyboard.press('Escape');
  await page.getByRole('cell', { name: '3 of 3' }).waitFor();
  t.notMatch((await page.locator('main').textContent()) ?? '', token, 'it is shown only once');
  await section(page, 'Nodes').click();
  for (const name of names) await cluster.join(name, token);
  for (const name of names) await row(page, name).getByText('connected').waitFor();
  await section(page, 'Tokens').click();
  await page.getByRole('cell', { name: '0 of 3' }).waitFor();
  await checkLooks(t, page, 'tokens');
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Spec (YAML)').fill(text);
}

async function plan(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  await page.getByRole('heading', { name: 'Plan' }).waitFor();
}

async function misspeltKey(t: Test, { page }: Story): Promise<void> {
  await section(page, 'Apply').click();
  await page.getByText('The first revision').waitFor();
  const editor = page.getByLabel('Spec (YAML)');
  await write(page, 'services:');
  await editor.press('End');
  await editor.press('Enter');
  await page.keyboard.type('web:');
  await editor.press('Enter');
  await editor.press('Tab');
  t.equal(
    await editor.inputValue(),
    'services:\n  web:\n      ',
    'Enter keeps the indentation, Tab deepens it',
  );
  await editor.press('Escape');
  await editor.press('Tab');
  t.equal(
    await page.evaluate<boolean>('document.activeElement.tagName === "TEXTAREA"'),
    false,
    'Escape, Tab leaves',
  );
  await write(page, spec('ahoy').replace('blueprint:', 'blueprnt:'));
  await editor.press('Control+Enter');
  const alert = page.getByRole('alert');
  await alert.getByText('unknown key "blueprnt"').waitFor();
  t.match((await alert.textContent()) ?? '', /4:5\s+unknown key "blueprnt".*did you mean "blueprint"/);
  t.equal(await page.locator('.editor-line.marked').first().textContent(), '    blueprnt: gateway\n');
  await checkLooks(t, page, 'apply-problems');
}

async function firstChange(t: Test, { page, cluster }: Story): Promise<void> {
  await write(page, spec('ahoy'));
  await plan(page);
  await page.getByText('3 nodes touched of 3').waitFor();
  await checkLooks(t, page, 'apply-plan');
  await page.getByRole('button', { name: 'Apply …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('The first service');
  await checkLooks(t, page, 'apply-dialog');
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await heading(page, /^Rollout of revision 1/).waitFor();
  await page.locator('[data-node="node-1"]').getByText('converging').waitFor();
  await heading(page, /succeeded/).waitFor({ timeout: 60_000 });
  await page.getByText('3 of 3 done').waitFor();
  await checkLooks(t, page, 'rollout');
  for (const node of [1, 2, 3]) t.equal(await cluster.ask(node), 'ahoy');
  await section(page, 'Nodes').click();
  for (const name of names) await row(page, name).getByText('ok', { exact: true }).waitFor();
  await row(page, 'node-1').getByText('healthy').waitFor();
  await checkLooks(t, page, 'nodes');
}

async function nodePage(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'node-2').click();
  await heading(page, /^node-2 ok/).waitFor();
  await page.getByText('It runs what it shall.').waitFor();
  await cluster.ask(2, '/seen/by/the/console');
  await logRow(page, '/seen/by/the/console').waitFor();
  await page.getByRole('figure').filter({ hasText: 'CPU' }).getByText(/\d %/).waitFor();
  t.ok(
    await page
      .getByRole('figure')
      .filter({ hasText: 'Memory' })
      .getByText(/\d [MG]B/)
      .isVisible(),
  );
  await page.getByLabel('Steps on node-2').getByText('web/config').first().waitFor();
  await checkLooks(t, page, 'node');
}

async function logs(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'Logs').click();
  const rows = page.locator('.log-row');
  await logRow(page, '/seen/by/the/console').waitFor();
  await page.getByLabel('Pattern').fill('/only/th.s');
  await cluster.ask(1, '/only/this');
  await cluster.ask(3, '/nothing/else');
  await logRow(page, '/only/this').waitFor();
  await cluster.ask(1, '/only/that/and/only/this');
  await logRow(page, '/only/that').waitFor();
  t.equal(await rows.count(), 2, 'only what matches');
  await page.getByRole('button', { name: 'Pause' }).click();
  await cluster.ask(1, '/only/this/while/paused');
  await page.getByText('1 waiting').waitFor();
  t.equal(await rows.count(), 2, 'nothing moves while paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await logRow(page, 'while/paused').waitFor();
  const raw = page.getByText('"path":"/only/this"');
  t.notOk(await raw.isVisible(), 'access lines are told in short');
  await page.getByRole('button', { name: 'Raw' }).click();
  await raw.waitFor();
  await checkLooks(t, page, 'logs');
  await page.getByLabel('Pattern').fill('([');
  await page.getByRole('alert').waitFor();
  await checkLooks(t, page, 'logs-bad-pattern');
}

/** A change made beside the page, with the page's own session. */
async function askBeside({ context, cluster }: Story, path: string, data: object): Promise<void> {
  const answer = await context.request.post(`${cluster.url}/api/v1${path}`, {
    headers: { 'x-shoal-csrf': '1' },
    data,
  });
  if (!answer.ok()) throw new Error(await answer.text());
}

async function conflict(t: Test, story: Story): Promise<void> {
  const { page } = story;
  await section(page, 'Apply').click();
  await page.getByText('Based on revision 1').waitFor();
  await write(page, spec('mine'));
  await askBeside(story, '/spec/apply', { spec: spec('theirs'), reason: 'The night shift was faster' });
  const alert = page.getByRole('alert');
  await alert.getByText('admin committed revision 2 meanwhile').waitFor();
  await alert.getByText('The night shift was faster').waitFor();
  await alert.getByRole('button', { name: 'What changed' }).click();
  await alert.locator('.diff-added').getByText('theirs').waitFor();
  await checkLooks(t, page, 'apply-conflict');
  await alert.getByRole('button', { name: 'Keep my text' }).click();
  await page.getByText('Based on revision 2, edited').waitFor();
  t.match(await page.getByLabel('Spec (YAML)').inputValue(), /body: "mine"/);
  await page.getByRole('button', { name: 'Drop the edit' }).click();
  await page.locator('.editor-line').getByText('"theirs"').waitFor();
}

async function failedRollout(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'Rollouts').click();
  await page.getByRole('row', { name: /^2 succeeded/ }).waitFor({ timeout: 60_000 });
  await checkLooks(t, page, 'rollouts');
  await section(page, 'Apply').click();
  await page.getByText('Based on revision 2').waitFor();
  await write(page, spec('never seen', '      upstreams: ["gone.invalid:99999"]\n'));
  await plan(page);
  await page.getByRole('button', { name: 'Apply …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Apply', exact: true }).click();
  await heading(page, /^Rollout of revision 3 failed/).waitFor({ timeout: 60_000 });
  const failed = page.locator('[data-node="node-1"]');
  await failed.getByText('node-1: step config of web failed').waitFor();
  await failed.getByLabel('The command’s own output').getByText('upstreams[0]: expected host:port').waitFor();
  await page.getByText('1 failed, 2 untouched').waitFor();
  await checkLooks(t, page, 'rollout-failed');
  for (const node of [1, 2, 3])
    t.equal(await cluster.ask(node), 'theirs', 'the last good configuration serves');
  await failed.getByRole('link', { name: 'node-1' }).click();
  await page.getByText('step config of web failed').waitFor();
  await checkLooks(t, page, 'node-failed');
}

async function revisions(t: Test, { page }: Story): Promise<void> {
  await section(page, 'Revisions').click();
  await page.getByRole('row', { name: /^3 failed admin/ }).waitFor();
  await page.getByRole('row', { name: /^2 active admin The night shift was faster/ }).waitFor();
  await checkLooks(t, page, 'revisions');
  await section(page, '2').click();
  await heading(page, /^Revision 2 active/).waitFor();
  const changes = page.getByRole('listitem').filter({ hasText: 'services.web.params.body' });
  t.match((await changes.textContent()) ?? '', /changed[\s\S]*ahoy[\s\S]*theirs/);
  await page.locator('.diff-removed').getByText('ahoy').waitFor();
  await page.locator('.diff-added').getByText('theirs').waitFor();
  await checkLooks(t, page, 'revision');
}

async function lostController(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'Nodes').click();
  await cluster.stopController();
  await page.getByText('Disconnected from the controller.').waitFor();
  await checkLooks(t, page, 'nodes-disconnected');
  t.equal(await cluster.ask(1), 'theirs', 'services go on');
  await cluster.restartController();
  await page.getByText('live', { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByText('Disconnected from the controller.').waitFor({ state: 'detached' });
  for (const name of names) await row(page, name).getByText('connected').waitFor({ timeout: 40_000 });
}

async function stoppedNode(t: Test, { page, cluster }: Story): Promise<void> {
  await cluster.stopAgent(3);
  await row(page, 'node-3').getByText('was healthy').waitFor();
  await section(page, 'node-3').click();
  await heading(page, /^node-3 down/).waitFor();
  await page.getByText('the gossip says left').waitFor();
  await page.getByText(/^It ran what it should, as of \d\d:\d\d\.$/).waitFor();
  for (const words of ['was running', 'was healthy']) await page.getByText(words).waitFor();
  t.equal(await page.locator('.services .tone-good').count(), 0, 'nothing is shown as good now');
  await checkLooks(t, page, 'node-stopped');
}

async function stuckRotation(t: Test, story: Story): Promise<void> {
  const { page } = story;
  const ask = (path: string) => askBeside(story, `/gossip-keys/${path}`, {});
  await section(page, 'Nodes').click();
  await page.getByText(/^Gossip key [0-9a-f]{16}, used by \d of 4 members for /).waitFor();
  await ask('rotate');
  const notice = page.locator('.notice').filter({ hasText: 'rotation of the gossip key' });
  await notice
    .getByText(/^The rotation of the gossip key from [0-9a-f]{16} to [0-9a-f]{16} waits for node-3 \(away\)/)
    .waitFor();
  await notice.getByText('3 of 4 members hold the new key').waitFor();
  const warnings = page.getByRole('region', { name: 'Warnings' });
  const waits = warnings
    .getByRole('listitem')
    .filter({ hasText: 'rotation of the gossip key waits for node-3' });
  t.ok(await warnings.locator('summary .warnings-more').isVisible(), 'a mark shows that there is more');
  await warnings.locator('summary').click();
  await waits.waitFor();
  await checkLooks(t, page, 'nodes-rotation-stuck');
  await warnings.locator('summary').click();
  await ask('abort');
  await page.getByText(/was aborted .*: 2 keys are installed, also [0-9a-f]{16}/).waitFor();
  t.equal(await notice.count(), 0);
}

async function revokeToken(t: Test, { page }: Story): Promise<void> {
  await section(page, 'Tokens').click();
  await page.getByRole('button', { name: 'Create token' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: /^Revoke/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('No host can join with it any more').waitFor();
  await checkLooks(t, page, 'token-revoke');
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('cell', { name: 'revoked' }).waitFor();
  t.equal(await page.getByRole('button', { name: /^Revoke/ }).count(), 0);
}

async function logOutAndIn(t: Test, { page, cluster }: Story): Promise<void> {
  await page.getByRole('button', { name: 'admin' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await heading(page, 'Log in to Shoal').waitFor();
  await page.goto(`${cluster.url}/revisions/2`);
  await heading(page, 'Log in to Shoal').waitFor();
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await checkLooks(t, page, 'login');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await heading(page, /^Revision 2/).waitFor();
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Skip to content');
  await page.keyboard.press('Enter');
  t.match(page.url(), /#main$/);
}
