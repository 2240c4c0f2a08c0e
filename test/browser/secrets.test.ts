import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { button, heading, logInFirst, type Story, section, tell } from './story.js';

const gateway = fileURLToPath(new URL('../../../examples/blueprints/gateway', import.meta.url));
const value = 'tide-tables-and-moonlight';

tell(
  'blueprints and secrets in the console',
  [
    ['blueprints are listed, explained, uploaded and removed', blueprints],
    ['a secret is set unseen, used, renewed and removed', secrets],
  ],
  logInFirst,
);

/** The gateway blueprint at another version, as an archive. */
function archiveOf(t: Test, version: string, change: (text: string) => string = (text) => text): string {
  const dir = t.testdir({});
  const folder = join(dir, 'gateway');
  cpSync(gateway, folder, { recursive: true });
  const file = join(folder, 'blueprint.yaml');
  writeFileSync(file, change(readFileSync(file, 'utf8').replace(/^version: .*/m, `version: ${version}`)));
  const archive = join(dir, `gateway-${randomUUID()}.tar.gz`);
  execFileSync('tar', ['-czf', archive, '-C', dir, 'gateway']);
  return archive;
}

async function blueprints(t: Test, { page }: Story): Promise<void> {
  await section(page, 'Blueprints').click();
  await page.getByRole('row', { name: /^gateway 1\.0\.0 newest/ }).waitFor();
  await checkLooks(t, page, 'blueprints');
  await section(page, 'haproxy').click();
  await heading(page, /^haproxy \d/).waitFor();
  await page.getByRole('row', { name: /^services? / }).waitFor();
  await checkLooks(t, page, 'blueprint');
  await page.reload();
  await heading(page, /^haproxy \d/).waitFor();
  await section(page, 'Blueprints').click();
  const dialog = page.getByRole('dialog');
  const bad = archiveOf(t, '1.1.0', (text) => text.replace('type: integer', 'type: whole'));
  await button(page, 'Upload …').click();
  await dialog.getByLabel('Archive').setInputFiles(bad);
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await dialog.getByRole('alert').getByText('"whole"').first().waitFor();
  await checkLooks(t, page, 'blueprint-upload-refused');
  await dialog.getByLabel('Archive').setInputFiles(archiveOf(t, '1.1.0'));
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await page.getByText('gateway@1.1.0 is there.').waitFor();
  await page.getByRole('row', { name: /^gateway 1\.1\.0 newest uploaded/ }).waitFor();
  await section(page, 'Look at it').click();
  await heading(page, /^gateway 1\.1\.0/).waitFor();
  await page.getByRole('row', { name: /^port integer 8080/ }).waitFor();
  await checkLooks(t, page, 'blueprint-uploaded');
  await button(page, 'Remove …').click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('row', { name: /^gateway 1\.0\.0 newest/ }).waitFor();
}

async function secrets(t: Test, { page, context, cluster }: Story): Promise<void> {
  const dialog = page.getByRole('dialog');
  await section(page, 'Secrets').click();
  await page.getByText('No secret yet').waitFor();
  await button(page, 'Set a secret …').click();
  await dialog.getByLabel('Name').fill('Greeting');
  const field = dialog.getByLabel('Value');
  t.equal(await field.getAttribute('type'), 'password');
  await field.fill(value);
  await dialog.getByRole('button', { name: 'Set' }).click();
  await dialog.getByRole('alert').getByText("a secret's name").waitFor();
  await checkLooks(t, page, 'secret-set');
  await dialog.getByLabel('Name').fill('greeting');
  await dialog.getByRole('button', { name: 'Set' }).click();
  const row = page.getByRole('row', { name: /greeting/ });
  await row.getByText('unused').waitFor();
  t.notMatch(await page.content(), value, 'the value is on no page');
  const headers = { 'x-shoal-csrf': '1' };
  const post = async (path: string, data: object): Promise<{ token: string }> =>
    (await context.request.post(`${cluster.url}/api/v1${path}`, { headers, data })).json();
  await cluster.join('node-1', (await post('/tokens', { uses: 1 })).token);
  const spec = `cluster: harbor
services:
  web:
    blueprint: gateway
    nodes: all
    params: { body: { secret: greeting } }
`;
  await section(page, 'Nodes').click();
  await page.locator('tr[data-node="node-1"]').getByText('connected').waitFor();
  await post('/spec/apply', { spec });
  await page.locator('tr[data-node="node-1"]').getByText('healthy').waitFor({ timeout: 60_000 });
  t.equal(await cluster.ask(1), value, 'the node has it');
  await section(page, 'Secrets').click();
  await row.getByText('in use').waitFor();
  await row.getByRole('button', { name: /^New value/ }).click();
  await dialog.getByLabel('Or from a file').setInputFiles({
    name: 'greeting.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('several\nlines of text\n'),
  });
  await dialog.getByText('The text of greeting.txt, 22 characters.').waitFor();
  await dialog.getByRole('button', { name: 'Set' }).click();
  await row.getByText('new value waits').waitFor();
  await page.getByText('greeting has a new value that no node has yet.').waitFor();
  await checkLooks(t, page, 'secrets');
  await planned(t, page);
  await section(page, 'Secrets').click();
  await row.getByRole('button', { name: /^Remove/ }).click();
  const remove = dialog.getByRole('button', { name: 'Remove' });
  t.ok(await remove.isDisabled(), 'it is in use');
  await checkLooks(t, page, 'secret-remove');
  await dialog.getByLabel('although web uses it by the newest revision').check();
  await remove.click();
  await page.getByText('No secret yet').waitFor();
}

/** What a plan tells of a secret: that it gets a new value, who could read it, and where it stands; never the value. */
async function planned(t: Test, page: Page): Promise<void> {
  await section(page, 'Apply').last().click();
  await page.getByText('Based on revision 1').waitFor();
  await page.getByLabel('with a dry run on the nodes').check();
  await button(page, 'Plan').click();
  await page.getByRole('heading', { name: 'New values of secrets' }).waitFor();
  await page.getByText('1 warning').first().waitFor();
  await page
    .getByText(/may be read by everybody|readable|everybody/)
    .first()
    .waitFor();
  await page.locator('.difference summary').first().click();
  await page.locator('.diff-added').getByText('[secret greeting]').first().waitFor();
  await page.locator('.diff-added').getByText('(secret changed)').waitFor();
  t.notMatch(await page.content(), value);
  await checkLooks(t, page, 'apply-plan-secret');
}
