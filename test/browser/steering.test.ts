import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { processes } from '../demo.js';
import { checkLooks } from './looks.js';
import { button, heading, names, post, row, type Story, section, serve, spec, tell } from './story.js';

const second = `  api:
    blueprint: gateway
    nodes: all
    params: { port: 8081 }
`;
const change = (body: string, rollout: string, params = '') =>
  spec(body, `${params}${second}rollout: ${rollout}\n`);
const allAtOnce = '{ strategy: all-at-once }';

tell(
  'what goes wrong is steered in the console',
  [
    ['a change that fails requests is undone, and retried once its upstream is mended', gateAndRetry],
    ['an aborted rollout leaves its nodes when asked to', abortAndKeep],
    ['undoing is stopped half way', stopUndoing],
    ['one of two services is drained', drainService],
  ],
  (story) => serve(story, names, change('first', allAtOnce)),
);

/** An upstream that answers what it is told. */
async function startUpstream(t: Test): Promise<{ address: string; answer: (status: number) => void }> {
  let status = 503;
  const server = createServer((_, response) => response.writeHead(status).end(`upstream says ${status}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next) => {
      status = next;
    },
  };
}

/** Requests to every node until the test ends. */
function ask(t: Test, { cluster }: Story): void {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  void (async () => {
    while (!stop.signal.aborted) {
      await Promise.allSettled(names.map((_, index) => cluster.ask(index + 1)));
      await pause(20);
    }
  })();
}

async function gateAndRetry(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  const upstream = await startUpstream(t);
  ask(t, story);
  const gated = '{ gate: { observe: 3s, minRequests: 10, maxLatencyIncrease: 10000 } }';
  const bad = change('unseen', gated, `      upstreams: ["${upstream.address}"]\n`);
  await section(page, 'Apply').click();
  await page.getByText('Based on revision 1').waitFor();
  await page.getByLabel('Spec (YAML)').fill(bad);
  await button(page, 'Plan').click();
  await page.getByText('Gate: healthy; traffic watched for 3 s: at most 1% more errors').waitFor();
  await button(page, 'Apply …').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Apply', exact: true }).click();
  await heading(page, /^Rollout of revision 2 failed, undone/).waitFor({ timeout: 60_000 });
  const failed = page.locator('li[data-node="node-1"]');
  await failed
    .getByText(/requests failed/)
    .first()
    .waitFor();
  await page.getByText('1 failed, 2 untouched').waitFor();
  await checkLooks(t, page, 'rollout-gate-failed');
  t.equal(await cluster.ask(1), 'first');
  upstream.answer(200);
  await button(page, 'Retry').click();
  await heading(page, /^Rollout of revision 2 succeeded/).waitFor({ timeout: 90_000 });
  await page.getByText('3 of 3 done').waitFor();
  await checkLooks(t, page, 'rollout-retried');
  t.equal(await cluster.ask(1), 'upstream says 200');
}

async function abortAndKeep(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  await post(story, '/spec/apply', { spec: change('third', '{ strategy: canary, gate: { observe: 0s } }') });
  await page.getByText('The rollout of revision 3 awaits promotion').waitFor({ timeout: 60_000 });
  await section(page, 'Look at it').click();
  await button(page, 'Abort …').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Leave the nodes as they are').check();
  await checkLooks(t, page, 'rollout-abort-keep');
  await dialog.getByRole('button', { name: 'Abort, leave them' }).click();
  await heading(page, /^Rollout of revision 3 aborted$/).waitFor();
  await button(page, 'Undo what it changed …').waitFor();
  await checkLooks(t, page, 'rollout-aborted-kept');
  t.equal(await cluster.ask(1), 'third');
  t.not(await cluster.ask(2), 'third');
  await section(page, 'Nodes').click();
  await row(page, 'node-1').getByRole('cell', { name: '3', exact: true }).waitFor();
  await row(page, 'node-2').getByRole('cell', { name: '2', exact: true }).waitFor();
}

/** Holds the gateways of two nodes, so that what they are asked for takes as long as it shall. */
function hold(story: Story, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const node of ['node-1', 'node-2']) {
    const directory = `${story.cluster.directoryOf(node)}/services/`;
    for (const { pid, line } of processes()) {
      if (line.includes(directory)) process.kill(pid, signal);
    }
  }
}

async function stopUndoing(t: Test, story: Story): Promise<void> {
  const { page, cluster } = story;
  await post(story, '/spec/apply', { spec: change('fourth', allAtOnce) });
  await section(page, 'Rollouts').click();
  await page.getByRole('row', { name: /^4 succeeded/ }).waitFor({ timeout: 60_000 });
  const canary = '{ strategy: canary, canary: { nodes: 2 }, maxUnavailable: 1, gate: { observe: 0s } }';
  await post(story, '/spec/apply', { spec: change('fifth', canary) });
  await page.getByText('The rollout of revision 5 awaits promotion').waitFor({ timeout: 60_000 });
  await section(page, 'Look at it').click();
  hold(story, 'SIGSTOP');
  t.teardown(() => hold(story, 'SIGCONT'));
  await button(page, 'Abort …').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('2 nodes go back to what ran there before.').waitFor();
  await dialog.getByRole('button', { name: 'Abort and undo' }).click();
  await heading(page, /^Rollout of revision 5 undoing/).waitFor();
  await page.getByText('What it changed goes back.').waitFor();
  await checkLooks(t, page, 'rollout-undoing');
  await button(page, 'Stop undoing …').click();
  await dialog.getByText('Nodes under way end what they do.').waitFor();
  await dialog.getByRole('button', { name: 'Stop and leave them' }).click();
  await heading(page, /^Rollout of revision 5 aborted$/).waitFor();
  await page.getByText('is still to go back').waitFor();
  hold(story, 'SIGCONT');
  await page.getByText('1 of 3 done, 1 undone, 1 untouched').waitFor({ timeout: 60_000 });
  await checkLooks(t, page, 'rollout-undoing-stopped');
  const answers = await Promise.all([1, 2].map((node) => cluster.ask(node)));
  t.same(answers.sort(), ['fifth', 'fourth'], 'one went back, the other stays');
}

async function drainService(t: Test, { page }: Story): Promise<void> {
  await section(page, 'Nodes').click();
  await section(page, 'node-3').click();
  await button(page, 'Drain api …').click();
  const dialog = page.getByRole('dialog', { name: 'Drain api on node-3?' });
  await dialog.getByText('Load balancers send nothing new to its api').waitFor();
  await checkLooks(t, page, 'node-drain-service');
  await dialog.getByRole('button', { name: 'Drain' }).click();
  const services = page.getByRole('region', { name: 'Services' });
  await services.getByRole('listitem').filter({ hasText: 'api' }).getByText('draining').waitFor();
  t.equal(
    await services.getByRole('listitem').filter({ hasText: 'web' }).getByText('draining').count(),
    0,
    'the other one goes on',
  );
  await checkLooks(t, page, 'node-drained-service');
  await button(page, 'Undrain').click();
  await services.getByText('draining').waitFor({ state: 'detached' });
}
