import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { checkLooks } from './looks.js';
import { type Story, serve, spec, tell } from './story.js';

tell(
  'drift and what nodes would refuse, in the console',
  [
    ['drift is shown with its difference, live, and repaired by a click', drift],
    ['what nodes would refuse is told before it is applied', refusal],
  ],
  (story) => serve(story, ['node-1'], spec('ahoy')),
);

async function drift(t: Test, { page, cluster }: Story): Promise<void> {
  const directory = join(cluster.directoryOf('node-1'), 'services/web');
  const name = (await readdir(directory)).find((file) => file.endsWith('.json')) ?? '';
  const config = join(directory, name);
  const good = await readFile(config, 'utf8');
  await writeFile(config, good.replace('ahoy', 'avast'));
  await page.locator('tr[data-node="node-1"]').getByText('drifted', { exact: true }).waitFor();
  await checkLooks(t, page, 'nodes-drifted');
  await page.getByRole('link', { name: 'node-1', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /^node-1 drifted/ }).waitFor();
  await page.getByRole('heading', { name: 'Drift', exact: true }).waitFor();
  await page.getByText('left as it is').waitFor();
  await page.locator('.drifts').getByText(config, { exact: true }).waitFor();
  await page.locator('.drifts .diff-removed').getByText('avast').waitFor();
  await page.locator('.drifts .diff-added').getByText('ahoy').waitFor();
  await checkLooks(t, page, 'node-drifted');
  await page.getByRole('button', { name: 'Repair web' }).click();
  await page.getByRole('heading', { level: 1, name: /^node-1 ok/ }).waitFor();
  await page.getByRole('heading', { name: 'Drift', exact: true }).waitFor({ state: 'detached' });
  t.equal(await readFile(config, 'utf8'), good);
}

async function refusal(t: Test, { page, cluster }: Story): Promise<void> {
  await page.getByRole('link', { name: 'Apply', exact: true }).click();
  await page.getByText('Based on revision 1').waitFor();
  const editor = page.getByLabel('Spec (YAML)');
  await editor.fill(spec('never seen', '      upstreams: ["gone.invalid:99999"]\n'));
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  await page.getByRole('button', { name: 'Apply …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Check on the nodes' }).click();
  await dialog.getByText('1 of 1 node checked').waitFor();
  const alert = dialog.getByRole('alert');
  await alert.getByText('1 refusal on the nodes').waitFor();
  await alert.getByText('node-1 web/config').waitFor();
  await alert.getByText('upstreams[0]: expected host:port').waitFor();
  await checkLooks(t, page, 'apply-refused');
  const apply = dialog.getByRole('button', { name: 'Apply', exact: true });
  t.ok(await apply.isDisabled(), 'it asks first');
  await dialog.getByLabel('apply it although nodes would refuse it').check();
  await apply.click();
  await page.getByRole('heading', { level: 1, name: /^Rollout of revision 2 failed/ }).waitFor();
  await page.getByText('Nothing on the node was touched').first().waitFor();
  t.equal(await cluster.ask(1), 'ahoy');
}
