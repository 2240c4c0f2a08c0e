import type { MemberView, NodeView } from '@shoal/common';
import type { TestLicense } from '@shoal/common/testing';
import type { CommandOptions, CommandResult } from './command.js';
import type { Host } from './host.js';
import { createLab, type Lab } from './lab.js';
import { labVendor } from './license.js';
import { installShoal, packagesDirectory, packagesMount } from './shoal.js';

/** What a cluster consists of. */
export interface ClusterOptions {
  /** Names of the nodes. Default: `node1`, `node2`, `node3`. */
  nodes?: readonly string[];
  /** Directories of this machine that each host sees besides, read-only: path there → path here. */
  binds?: Readonly<Record<string, string>>;
  /** The cluster's license; `null`: none, the free tier. Default: enterprise, without limits. */
  license?: TestLicense | null;
}

/** A controller and its nodes on hosts of their own, installed from the packages, joined by token. */
export interface Cluster {
  readonly lab: Lab;
  readonly controller: Host;
  readonly nodes: readonly Host[];
  /** Installs a license of the lab's vendor; of several the newest counts. */
  license(license?: TestLicense): Promise<CommandResult>;
  /** Runs `shoal ARGS` on the controller's host. */
  shoal(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** The answer to `shoal ARGS --json`; its shape is the operation's view in `@shoal/common`. */
  ask<T>(...args: string[]): Promise<T>;
  /** `shoal apply` of a spec's text, to the end of its rollout. Options as for a command: `{ check: false }` to see it fail. */
  apply(spec: string, reason: string, options?: CommandOptions): Promise<CommandResult>;
  /** The gossip's view, as the controller or (with a node) that node's own agent has it: member name → state. */
  members(seenBy?: Host): Promise<Record<string, string>>;
  /** The same with all that the gossip knows of a member. */
  view(seenBy?: Host): Promise<readonly MemberView[]>;
  /** What the controller knows of a node. */
  node(host: Host): Promise<NodeView>;
  /** Gives the controller a blueprint besides the built-in ones (file name → text), as its administrator would. Once in a cluster's life. */
  addBlueprint(name: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** The last lines that Shoal's processes logged, of each host that has power: for a test that failed. */
  journals(): Promise<string>;
  destroy(): Promise<void>;
}

/** Boots the hosts, installs Shoal on them, and returns when all nodes are linked and all members alive. */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const names = options.nodes ?? ['node1', 'node2', 'node3'];
  const binds = { [packagesMount]: packagesDirectory(), ...options.binds };
  const lab = await createLab({ hosts: ['controller', ...names], binds });
  const cluster = clusterOf(lab);
  try {
    await install(cluster);
    if (options.license !== null) await cluster.license(options.license);
    await join(cluster);
    return cluster;
  } catch (error) {
    const journals = await cluster.journals();
    await lab.destroy();
    throw new Error(`the cluster didn't form: ${(error as Error).message}\n${journals}`);
  }
}

function clusterOf(lab: Lab): Cluster {
  const controller = lab.host('controller');
  const nodes = lab.hosts.filter((host) => host !== controller);
  const shoal: Cluster['shoal'] = (args, options) => controller.exec(['shoal', ...args], options);
  const ask = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await shoal([...args, '--json'])).stdout) as T;
  const view: Cluster['view'] = async (seenBy) => {
    if (seenBy === undefined) return await ask<MemberView[]>('members');
    const { stdout } = await seenBy.exec(['shoal', 'members', '--local', '--json']);
    return JSON.parse(stdout) as MemberView[];
  };
  return {
    lab,
    controller,
    nodes,
    shoal,
    async license(license) {
      await controller.write('/root/license', await (await labVendor()).issue(license));
      return await shoal(['license', 'install', '/root/license']);
    },
    ask,
    async apply(spec, reason, options) {
      await controller.write('/root/cluster.yaml', spec);
      const args = ['apply', '/root/cluster.yaml', '--reason', reason];
      return await shoal(args, { timeoutMs: 300_000, ...options });
    },
    async members(seenBy) {
      return Object.fromEntries((await view(seenBy)).map((member) => [member.name, member.state]));
    },
    view,
    node: (host) => ask<NodeView>('node', 'show', host.name),
    async addBlueprint(name, files) {
      const directory = '/etc/shoal/blueprints';
      for (const [file, text] of Object.entries(files))
        await controller.write(`${directory}/${name}/${file}`, text);
      await controller.exec(`echo "blueprints: [${directory}]" >> /etc/shoal/controller.yaml`);
      await controller.exec('systemctl restart shoal-controller');
      const up = async (): Promise<boolean> => (await shoal(['status'], { check: false })).code === 0;
      await lab.waitFor(up, { what: 'the controller with its new blueprint' });
    },
    async journals() {
      return (await Promise.all(lab.hosts.filter((host) => host.running).map(lastLogLines))).join('\n');
    },
    destroy: () => lab.destroy(),
  };
}

async function install({ lab, controller, nodes }: Cluster): Promise<void> {
  await Promise.all([
    installShoal(controller, 'shoal', 'shoal-controller'),
    ...nodes.map((node) => installShoal(node, 'shoal', 'shoal-agent')),
  ]);
  await lab.waitFor(async () => (await controller.exec('shoal status')).code === 0, {
    what: 'the controller',
  });
}

async function join(cluster: Cluster): Promise<void> {
  const { lab, controller, nodes } = cluster;
  const made = await cluster.shoal(['token', 'create', '--uses', String(nodes.length)]);
  const config = `cluster:\n  controller: ${controller.name}:9898\n  token: ${made.stdout.trim()}\n`;
  for (const node of nodes) {
    await node.write('/etc/shoal/agent.yaml', config, 0o600);
    await node.exec('systemctl enable --now shoal-agent');
  }
  const complete = async (): Promise<boolean> => {
    const linked = await cluster.ask<NodeView[]>('node', 'ls');
    const states = Object.values(await cluster.members());
    const alive = states.filter((state) => state === 'alive').length;
    return linked.filter((node) => node.connected).length === nodes.length && alive === lab.hosts.length;
  };
  await lab.waitFor(complete, { what: 'all nodes to be linked and all members alive', timeoutMs: 60_000 });
}

async function lastLogLines(host: Host): Promise<string> {
  const journal = await host.exec('journalctl -u "shoal-*" -n 20 -o cat --no-pager', { check: false });
  return `--- ${host.name}\n${journal.stdout}`;
}
