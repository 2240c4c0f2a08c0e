import type { FailureView } from '@shoal/common';
import { advance } from './machine.js';
import { policyOf } from './policy.js';
import { applyRequest, type OperatorRequest } from './requests.js';
import {
  type Advance,
  beginRollout,
  type Observation,
  type ObservedNode,
  type RolloutState,
  type TargetChange,
} from './state.js';

/** Why nodes of a world fail. */
export const failure: FailureView = {
  service: 'web',
  step: 'conf',
  message: 'no',
  output: 'nginx: [emerg]',
  undone: true,
};
/** Their deadline, ms. */
export const deadline = 60_000;

/** A cluster in memory: nodes do what a test says; targets are kept as the store would. */
export class World {
  at = 1000;
  readonly nodes: Map<string, ObservedNode> = new Map();
  readonly targets: Map<string, TargetChange> = new Map();

  add(name: string, part: Partial<ObservedNode> = {}): void {
    this.nodes.set(name, {
      presence: 'connected',
      site: 'default',
      rank: 0,
      hash: `new-${name}`,
      back: `old-${name}`,
      running: `old-${name}`,
      failed: null,
      settled: true,
      healthy: true,
      affected: true,
      drained: false,
      good: 1,
      attempt: 0,
      ...part,
    });
  }

  change(name: string, part: Partial<ObservedNode>): void {
    this.add(name, { ...this.nodes.get(name), ...part });
  }

  get observation(): Observation {
    return { at: this.at, nodes: this.nodes };
  }

  /** Advances until nothing changes, as the driver does. What is stored is JSON. */
  settle(state: RolloutState): RolloutState {
    for (let step = 0; step < 200; step += 1) {
      const next = advance(state, this.observation);
      if (next.state === state && next.targets.length === 0) return state;
      state = this.store(next);
    }
    throw new Error('the rollout never settles');
  }

  /** Takes in targets; the node is asked from now on. */
  store({ state, targets }: Advance): RolloutState {
    for (const target of targets) {
      this.targets.set(target.node, target);
      const node = this.nodes.get(target.node);
      if (node === undefined) continue;
      // One that runs it already isn't offered anything.
      const hash = target.revision === 2 ? node.hash : node.back;
      const settled = node.settled && node.running === hash;
      this.change(target.node, { attempt: target.attempt, settled });
    }
    return state;
  }

  ask(state: RolloutState, what: OperatorRequest['what'], keep = false): RolloutState {
    const request = { what, by: 'ann', at: this.at, keep };
    return this.settle(this.store(applyRequest(state, request, this.observation)));
  }

  begin(rollout: Parameters<typeof policyOf>[0] = {}, part: { from?: number } = {}): RolloutState {
    const policy = policyOf({ nodeDeadline: '60s', ...rollout });
    return this.settle(beginRollout({ revision: 2, from: 1, at: this.at, policy, ...part }));
  }

  runs(...names: readonly string[]): void {
    for (const name of names) {
      const hash = this.targets.get(name)?.revision === 2 ? `new-${name}` : `old-${name}`;
      this.change(name, { running: hash, settled: true });
    }
  }

  /** It fails at what it was asked for; the agent undoes it. */
  fails(name: string, as: FailureView = failure): void {
    const { revision = 0, attempt = 0 } = this.targets.get(name) ?? {};
    const hash = revision === 2 ? `new-${name}` : `old-${name}`;
    this.change(name, { failed: { hash, revision, attempt, failure: as }, settled: true });
  }

  /** Revisions that nodes shall be at, by name. */
  get wanted(): Record<string, number> {
    return Object.fromEntries([...this.targets].map(([name, { revision }]) => [name, revision]));
  }
}

/** Node to status. */
export function statuses(state: RolloutState): Record<string, string> {
  return Object.fromEntries(state.nodes.map(({ node, status }) => [node, status]));
}

/** mulberry32: small, seeded, good enough to pick faults. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
