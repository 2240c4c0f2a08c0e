import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { launchBrowser, openPage, skipReason, type Watched } from './browser.js';
import { checkLooks } from './looks.js';
import { type SmallCluster, startCluster } from './small-cluster.js';

tap.setTimeout(180_000);

const spec = (body: string, more = '') => `cluster: harbor
services:
  web:
    blueprint: gateway
    nodes: all
    params:
      port: 8080
      body: "${body}"
${more}`;

interface Story extends Watched {
  readonly cluster: SmallCluster;
}

test('drift and what nodes would refuse, in the console', {
  skip: skipReason ?? false,
  timeout: 175_000,
}, async (t) => {
  const cluster = await startCluster(t);
  const watched = await openPage(await launchBrowser(t));
  const story: Story = { ...watched, cluster };
  await serve(story);
  await t.test('drift is shown with its difference, live, and repaired by a click', (sub) =>
    drift(sub, story),
  );
  await t.test('what nodes would refuse is told before it is applied', (sub) => refusal(sub, story));
  t.same(watched.complaints, [], 'the browser complained of nothing');
});

/** One node that serves. */
async function serve({ page, cluster, context }: Story): Promise<void> {
  await page.goto(cluster.firstRunUrl);
  await page.getByLabel('Password', { exact: true }).fill('seven herrings in a row');
  await page.getByLabel('Password again').fill('seven herrings in a row');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByText('No node has joined yet').waitFor();
  const post = async (path: string, data: object): Promise<{ token: string }> => {
    const headers = { 'x-shoal-csrf': '1' };
    return (await context.request.post(`${cluster.url}/api/v1${path}`, { headers, data })).json();
  };
  const { token } = await post('/tokens', { uses: 1 });
  await cluster.join('node-1', token);
  const row = page.locator('tr[data-node="node-1"]');
  await row.getByText('connected').waitFor();
  await post('/spec/apply', { spec: spec('ahoy') });
  await row.getByText('healthy').waitFor({ timeout: 60_000 });
}

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
