import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { heading, names, password, post, row, type Story, section, serve, spec, tell } from './story.js';

tell(
  'what is gone is told in the console',
  [
    ['a lost controller is told and comes back by itself', lostController],
    ['a node without a link is shown as it was last known', stoppedNode],
    ['a rotation of the gossip key that waits for a node stands out', stuckRotation],
    ['tokens are revoked after a question', revokeToken],
    ['logging out and in again', logOutAndIn],
  ],
  (story) => serve(story, names, spec('theirs')),
);

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
  const ask = (path: string) => post(story, `/gossip-keys/${path}`, {});
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
  // A mark shows that there is more.
  await warnings.locator('summary .warnings-more').waitFor();
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
  await page.goto(`${cluster.url}/revisions/1`);
  await heading(page, 'Log in to Shoal').waitFor();
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await checkLooks(t, page, 'login');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await heading(page, /^Revision 1/).waitFor();
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Skip to content');
  await page.keyboard.press('Enter');
  t.match(page.url(), /#main$/);
}
