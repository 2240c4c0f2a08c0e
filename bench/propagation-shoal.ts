import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RolloutView } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import type { ControllerClient } from '../packages/cli/src/client/client.js';
import { freePort } from './free-port.js';
import { type ProcessSample, sampleProcess } from './processes.js';

const root = new URL('../..', import.meta.url).pathname;
const { connect } = (await import(
  `${root}packages/cli/dist/client/client.js`
)) as typeof import('../packages/cli/src/client/client.js');

/** A loopback address that no demo listens at. */
const address = '127.97.1.1';

/** A page and a gateway on every node, all of them changed at once; only the page's text differs from commit to commit. */
function specOf(body: string, endpoints: number): string {
  const paths = Array.from(
    { length: endpoints },
    (_, index) =>
      `        - { path: "/api/v1/resource-${index}/{id}", inputHeaders: [Authorization, X-Request-Id], backends: [{ urlPattern: "/internal/resource-${index}/{id}", hosts: ["http://10.20.${index % 250}.10:8080", "http://10.20.${index % 250}.11:8080"] }] }`,
  );
  return `cluster: bench
services:
  page:
    blueprint: nginx
    nodes: all
    params: { port: 8000, body: "${body}" }
  gateway:
    blueprint: krakend
    nodes: all
    params:
      port: 8080
      endpoints:
${paths.join('\n')}
rollout: { strategy: all-at-once }
`;
}

/** A controller as users run it, but for the vendor that it trusts, in a process of its own. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #endpoints: number;
  readonly #metrics: { readonly url: string; readonly token: string };
  readonly client: ControllerClient;
  /** host:port of its gRPC. */
  readonly address: string;

  private constructor(parts: {
    child: ChildProcess;
    client: ControllerClient;
    address: string;
    endpoints: number;
    metrics: { url: string; token: string };
  }) {
    this.#child = parts.child;
    this.client = parts.client;
    this.address = parts.address;
    this.#endpoints = parts.endpoints;
    this.#metrics = parts.metrics;
  }

  /** `endpoints`: of the gateway that every node runs; they make the manifest long. */
  static async start(directory: string, endpoints: number): Promise<ControllerProcess> {
    const config = join(directory, 'controller.yaml');
    const listen = `{ listen: "${address}:0" }`;
    const httpPort = await freePort(address);
    await writeFile(
      config,
      `cluster: { name: bench }\ndataDir: ${directory}/controller\nhttp: { listen: "${address}:${httpPort}", tls: "off" }\ngrpc: ${listen}\ngossip: ${listen}\nlog: { level: warn }\n`,
    );
    const vendor = await TestVendor.create();
    const program = [
      join(import.meta.dirname, 'propagation-controller.js'),
      config,
      JSON.stringify(vendor.trust),
    ];
    const extra = (process.env['SHOAL_BENCH_NODE_ARGS'] ?? '').split(' ').filter((word) => word !== '');
    const child = spawn(process.execPath, [...extra, ...program], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, SHOAL_BLUEPRINTS: join(root, 'blueprints') },
    });
    try {
      const file = join(directory, 'controller/admin-credentials.json');
      const credentials = JSON.parse(await written(file, child)) as Parameters<typeof connect>[0];
      const client = connect(credentials, { timeoutMs: 60_000 });
      // A thousand nodes are more than the free tier has.
      await client.call('license.install', { text: await vendor.issue() });
      const metrics = {
        url: `http://${address}:${httpPort}/metrics`,
        token: (await written(join(directory, 'controller/metrics-token'), child)).trim(),
      };
      return new ControllerProcess({ child, client, address: credentials.server, endpoints, metrics });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Memory and processor time so far. */
  sample(): ProcessSample {
    return sampleProcess(this.#child.pid ?? 0);
  }

  /** Whole manifests that it has offered so far, by its own metrics. */
  async wholeOffers(): Promise<number> {
    const { url, token } = this.#metrics;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const value = /^shoal_offers_total\{kind="full"\} (\d+)$/m.exec(await response.text())?.[1];
    if (value === undefined) throw new Error(`${url} answers ${response.status} without shoal_offers_total`);
    return Number(value);
  }

  /** Commits a page; the revision's number. */
  async commit(body: string): Promise<number> {
    const spec = specOf(body, this.#endpoints);
    return (await this.client.call('spec.apply', { spec })).revision;
  }

  /** Waits until the revision's rollout has ended, without asking for more than that; then the rollout. @throws Error when it failed */
  async rolledOut(revision: number): Promise<RolloutView> {
    const end = Date.now() + 120_000;
    for (;;) {
      const { revisions } = await this.client.call('revision.list', { limit: 1 });
      const status = revisions[0]?.status;
      if (status === 'active') return this.client.call('rollout.get', { revision });
      if ((status !== 'rolling-out' && status !== 'pending') || Date.now() > end) {
        const { message } = await this.client.call('rollout.get', { revision });
        throw new Error(`revision ${revision} is ${status}: ${message}`);
      }
      await delay(25);
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** What the controller writes into this file as it starts. */
async function written(file: string, child: ChildProcess): Promise<string> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the controller ended with code ${child.exitCode}`);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
    await delay(50);
  }
}
