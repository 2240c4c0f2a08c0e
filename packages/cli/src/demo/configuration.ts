import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { ShoalError } from '@shoal/common';
import { stringify } from 'yaml';

/** One of the demo's nodes. */
export interface DemoNode {
  readonly name: string;
  /** Loopback address that it has for itself. */
  readonly address: string;
  readonly directory: string;
  readonly configFile: string;
  readonly tokenFile: string;
}

/** Where everything of a demo is. */
export interface DemoLayout {
  readonly directory: string;
  /** host:port of console and REST. */
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly gossipAddress: string;
  readonly controllerConfig: string;
  readonly credentials: string;
  readonly spec: string;
  readonly nodes: readonly DemoNode[];
}

/** The service that the demo runs: nginx, or the example gateway where nginx isn't installed. */
export type DemoService = 'nginx' | 'gateway';

/** Port of the service on each node's own address. */
export const servicePort = 8080;

/** First three numbers of the loopback addresses that a demo uses: nodes have .1 to .3, the controller's gossip .4. */
export const defaultNetwork = '127.0.0';

/**
 * The layout of a demo in a directory, on the loopback network of these first three numbers.
 *
 * @throws ShoalError `invalid_input` when that isn't a loopback network
 */
export function layoutOf(directory: string, network: string = defaultNetwork): DemoLayout {
  if (!/^127\.\d{1,3}\.\d{1,3}$/.test(network) || isIP(`${network}.1`) !== 4) {
    throw new ShoalError(
      'invalid_input',
      `--network ${network}: expected three numbers of loopback, e.g. 127.0.1`,
    );
  }
  const root = resolve(directory);
  return {
    directory: root,
    httpAddress: `${network}.1:9897`,
    grpcAddress: `${network}.1:9898`,
    gossipAddress: `${network}.4:9896`,
    controllerConfig: join(root, 'controller.yaml'),
    credentials: join(root, 'controller', 'admin-credentials.json'),
    spec: join(root, 'cluster.yaml'),
    nodes: [1, 2, 3].map((n) => ({
      name: `node-${n}`,
      address: `${network}.${n}`,
      directory: join(root, `node-${n}`),
      configFile: join(root, `node-${n}.yaml`),
      tokenFile: join(root, `node-${n}.token`),
    })),
  };
}

/** Writes a file unless it is there: what a user changed stays. */
async function writeOnce(file: string, text: string, mode = 0o644): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Writes the configurations of the controller and the agents, where they aren't there yet. */
export async function writeConfigurations(layout: DemoLayout, blueprints: readonly string[]): Promise<void> {
  await mkdir(layout.directory, { recursive: true });
  await writeOnce(
    layout.controllerConfig,
    stringify({
      cluster: { name: 'demo' },
      dataDir: join(layout.directory, 'controller'),
      http: { listen: layout.httpAddress },
      grpc: { listen: layout.grpcAddress },
      gossip: { listen: layout.gossipAddress },
      blueprints,
    }),
  );
  for (const node of layout.nodes) {
    await writeOnce(
      node.configFile,
      stringify({
        node: { name: node.name, site: 'demo' },
        dataDir: node.directory,
        cluster: { controller: layout.grpcAddress, tokenFile: node.tokenFile },
        gossip: { listen: `${node.address}:9896` },
        metrics: { listen: `${node.address}:9899` },
        supervisor: 'process',
        blueprints,
      }),
    );
  }
}

const specs: Readonly<Record<DemoService, string>> = {
  nginx: `# The demo's spec: change it, then look at \`shoal plan\` and \`shoal apply\`.
cluster: demo
services:
  web:
    blueprint: nginx
    nodes: all
    params:
      port: ${servicePort}
      listenOn: node
      body: "Hello from Shoal.\\n"
`,
  gateway: `# The demo's spec: change it, then look at \`shoal plan\` and \`shoal apply\`.
cluster: demo
services:
  web:
    blueprint: gateway
    nodes: all
    params:
      port: ${servicePort}
      body: "Hello from Shoal.\\n"
`,
};

/** Writes the demo's spec where there is none yet, and gives the text that is there. */
export async function writeSpec(layout: DemoLayout, service: DemoService): Promise<string> {
  await writeOnce(layout.spec, specs[service]);
  return await readFile(layout.spec, 'utf8');
}
