import type { RevisionView, RolloutPolicy } from '@shoal/common';
import { createLogger } from '@shoal/common';
import type { CompiledManifest } from '../spec/compiler.js';
import type { NodePlace } from '../spec/manifests.js';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store, Transaction, TransactionResult } from '../store/store.js';
import { RolloutDriver } from './driver.js';
import { observeNode } from './observe.js';
import { policyOf } from './policy.js';
import { type Behavior, SimulatedAgent, SimulatedLink } from './simulated-agent.test.support.js';
import { beginRollout, type ObservedNode, type Presence, type RolloutState } from './state.js';
import { Targets } from './targets.js';

/** Where the controller is killed, at a transition: before it is stored; stored, and not acted upon; half acted upon; acted upon. */
export const killPoints = ['before the write', 'after the write', 'half acted', 'acted'] as const;
export type KillPoint = (typeof killPoints)[number];

/** Ticks (seconds) after which a node without link is offline. */
const awayTicks = 8;

/** What is simulated. */
export interface Scenario {
  readonly name: string;
  readonly policy: RolloutPolicy;
  /** Nodes n0, n1, …; `gone`: without link when it begins, for that many ticks. */
  readonly nodes: readonly (Behavior | { readonly gone: number })[];
  /** What an operator asks, each once, when the rollout is in that state. */
  readonly requests?: readonly {
    readonly when: RolloutState['status'];
    readonly what: 'pause' | 'resume' | 'promote' | 'retry' | 'abort';
    readonly keep?: boolean;
  }[];
  /** When somebody sets the controller's wall clock, and by how much. */
  readonly clockSet?: readonly { readonly tick: number; readonly ms: number }[];
  /** How it ends when nobody is killed. */
  readonly ends: RolloutState['status'];
  /** `RolloutState.undone` at the end. Default: what isn't `succeeded` is undone. */
  readonly undone?: boolean;
}

/** Far enough from nothing to be set back. */
const wallAtBegin = 1_000_000_000;

const never = new Promise<never>(() => undefined);

/** One process of the controller: its memory is lost when it is killed. */
class Controller {
  readonly targets = new Targets();
  readonly links = new Map<string, SimulatedLink>();
  readonly awaySince = new Map<string, number>();
  readonly driver: RolloutDriver;
  isKilled = false;
  /** Transactions so far. */
  transactions = 0;
  #killAt: { readonly transaction: number; readonly point: KillPoint } | undefined;
  #isDoomed = false;
  readonly #cluster: SimulatedCluster;
  changed: (name: string) => void = () => undefined;

  constructor(cluster: SimulatedCluster, killAt: { transaction: number; point: KillPoint } | undefined) {
    this.#cluster = cluster;
    this.#killAt = killAt;
    for (const name of cluster.agents.keys()) this.awaySince.set(name, cluster.tick);
    const manifests = { prepare: async () => undefined, at: compiled, spec: () => undefined };
    this.driver = new RolloutDriver({
      store: this.#store(),
      revisions: {
        head: async () => ({ value: await cluster.head(), modRevision: 0 }),
        record: async (number) => ({ number }) as never,
        view: async () => ({}) as RevisionView,
      },
      manifests,
      targets: this.targets,
      nodes: {
        places: () => [...cluster.agents.keys()].map(placeOf),
        place: (name) => (cluster.agents.has(name) ? placeOf(name) : undefined),
        measured: (name) => this.links.get(name)?.measured ?? null,
        observe: ({ revision, back }) => this.#observe(revision, back),
        targetsChanged: async (names) => this.#act(names),
        onChange: (listener) => {
          this.changed = listener;
        },
      },
      events: { publish: () => undefined },
      logger: createLogger({ name: 'test', level: 'silent' }),
      clocks: () => ({ at: cluster.wall, elapsed: cluster.tick * 1000, boot: 'one' }),
      monotonic: () => 0,
    });
  }

  kill(): void {
    this.isKilled = true;
    void this.driver.stop();
  }

  #store(): Store {
    const { store } = this.#cluster;
    return new Proxy(store, {
      get: (target, property) => {
        if (property === 'transact') return (transaction: Transaction) => this.#transact(transaction);
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #isDue(point: KillPoint): boolean {
    return this.#killAt?.point === point && this.#killAt.transaction === this.transactions;
  }

  async #transact(transaction: Transaction): Promise<TransactionResult> {
    if (this.#isDoomed) this.kill();
    if (this.isKilled) return never;
    if (this.#isDue('before the write')) {
      this.kill();
      return never;
    }
    const result = await this.#cluster.store.transact(transaction);
    this.#isDoomed = this.#isDue('acted');
    if (this.#isDue('after the write')) {
      this.kill();
      return never;
    }
    this.transactions += 1;
    return result;
  }

  #act(names: readonly string[]): void {
    const half = this.#killAt?.point === 'half acted' && this.#killAt.transaction === this.transactions - 1;
    const reached = half ? names.slice(0, Math.ceil(names.length / 2)) : names;
    for (const name of reached) this.reconcile(name);
    if (half) this.kill();
    else for (const name of names) this.changed(name);
  }

  reconcile(name: string): void {
    const link = this.links.get(name);
    const { revision = 0, attempt = 0 } = this.targets.get(name) ?? {};
    const wanted = compiled(placeOf(name), revision);
    if (link !== undefined && wanted !== undefined) link.reconcile({ hash: wanted.hash, revision, attempt });
  }

  #presence(name: string): Presence {
    if (this.links.has(name)) return 'connected';
    return this.#cluster.tick - (this.awaySince.get(name) ?? 0) < awayTicks ? 'away' : 'offline';
  }

  #observe(revision: number, back: (name: string) => number): Map<string, ObservedNode> {
    const observed = new Map<string, ObservedNode>();
    for (const name of this.#cluster.agents.keys()) {
      const link = this.links.get(name);
      const known = {
        presence: this.#presence(name),
        site: 'default',
        measured: link?.measured ?? null,
        drainAsked: [],
        isOutstanding: link?.isOutstanding ?? false,
        target: this.targets.get(name),
        revision,
        next: compiled(placeOf(name), revision),
        back: compiled(placeOf(name), back(name)),
        rank: 0,
        touched: undefined,
      };
      observed.set(name, observeNode(known));
    }
    return observed;
  }
}

function placeOf(name: string): NodePlace {
  return { name, site: 'default' };
}

/** Revision 1 has content h1, revision 2 has h2. */
function compiled(_place: NodePlace, revision: number): CompiledManifest | undefined {
  if (revision === 0) return undefined;
  const manifest = { format: 1 as const, clusterId: 'c', node: 'n', revision, services: [] };
  return { manifest, hash: `h${revision}`, content: Buffer.alloc(0) };
}

/** A whole cluster in virtual time: agents, a store, and a controller that is started again whenever it was killed. */
export class SimulatedCluster {
  readonly agents: Map<string, SimulatedAgent> = new Map();
  readonly store: MemoryStore = new MemoryStore();
  readonly scenario: Scenario;
  tick = 0;
  /** By how much somebody has set the wall clock, milliseconds. */
  #skewMs = 0;
  kills = 0;
  /** Where the next processes of the controller are killed. */
  readonly #plan: { transaction: number; point: KillPoint }[];
  #controller: Controller | undefined;
  #asked = 0;
  /** What went wrong. */
  readonly problems: string[] = [];

  constructor(scenario: Scenario, plan: readonly { transaction: number; point: KillPoint }[] = []) {
    this.scenario = scenario;
    this.#plan = [...plan];
    for (const [index, node] of scenario.nodes.entries()) {
      const behavior = typeof node === 'string' ? node : 'converges';
      const agent = new SimulatedAgent(`n${index}`, behavior, 1 + (index % 3));
      if (typeof node !== 'string') agent.gone = node.gone;
      this.agents.set(agent.name, agent);
    }
  }

  async head(): Promise<{ latest: number; active: number }> {
    const entry = await this.store.get(keys.head);
    return JSON.parse(Buffer.from(entry?.value ?? '').toString()) as { latest: number; active: number };
  }

  /** What the controller's wall clock says, milliseconds. */
  get wall(): number {
    return wallAtBegin + this.tick * 1000 + this.#skewMs;
  }

  /** Transactions of the present process of the controller. */
  get transactions(): number {
    return this.#controller?.transactions ?? 0;
  }

  get state(): RolloutState | undefined {
    return this.#controller?.driver.current;
  }

  get targets(): Targets | undefined {
    return this.#controller?.targets;
  }

  async #start(): Promise<void> {
    const controller = new Controller(this, this.#plan.shift());
    this.#controller = controller;
    await controller.targets.load(this.store);
    // A transition of the start itself may be what kills it.
    void controller.driver.start();
    await turn();
  }

  /** Commits revision 2 on a cluster that runs revision 1, and lets time pass until the rollout and every node have come to rest. */
  async run(): Promise<RolloutState | undefined> {
    const writes = [...this.agents.keys()].map((node) =>
      putJson(keys.target(node), { node, revision: 1, good: 1, attempt: 0, undo: false }),
    );
    const head = { latest: 2, active: 1 };
    const { policy } = this.scenario;
    const rollout = policyOf({ nodeDeadline: '30s', ...policy });
    const { nodes: _, ...header } = beginRollout({
      revision: 2,
      from: 1,
      at: this.wall,
      policy: rollout,
    });
    await this.store.transact({
      writes: [...writes, putJson(keys.head, head), putJson(keys.rollout(2), header)],
    });
    for (let quiet = 0; quiet < 12 && this.tick < 600; quiet = (await this.#pass()) ? 0 : quiet + 1) {
      if (this.tick === 250) for (const agent of this.agents.values()) agent.heal();
    }
    const { state } = this;
    this.#controller?.kill();
    return state;
  }

  /** One second. True when something happened. */
  async #pass(): Promise<boolean> {
    this.tick += 1;
    for (const { tick, ms } of this.scenario.clockSet ?? []) if (tick === this.tick) this.#skewMs += ms;
    const before = this.state;
    if (this.#controller === undefined || this.#controller.isKilled) {
      if (this.#controller !== undefined) this.kills += 1;
      await this.#start();
    }
    const controller = this.#controller;
    if (controller === undefined) return true;
    let isBusy = false;
    for (const agent of this.agents.values()) {
      const isNew = agent.tick();
      isBusy ||= isNew || agent.isBusy || agent.gone > 0;
      this.#link(controller, agent, isNew);
    }
    controller.changed('');
    await turn();
    await this.#operate(controller);
    this.#check(controller);
    return isBusy || controller.isKilled || before !== this.state || !this.#isOver();
  }

  #isOver(): boolean {
    const status = this.state?.status;
    return status === 'succeeded' || status === 'failed' || status === 'aborted' || status === 'paused';
  }

  #link(controller: Controller, agent: SimulatedAgent, isNew: boolean): void {
    if (controller.isKilled) return;
    const link = controller.links.get(agent.name);
    if (agent.gone > 0) {
      if (link === undefined) return;
      controller.links.delete(agent.name);
      controller.awaySince.set(agent.name, this.tick);
    } else if (link === undefined) {
      controller.links.set(agent.name, new SimulatedLink(agent));
    } else if (isNew) {
      link.measured = agent.report();
    } else {
      return;
    }
    controller.reconcile(agent.name);
    controller.changed(agent.name);
  }

  /** An operator asks, sees that the controller died, and looks before asking again. */
  async #operate(controller: Controller): Promise<void> {
    const next = this.scenario.requests?.[this.#asked];
    const status = controller.driver.current?.status;
    if (next === undefined || controller.isKilled || status !== next.when) return;
    const { what, keep = false } = next;
    const actor = { name: 'ann', role: 'operator', door: 'grpc' } as const;
    controller.driver
      .request({ what, keep }, actor)
      .catch((error: unknown) => this.problems.push(`${what} was refused: ${String(error)}`));
    await turn();
    const entry = await this.store.get(keys.rollout(2));
    const stored = JSON.parse(Buffer.from(entry?.value ?? '').toString()) as RolloutState;
    if (stored.request?.what === what && stored.request.at === this.wall) this.#asked += 1;
  }

  /** What must hold at every moment. */
  #check(controller: Controller): void {
    const state = controller.driver.current;
    if (state === undefined || state.batches === 0) return;
    const offered = state.nodes.filter(({ status }) => status === 'offered').length;
    if (offered > state.bound) this.problems.push(`tick ${this.tick}: ${offered} of ${state.bound} offered`);
    const working = [...this.agents.values()].filter(({ working: it, pending }) => (it ?? pending) !== null);
    const width = Math.max(state.bound, state.size);
    const returned = this.scenario.nodes.some((node) => node === 'vanishes' || typeof node !== 'string');
    if (!returned && working.length > width) {
      this.problems.push(`tick ${this.tick}: ${working.length} of ${width} at work`);
    }
    for (const { name, unasked } of this.agents.values()) {
      if (unasked > 0)
        this.problems.push(`tick ${this.tick}: ${name} was offered what failed there, unasked`);
    }
  }
}

/** Everything that can happen without time passing has happened. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
