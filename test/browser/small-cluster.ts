import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningAgent, startAgent } from '@shoal/agent';
import { createLogger, type TrustedLicenseKeys } from '@shoal/common';
import { type RunningController, startController } from '@shoal/controller';
import type { Test } from 'tap';

const blueprints = [fileURLToPath(new URL('../../../examples/blueprints', import.meta.url))];
/** Loopback addresses of this run alone, so that runs beside it don't collide. */
const network = `127.70.${process.pid % 250}`;
const servicePort = 8080;

/** A real controller and real agents, in this process. */
export interface SmallCluster {
  readonly url: string;
  readonly firstRunUrl: string;
  /** Starts an agent, at Lisbon unless another site is named, that joins by this token; resolves once it runs, not once it has joined. */
  join(name: string, token: string, site?: string): Promise<void>;
  /** Where the agent of a node keeps everything. */
  directoryOf(name: string): string;
  /** What the service of the node that joined as the n-th (from 1) answers. */
  ask(node: number, path?: string): Promise<string>;
  /** Stops the agent of the node that joined as the n-th (from 1), in order. */
  stopAgent(node: number): Promise<void>;
  /** Stops the controller, as a crash or an update would; agents stay. */
  stopController(): Promise<void>;
  /** Starts it again on the same state and addresses. */
  restartController(): Promise<void>;
}

/** How a cluster differs from the usual one. */
export interface ClusterOptions {
  /** Whose licenses the controller believes. Default: nobody's. */
  readonly trustedLicenseKeys?: TrustedLicenseKeys;
}

/** Starts a controller; everything is stopped with the test. */
export async function startCluster(t: Test, options: ClusterOptions = {}): Promise<SmallCluster> {
  const dir = t.testdir({ controller: {} });
  const agents: RunningAgent[] = [];
  let http = `${network}.4:0`;
  let grpc = `${network}.4:0`;
  const start = () =>
    startController({
      config: {
        cluster: { name: 'harbor' },
        dataDir: join(dir, 'controller'),
        http: { listen: http },
        grpc: { listen: grpc },
        gossip: { listen: `${network}.4:9896` },
        blueprints,
      },
      logger: createLogger({ name: 'controller', level: 'silent' }),
      env: {},
      ...options,
    });
  let controller: RunningController = await start();
  ({ http, grpc } = controller.addresses);
  t.teardown(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await controller.stop();
  });
  return {
    url: `http://${http}`,
    firstRunUrl: controller.firstRunUrl ?? '',
    async join(name, token, site = 'lisbon') {
      const address = `${network}.${agents.length + 1}`;
      const configFile = join(dir, `${name}.yaml`);
      await writeFile(configFile, agentYaml({ name, site, address, dataDir: join(dir, name), grpc, token }));
      agents.push(await startAgent({ configFile, env: {} }));
    },
    directoryOf: (name) => join(dir, name),
    async ask(node, path = '/') {
      const response = await fetch(`http://${network}.${node}:${servicePort}${path}`);
      return response.text();
    },
    async stopAgent(node) {
      await agents[node - 1]?.stop();
    },
    stopController: () => controller.stop(),
    async restartController() {
      controller = await start();
    },
  };
}

interface AgentSettings {
  readonly name: string;
  readonly site: string;
  readonly address: string;
  readonly dataDir: string;
  readonly grpc: string;
  readonly token: string;
}

function agentYaml({ name, site, address, dataDir, grpc, token }: AgentSettings): string {
  return `node:
  name: ${name}
  site: ${site}
dataDir: ${dataDir}
cluster:
  controller: ${grpc}
  token: ${token}
gossip:
  listen: ${address}:9896
metrics:
  listen: 'off'
supervisor: process
stats:
  interval: 1s
drift:
  interval: 1s
log:
  level: silent
`;
}
