import type { Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { launchBrowser, openPage, skipReason, type Watched } from './browser.js';
import { type ClusterOptions, type SmallCluster, startCluster } from './small-cluster.js';

/** What every part of a story works with. */
export interface Story extends Watched {
  readonly cluster: SmallCluster;
}

/** A part of a story: what it shows, and how. */
export type Part = readonly [string, (t: Test, story: Story) => Promise<void>];

/** The administrator's password. */
export const password = 'seven herrings in a row';

/** The nodes of a whole cluster. */
export const names: readonly string[] = ['node-1', 'node-2', 'node-3'];

/** A spec for all nodes with one service that answers `body`; `more` is added to its parameters, or to the spec. */
export const spec = (body: string, more = ''): string => `cluster: harbor
services:
  web:
    blueprint: gateway
    nodes: all
    params:
      port: 8080
      body: "${body}"
${more}`;

/** The page's title. */
export const heading = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> =>
  page.getByRole('heading', { level: 1, name });

/** A link, by its whole text: of the navigation, or a name. */
export const section = (page: Page, name: string): ReturnType<Page['getByRole']> =>
  page.getByRole('link', { name, exact: true });

/** A button. */
export const button = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> =>
  page.getByRole('button', { name });

/** A node's row on the nodes page. */
export const row = (page: Page, node: string): ReturnType<Page['locator']> =>
  page.locator(`tr[data-node="${node}"]`);

/** Tells a story with a browser and a cluster of its own, part by part: each goes on where the one before ended. */
export function tell(
  title: string,
  parts: readonly Part[],
  begin: (story: Story) => Promise<void> = async () => {},
  options: ClusterOptions = {},
): void {
  test(title, { skip: skipReason ?? false }, async (t) => {
    const cluster = await startCluster(t, options);
    const watched = await openPage(await launchBrowser(t));
    const story: Story = { ...watched, cluster };
    await begin(story);
    for (const [name, part] of parts) {
      await t.test(name, (sub) => part(sub, story));
      if (!t.passing()) return;
    }
    t.same(watched.complaints, [], 'the browser complained of nothing');
  });
}

/** A change made beside the page, with the page's own session. */
export async function post<T>({ context, cluster }: Story, path: string, data: object): Promise<T> {
  const headers = { 'x-shoal-csrf': '1' };
  const answer = await context.request.post(`${cluster.url}/api/v1${path}`, { headers, data });
  if (!answer.ok()) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

/** Makes the administrator, by the page; it shows the nodes then. */
export async function logInFirst({ page, cluster }: Story): Promise<void> {
  await page.goto(cluster.firstRunUrl);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(password);
  await button(page, 'Create administrator').click();
  await page.getByText('No node has joined yet').waitFor();
}

/** An administrator, and nodes that serve by this spec. */
export async function serve(story: Story, nodes: readonly string[], text: string): Promise<void> {
  const { page, cluster } = story;
  await logInFirst(story);
  const { token } = await post<{ token: string }>(story, '/tokens', { uses: nodes.length });
  for (const name of nodes) await cluster.join(name, token);
  for (const name of nodes) await row(page, name).getByText('connected').waitFor();
  await post(story, '/spec/apply', { spec: text });
  for (const name of nodes) await row(page, name).getByText('healthy').first().waitFor({ timeout: 60_000 });
}
