import type { Cluster } from '../../test/lab/cluster.js';
import type { Tool } from './tool.js';

const specFile = '/root/cluster.yaml';

/** `shoal apply` of a spec in which one value changes, by a strategy. */
export class ShoalTool implements Tool {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #strategy: 'all-at-once' | 'one-by-one';

  constructor(cluster: Cluster, strategy: 'all-at-once' | 'one-by-one') {
    this.#cluster = cluster;
    this.#strategy = strategy;
    this.name = `Shoal, ${strategy}`;
  }

  /** One by one takes the gate's two seconds a node, and varies little. */
  rounds(asked: number): number {
    return this.#strategy === 'all-at-once' ? asked : Math.min(asked, 3);
  }

  /** The strategy itself is a change of the spec. */
  async begin(): Promise<void> {
    await this.edit('warm');
    await this.apply('warm');
  }

  async edit(change: string): Promise<void> {
    await this.#cluster.controller.write(specFile, specOf(change, this.#strategy));
  }

  async apply(change: string): Promise<void> {
    await this.#cluster.shoal(['apply', specFile, '--reason', `change ${change}`], { timeoutMs: 180_000 });
  }

  async end(): Promise<void> {}
}

function specOf(change: string, strategy: string): string {
  return `cluster: shoal
services:
  web:
    blueprint: nginx
    nodes: all
    params: { port: 8080, body: hello, extraConfig: 'add_header X-Change ${change};' }
rollout: { strategy: ${strategy} }
`;
}
