import { setTimeout as pause } from 'node:timers/promises';
import type { LogLine, NodeView } from '@shoal/common';
import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import { ConsoleSession } from './console-session.js';
import type { Host } from './host.js';
import { keepControllerDown, killController, startController } from './outage.js';
import { addTicker, renameLog, reopenLog, stopTicker, writtenLines } from './ticker.js';

const rate = 500;
let cluster: Cluster;
let session: ConsoleSession;

t.before(async () => {
  cluster = await createCluster();
  await addTicker(cluster);
  session = new ConsoleSession(cluster.controller);
  await session.firstRun();
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

/** Every line that the controller holds of a node, by as many searches as it takes. */
async function foundLines(node: Host, since: number, until: number): Promise<LogLine[]> {
  const query = `logs?node=${node.name}&service=ticks&since=${since}&until=${until}&limit=10000`;
  const { lines, truncated } = await session.get<{ lines: LogLine[]; truncated: boolean }>(query);
  if (!truncated) return lines;
  if (since === until) throw new Error(`more lines at ${since} than one search gives`);
  const middle = Math.floor((since + until) / 2);
  return [...(await foundLines(node, since, middle)), ...(await foundLines(node, middle + 1, until))];
}

async function newestLine(node: Host): Promise<string> {
  const query = `logs?node=${node.name}&service=ticks&limit=1`;
  return (await session.get<{ lines: LogLine[] }>(query)).lines.at(-1)?.line ?? '';
}

const allLinked = async (): Promise<boolean> =>
  (await cluster.ask<NodeView[]>('node', 'ls')).every((node) => node.connected);

/** Renames, lets the writer go on for a moment, and gives it a new file. */
async function rotate(node: Host, meanwhile: () => Promise<unknown> = () => pause(1000)): Promise<void> {
  await renameLog(node);
  await meanwhile();
  await reopenLog(node);
}

/** What the hosts go through while the controller is away for 30 s. */
async function troublesInOutage([first, second, third]: [Host, Host, Host]): Promise<void> {
  await pause(5_000);
  await rotate(first);
  await second.exec('systemctl restart shoal-agent');
  await pause(5_000);
  await third.exec('systemctl stop shoal-agent');
  await rotate(third);
  await third.exec('systemctl start shoal-agent');
}

t.test('every line written arrives once, through outages, restarts and rotation', async (t) => {
  const nodes = cluster.nodes as [Host, Host, Host];
  const [first, second] = nodes;
  const spec = `cluster: shoal\nservices:\n  ticks: { blueprint: ticker, nodes: all, params: { rate: ${rate} } }\n`;
  const start = Date.now();
  await cluster.apply(spec, 'write lines');
  await pause(10_000);
  await rotate(second);
  await pause(10_000);

  await keepControllerDown(cluster.controller);
  await cluster.controller.exec(killController);
  const away = pause(30_000);
  await troublesInOutage(nodes);
  await away;
  await startController(cluster.controller);
  const returned = performance.now();

  // Once more, while it takes in what has waited; systemd starts it this time.
  await cluster.lab.waitFor(allLinked, { what: 'the agents to come back', timeoutMs: 60_000 });
  t.comment(
    `all linked ${((performance.now() - returned) / 1000).toFixed(1)} s after the controller's return`,
  );
  await cluster.controller.exec(killController);
  await pause(5_000);
  await first.kill(await first.mainPid('shoal-agent'), 'KILL');
  await pause(5_000);

  for (const node of nodes) await stopTicker(node);
  const stopped = performance.now();
  const written = new Map<Host, string[]>();
  for (const node of nodes) {
    const lines = await writtenLines(node);
    const last = `tick ${lines.length} `;
    const arrived = async (): Promise<boolean> => `${await newestLine(node)} `.startsWith(last);
    await cluster.lab.waitFor(arrived, { what: `${node.name}'s last line to arrive`, timeoutMs: 60_000 });
    written.set(node, lines);
  }
  t.comment(`all there ${((performance.now() - stopped) / 1000).toFixed(1)} s after the last was written`);

  for (const [node, lines] of written) {
    const found = (await foundLines(node, start, Date.now() + 60_000)).map(({ line }) => line);
    const distinct = new Set(found);
    const lost = lines.filter((line) => !distinct.has(line)).length;
    const twice = found.length - distinct.size;
    t.comment(`${node.name}: ${lines.length} written, ${found.length} found, ${lost} lost, ${twice} twice`);
    t.ok(lines.length > 55 * rate, 'written at that rate');
    t.equal(new Set(lines).size, lines.length, 'the writer repeats nothing');
    t.equal(lost, 0, 'none lost');
    t.equal(twice, 0, 'none twice');
    t.equal(found.length, lines.length, 'and none invented');
  }
});
