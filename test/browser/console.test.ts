import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { heading, names, password, post, row, type Story, section, spec, tell } from './story.js';

const logRow = (page: Page, text: string) => page.locator('.log-row').filter({ hasText: text });

tell('the console, by what a person sees and clicks', [
  ['the first-run link makes the administrator, once', firstRun],
  ['a token made on the page lets nodes join; they appear live', joinNodes],
  ['a misspelt key is shown at its line', misspeltKey],
  ['a change goes from the editor to the nodes, live', firstChange],
  ["a node's page shows hashes, charts and live logs", nodePage],
  ['logs can be filtered, and a bad pattern is explained', logs],
  ['who changed the spec meanwhile is named', conflict],
  ['a failed rollout names node, step and the command’s own words', failedRollout],
  ['revisions show what changed', revisions],
]);

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

async function conflict(t: Test, story: Story): Promise<void> {
  const { page } = story;
  await section(page, 'Apply').click();
  await page.getByText('Based on revision 1').waitFor();
  await write(page, spec('mine'));
  await post(story, '/spec/apply', { spec: spec('theirs'), reason: 'The night shift was faster' });
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
