import { existsSync } from 'node:fs';
import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, relative } from 'node:path';
import type { NodeView } from '@shoal/common';
import { builtinBlueprintsDir, isCheckout, isRolloutEnded, lockHolder, ShoalError } from '@shoal/common';
import type { ControllerClient } from '../client/client.js';
import { connect } from '../client/client.js';
import { findCredentials } from '../client/credentials.js';
import type { CommandContext } from '../context.js';
import type { DemoLayout, DemoNode, DemoService } from './configuration.js';
import { layoutOf, servicePort, writeConfigurations, writeSpec } from './configuration.js';
import type { DemoProcess } from './processes.js';
import { endWords, startProcess, unlessEnded } from './processes.js';
import { until } from './until.js';

/** What `shoal demo` was asked for. */
export interface DemoFlags {
  readonly dir: string;
  readonly reset?: boolean;
  readonly service?: string;
  readonly network?: string;
}

async function onPath(program: string): Promise<boolean> {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    try {
      await access(join(directory, program), constants.X_OK);
      return true;
    } catch {
      // Not here; the next directory may have it.
    }
  }
  return false;
}

async function serviceOf(asked: string | undefined): Promise<DemoService> {
  if (asked === 'nginx' || asked === 'gateway') return asked;
  if (asked !== undefined)
    throw new ShoalError('invalid_input', `--service ${asked}: expected nginx or gateway`);
  return (await onPath('nginx')) ? 'nginx' : 'gateway';
}

/** The example blueprints, which lie beside the built-in ones in the repository and where the package puts them. */
function exampleBlueprints(): string[] {
  const directory = join(dirname(builtinBlueprintsDir()), 'examples', 'blueprints');
  return existsSync(directory) ? [directory] : [];
}

async function startController(layout: DemoLayout, processes: DemoProcess[]): Promise<DemoProcess> {
  const args = ['controller', 'run', '--config', layout.controllerConfig];
  const controller = startProcess('controller', args, join(layout.directory, 'controller.log'));
  processes.push(controller);
  // Its own word: another process may answer at its address.
  await unlessEnded([controller], controller.waitForField('msg', 'controller started'));
  return controller;
}

async function startAgent(
  layout: DemoLayout,
  node: DemoNode,
  client: ControllerClient,
  known: readonly NodeView[],
): Promise<DemoProcess> {
  if (!known.some((n) => n.name === node.name)) {
    const { token } = await client.call('token.create', { ttl: '10m', uses: 1 });
    await writeFile(node.tokenFile, `${token}\n`, { mode: 0o600 });
  }
  await mkdir(node.directory, { recursive: true, mode: 0o700 });
  return startProcess(
    node.name,
    ['agent', 'run', '--config', node.configFile],
    join(layout.directory, `${node.name}.log`),
  );
}

async function applySpec(
  context: CommandContext,
  layout: DemoLayout,
  client: ControllerClient,
  service: DemoService,
): Promise<void> {
  const spec = await writeSpec(layout, service);
  const { revision } = await client.call('status.get', {});
  if (revision.latest !== 0) return;
  const applied = await client.call('spec.apply', { spec, file: layout.spec, reason: 'demo' });
  context.note('Rolling the spec out, node by node ...');
  await until(async () => {
    const rollout = await client.call('rollout.get', { revision: applied.revision });
    const failure = rollout.nodes.find((n) => n.failure !== null)?.failure;
    if (rollout.status === 'failed') {
      throw new ShoalError(
        'step_failed',
        `The spec ${layout.spec} could not be rolled out: ${failure?.message} ${failure?.output}`,
      );
    }
    return isRolloutEnded(rollout.status);
  }, 'the spec to be rolled out');
}

async function answers(node: DemoNode): Promise<boolean> {
  const response = await fetch(`http://${node.address}:${servicePort}/`);
  await response.arrayBuffer();
  return response.ok;
}

/** The command as this user can type it here: in a checkout by npx, however this process was started. */
export function typed(): string {
  return isCheckout ? 'npx shoal' : 'shoal';
}

function welcome(layout: DemoLayout, firstRun: string | undefined, seconds: string): string {
  const shoal = typed();
  const spec = relative(process.cwd(), layout.spec);
  const trying = [
    ['status', 'the cluster at a glance'],
    ['members', 'who is in the gossip: the controller and three nodes'],
    [`apply ${spec}`, 'after changing its "body": node by node, never down'],
    ['revision diff', 'what that changed'],
    ['logs -f', "the services' logs of all nodes"],
  ] as const;
  const widest = Math.max(...trying.map(([command]) => command.length));
  const lines = trying.map(([command, what]) => `  ${shoal} ${command.padEnd(widest)}   ${what}`);
  return `
Serving after ${seconds} s: ${layout.nodes.map((n) => `http://${n.address}:${servicePort}/`).join('  ')}
Console:    http://${layout.httpAddress}/
${firstRun === undefined ? '' : `First run:  ${firstRun}   (makes the admin; works once)\n`}
Worth trying, in a second terminal:
${lines.join('\n')}

Logs of the processes: ${relative(process.cwd(), layout.directory)}/*.log. Ctrl-C stops everything.
`;
}

async function run(
  context: CommandContext,
  layout: DemoLayout,
  service: DemoService,
  processes: DemoProcess[],
): Promise<void> {
  const started = Number(process.env['SHOAL_STARTED_AT'] ?? Date.now());
  context.note('Starting the controller ...');
  const controller = await startController(layout, processes);
  const client = connect(await findCredentials(layout.credentials));
  try {
    context.note('Starting three agents ...');
    const { nodes } = await client.call('node.list', {});
    for (const node of layout.nodes) processes.push(await startAgent(layout, node, client, nodes));
    const joined = async (): Promise<boolean> => {
      const now = await client.call('node.list', {});
      return now.nodes.filter((n) => n.connected).length === layout.nodes.length;
    };
    await unlessEnded(processes, until(joined, 'three agents to join'));
    await unlessEnded(processes, applySpec(context, layout, client, service));
    for (const node of layout.nodes)
      await unlessEnded(
        processes,
        until(() => answers(node), `${node.name} to serve`),
      );
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const session = (await (await fetch(`http://${layout.httpAddress}/api/v1/session`)).json()) as {
      firstRun?: boolean;
    };
    const link = session.firstRun === true ? await controller.waitForField('firstRunUrl') : undefined;
    context.print(welcome(layout, link, seconds));
  } finally {
    client.close();
  }
  // Whoever kills one of them wants to see what the others do.
  await Promise.all(
    processes.map(async (p) => {
      const end = await p.ended;
      if (!context.interrupted.aborted)
        context.note(`${p.name} ${endWords(end)}; start it again by: ${typed()} ${p.args.join(' ')}`);
    }),
  );
}

/** Processes on the demo's directories; once its own were stopped these are the user's: `node-2 (process 4711)`. */
async function othersThatRun({ nodes, directory }: DemoLayout): Promise<string[]> {
  const all = [...nodes, { name: 'controller', directory: join(directory, 'controller') }];
  const found = await Promise.all(
    all.map(async ({ name, directory: own }) => {
      const pid = await lockHolder(own);
      return pid === undefined ? [] : [`${name} (process ${pid})`];
    }),
  );
  return found.flat();
}

/**
 * Stops an agent and its service. The service of an agent that was killed runs on, by design; a new agent takes it over, and
 * stops it with itself, unless the user started one in the agent's place.
 */
async function stopAgent(layout: DemoLayout, agent: DemoProcess): Promise<void> {
  await agent.stop();
  if ((await agent.ended).code === 0) return;
  const node = layout.nodes.find(({ name }) => name === agent.name);
  if (node !== undefined && (await lockHolder(node.directory)) !== undefined) return;
  const successor = startProcess(agent.name, agent.args, join(layout.directory, `${agent.name}.log`));
  await Promise.race([successor.waitForField('msg', 'agent started'), successor.ended]);
  await successor.stop();
}

/** Runs the demo until Ctrl-C (or SIGTERM); then stops agents and controller, in that order. */
export async function runDemo(context: CommandContext, flags: DemoFlags): Promise<void> {
  const layout = layoutOf(flags.dir, flags.network);
  const service = await serviceOf(flags.service);
  if (flags.reset === true) await rm(layout.directory, { recursive: true, force: true });
  await writeConfigurations(layout, exampleBlueprints());
  const processes: DemoProcess[] = [];
  const interrupted = new Promise<void>((end) => context.interrupted.addEventListener('abort', () => end()));
  try {
    await Promise.race([run(context, layout, service, processes), interrupted]);
  } finally {
    context.note('Stopping ...');
    await Promise.all(processes.filter((p) => p.name !== 'controller').map((p) => stopAgent(layout, p)));
    await Promise.all(processes.map((p) => p.stop()));
    const others = await othersThatRun(layout);
    if (others.length > 0) context.note(`What you started yourself goes on: ${others.join(', ')}`);
    context.note('Stopped. Start it again and it finds its state.');
  }
}
