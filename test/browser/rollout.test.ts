import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { button, heading, names, post, type Story, section, serve, spec, tell } from './story.js';

const canary = '\nrollout: { strategy: canary, canary: { nodes: 1 }, batch: 2 }\n';
const change = (body: string, more = canary) => spec(body, more);

tell(
  'rollouts are followed and steered in the console',
  [
    ['a canary waits, is paused, resumed and promoted', promote],
    ['what an aborted rollout changed goes back', abort],
    ['an earlier revision is restored', restore],
    ['a node is drained and undrained', drain],
  ],
  (story) => serve(story, names, spec('first', '\nrollout: { strategy: all-at-once }\n')),
);

async function promote(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  await section(page, 'Apply').click();
  await page.getByText('Based on revision 1').waitFor();
  await page.getByLabel('Spec (YAML)').fill(change('second'));
  await button(page, 'Plan').click();
  await page.getByText('Canary first, in 2 batches. After the canary it waits to be promoted.').waitFor();
  t.same(await page.locator('.plan-batches li').allTextContents(), ['node-1 (the canary)', 'node-2, node-3']);
  await checkLooks(t, page, 'apply-plan-canary');
  await section(page, 'Nodes').click();
  await post(story, '/spec/apply', { spec: change('second') });
  await page.getByText('The rollout of revision 2 awaits promotion').waitFor({ timeout: 60_000 });
  await checkLooks(t, page, 'nodes-awaiting-promotion');
  await section(page, 'Look at it').click();
  await heading(page, /^Rollout of revision 2 awaiting promotion/).waitFor();
  t.equal(await page.getByText('Look at it').count(), 0, 'its own page has no banner');
  await page.getByRole('heading', { name: 'Batch 1 of 2: the canary 1 of 1 done' }).waitFor();
  await page.getByRole('heading', { name: 'Batch 2 of 2 0 of 2 done, 2 waiting' }).waitFor();
  await checkLooks(t, page, 'rollout-awaiting-promotion');
  await button(page, 'Pause').click();
  await heading(page, /^Rollout of revision 2 paused/).waitFor();
  await page.getByText('Admin paused it').waitFor();
  await checkLooks(t, page, 'rollout-paused');
  await button(page, 'Resume').click();
  await heading(page, /awaiting promotion/).waitFor();
  t.equal(await cluster.ask(1), 'second');
  t.equal(await cluster.ask(2), 'first', 'only the canary runs it');
  await button(page, 'Promote').click();
  await heading(page, /^Rollout of revision 2 succeeded/).waitFor({ timeout: 60_000 });
  await page.getByText('3 of 3 done').waitFor();
  t.equal(await button(page, /Abort|Pause/).count(), 0, 'there is nothing left to steer');
  for (const node of [1, 2, 3]) t.equal(await cluster.ask(node), 'second');
}

async function abort(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  await post(story, '/spec/apply', { spec: change('third') });
  await section(page, 'Rollouts').click();
  await page.getByRole('row', { name: /^3 awaiting promotion/ }).waitFor({ timeout: 60_000 });
  await checkLooks(t, page, 'rollouts-awaiting');
  await section(page, '3').click();
  await heading(page, /^Rollout of revision 3 awaiting promotion/).waitFor();
  await button(page, 'Abort …').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 node goes back to what ran there before.').waitFor();
  await checkLooks(t, page, 'rollout-abort');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await button(page, 'Abort …').click();
  // Somebody else was faster: what the controller refuses is told in place.
  await post(story, '/rollout/abort', { revision: 3 });
  await dialog.getByRole('button', { name: 'Abort and undo' }).click();
  await dialog.getByRole('alert').getByText('The rollout of revision 3').waitFor();
  await checkLooks(t, page, 'rollout-abort-refused');
  await dialog.getByRole('button', { name: 'Back' }).click();
  t.equal(await page.getByRole('alert').count(), 0);
  await heading(page, /^Rollout of revision 3 aborted, undone/).waitFor({ timeout: 60_000 });
  await page.locator('[data-node="node-1"]').getByText('back on revision 2').waitFor();
  await checkLooks(t, page, 'rollout-aborted');
  t.equal(await cluster.ask(1), 'second');
}

async function restore(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  await section(page, 'Revisions').click();
  await section(page, '1').click();
  await heading(page, /^Revision 1/).waitFor();
  await checkLooks(t, page, 'revision-older');
  await button(page, 'Restore …').click();
  const dialog = page.getByRole('dialog');
  await post(story, '/nodes/node-3/drain', {});
  await dialog.getByText('Drained by an operator: node-3; it is changed as any other').waitFor();
  await dialog.getByText('This changes against revision 3').waitFor();
  await dialog.locator('.diff-removed').getByText('third').waitFor();
  await dialog.locator('.diff-added').getByText('first').waitFor();
  await checkLooks(t, page, 'revision-restore');
  await dialog.getByLabel('Strategy').selectOption('Canary first, in batches');
  await dialog.getByText('Instead of what the spec says').waitFor();
  await dialog.getByLabel('Strategy').selectOption('As revision 1 says');
  await dialog.getByLabel('Reason').fill('The first one was right');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await heading(page, /^Rollout of revision 4 succeeded/).waitFor({ timeout: 60_000 });
  await section(page, 'What it changes').click();
  await page.getByText('The first one was right').waitFor();
  t.equal(await button(page, 'Restore …').count(), 0, 'the newest one is in force');
  t.equal(await cluster.ask(1), 'first');
  await post(story, '/nodes/node-3/undrain', {});
}

async function drain(t: Test, { page, cluster }: Story): Promise<void> {
  await section(page, 'Nodes').click();
  await section(page, 'node-2').click();
  await heading(page, /^node-2 ok/).waitFor();
  for (let n = 0; n < 30; n += 1) await cluster.ask(2, n % 3 === 0 ? '/healthz/no' : '/');
  await button(page, 'Drain …').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Load balancers send nothing new to its services').waitFor();
  t.equal(await dialog.getByText('No other node serves').count(), 0, 'two others do');
  await checkLooks(t, page, 'node-drain');
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await page.getByText('The node is drained: load balancers send nothing new there').waitFor();
  await page.getByText('hasn’t confirmed').waitFor({ state: 'detached' });
  await page.getByRole('figure').filter({ hasText: 'Requests, web' }).getByText(/\d\/s/).waitFor();
  await page
    .getByRole('figure')
    .filter({ hasText: 'Latency, web' })
    .getByText(/p95 [\d.]+ ms/)
    .waitFor();
  await checkLooks(t, page, 'node-drained');
  await section(page, 'Nodes').click();
  await page.locator('tr[data-node="node-2"]').getByText('drained').waitFor();
  await checkLooks(t, page, 'nodes-drained');
  await planWithDrained(t, page);
  await section(page, 'Nodes').click();
  await section(page, 'node-2').click();
  await button(page, 'Undrain').click();
  await page.getByText('The node is drained').waitFor({ state: 'detached' });
  await button(page, 'Drain …').waitFor();
}

/** A change while node-2 is drained; its rollout's strategy isn't the spec's. */
async function planWithDrained(t: Test, page: Page): Promise<void> {
  const drained = 'Drained by an operator: node-2; it is changed as any other, and stays drained.';
  const dialog = page.getByRole('dialog');
  await section(page, 'Apply').click();
  // What the first part planned is still there.
  await button(page, 'Drop the edit').click();
  await page.getByText('Based on revision 4').waitFor();
  await page.getByLabel('Spec (YAML)').fill(change('fourth'));
  await button(page, 'Plan').click();
  await page.getByText(drained).waitFor();
  await button(page, 'Apply …').click();
  await dialog.getByText(drained).waitFor();
  await dialog
    .getByRole('option', { name: 'As the spec says: canary first, in 2 batches' })
    .waitFor({ state: 'attached' });
  await dialog.getByLabel('Strategy').selectOption('All nodes at once');
  await dialog.getByText('3 nodes brought to it, all nodes at once.').waitFor();
  await checkLooks(t, page, 'apply-strategy');
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await heading(page, /^Rollout of revision 5 succeeded/).waitFor({ timeout: 60_000 });
  await page.getByText('all nodes at once').waitFor();
}
