import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest, MemberView, Params } from '@shoal/common';
import { compileManifest, createLogger, loadBlueprints, manifestHash } from '@shoal/common';
import type { Converger, TemplateFacts } from '../packages/agent/src/converge/converger.js';
import type { LoadReport } from '../test/load/report.js';

const root = new URL('../..', import.meta.url).pathname;
const { createConverger } = (await import(
  `${root}packages/agent/dist/converge/create-converger.js`
)) as typeof import('../packages/agent/src/converge/create-converger.js');
const reporting = (await import(
  `${root}test/dist/load/report.js`
)) as typeof import('../test/load/report.js');
const { startLoad } = (await import(
  `${root}test/dist/load/start-load.js`
)) as typeof import('../test/load/start-load.js');

/** The load balancers that are compared, by their blueprints. */
export const balancers = ['haproxy', 'nginx-lb'] as const;
export type Balancer = (typeof balancers)[number];

/** What is done to a balancer under load, and what became of the requests. */
export interface Trial {
  readonly drains: LoadReport;
  readonly reloads: LoadReport;
}

/** A load's report for people. */
export const describeLoad: (report: LoadReport) => string = reporting.describeLoad;

/** How much of it. */
export interface TrialInput {
  /** Times that a member is drained, and put back. */
  readonly drains: number;
  /** Times that a parameter changes. */
  readonly reloads: number;
  readonly requestsPerSecond: number;
}

const port = 18500;
const listenPort = 18501;
/** So long after the end of a change the next one comes, in ms: what a change leaves behind has its time. */
const pauseMs = 1000;
const networks: Readonly<Record<Balancer, string>> = { haproxy: '127.98.1', 'nginx-lb': '127.98.2' };

/** Runs one balancer as an agent runs it, in front of three backends, and changes it under load. */
export async function tryBalancer(balancer: Balancer, input: TrialInput): Promise<Trial> {
  const network = networks[balancer];
  const addresses = [1, 2, 3].map((host) => `${network}.${host}`);
  const backends = spawn(
    process.execPath,
    [join(import.meta.dirname, 'balancer-backends.js'), String(port), ...addresses],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await once(backends.stdout, 'data');
  const host = await HostUnderTrial.start(balancer, `${network}.9`, addresses);
  try {
    await host.converge(0);
    const target = `http://${network}.9:${listenPort}`;
    const load = () =>
      startLoad({ targets: [target], requestsPerSecond: input.requestsPerSecond, mix, connections: 40 });
    const drained = load();
    await delay(pauseMs);
    for (let i = 0; i < input.drains; i++) {
      await host.drain(addresses[i % 3]);
      await delay(pauseMs);
      await host.drain(undefined);
      await delay(pauseMs);
    }
    const drains = await drained.stop();
    const reloaded = load();
    await delay(pauseMs);
    for (let i = 1; i <= input.reloads; i++) {
      await host.converge(i);
      await delay(pauseMs);
    }
    return { drains, reloads: await reloaded.stop() };
  } finally {
    await host.stop();
    backends.stdin.end();
  }
}

const mix = [
  { path: '/', expect: '^127', weight: 7 },
  { path: '/search?q=one', expect: '^127', weight: 2 },
  { path: '/orders', method: 'POST', body: 'one order', expect: '^127', weight: 1 },
] as const;

/** An agent's converger with one load balancer, and a gossip that says what the trial wants. */
class HostUnderTrial {
  readonly #balancer: Balancer;
  readonly #directory: string;
  readonly #addresses: readonly string[];
  readonly #converger: Converger;
  #draining: string | undefined;
  #stepsDone = 0;

  constructor(balancer: Balancer, directory: string, address: string, addresses: readonly string[]) {
    this.#balancer = balancer;
    this.#directory = directory;
    this.#addresses = addresses;
    const facts = (): TemplateFacts => ({
      node: { name: 'lb', site: 'here', address },
      facts: {},
      members: this.#members(),
      lease: { tier: 'free', limits: {} },
    });
    this.#converger = createConverger({
      dataDir: directory,
      supervisor: 'process',
      facts,
      logger: createLogger({ name: 'bench', level: 'error' }),
      listener: {
        reportChanged: () => {},
        stepEvent: ({ kind }) => {
          if (kind === 'done') this.#stepsDone += 1;
        },
        observedChanged: () => {},
        processOutput: () => {},
      },
    });
  }

  static async start(
    balancer: Balancer,
    address: string,
    addresses: readonly string[],
  ): Promise<HostUnderTrial> {
    // Short, as the paths of sockets must be.
    const host = new HostUnderTrial(
      balancer,
      mkdtempSync(join(tmpdir(), 'shoal-bench-')),
      address,
      addresses,
    );
    await host.#converger.start();
    return host;
  }

  /** Offers the service with another largest body, which asks for a reload; resolves when it is in force. */
  async converge(change: number): Promise<void> {
    const manifest = await manifestOf(this.#balancer, change);
    await this.#settled(() =>
      this.#converger.offer(manifest, manifestHash(manifest), { retryFailed: false }),
    );
  }

  /** Lets one backend be drained, or none; resolves when the balancer has heeded it. */
  async drain(address: string | undefined): Promise<void> {
    this.#draining = address;
    await this.#settled(() => this.#converger.factsChanged());
  }

  async stop(): Promise<void> {
    await this.#converger.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Begins something, and waits until it has been converged: steps were done, and nothing is left to do. */
  async #settled(begin: () => void): Promise<void> {
    this.#stepsDone = 0;
    begin();
    for (;;) {
      const { state, failure } = this.#converger.report();
      if (state === 'FAILED') throw new Error(`${this.#balancer}: ${failure?.message}\n${failure?.output}`);
      if (state === 'IDLE' && this.#stepsDone > 0) return;
      await delay(20);
    }
  }

  #members(): MemberView[] {
    return this.#addresses.map((host, index) => {
      const tags = { svc: 'backend:h', ...(host === this.#draining ? { drain: 'backend' } : {}) };
      return { name: `b${index}`, address: `${host}:9896`, state: 'alive', tags, incarnation: 1, since: 0 };
    });
  }
}

async function manifestOf(balancer: Balancer, change: number): Promise<Manifest> {
  const params: Params = {
    service: 'backend',
    port,
    listenPort,
    listenOn: 'node',
    maxBodySize: `${change + 1}m`,
    ...(balancer === 'haproxy' ? { maxConnections: 2000 } : {}),
  };
  return compileManifest({
    spec: { cluster: 'bench', services: { lb: { blueprint: balancer, nodes: 'all', params } } },
    blueprints: await loadBlueprints([`${root}blueprints`]),
    clusterId: 'bench',
    node: { name: 'lb', site: 'here' },
    revision: change + 1,
  });
}
