import { type Logger, type RolloutView, ShoalError } from '@shoal/common';
import type { EventBus } from '../link/event-bus.js';
import type { Nodes } from '../link/nodes.js';
import type { Manifests } from '../spec/manifests.js';
import type { Head, Revisions } from '../spec/revisions.js';
import { decodeJson, getJson, putJson, type Stored } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { advance, nextDeadline, type RolloutState, resume, supersede, type TargetChange } from './machine.js';
import type { Targets } from './targets.js';

/** How often a running rollout is looked at when nothing happens, ms: nodes turn from away to offline by time alone. */
const idleCheckMs = 5000;
const retryMs = 2000;

/** What operations show of a rollout. */
export function rolloutView(state: RolloutState): RolloutView {
  const { revision, from, status, startedAt, endedAt } = state;
  const nodes = state.nodes.map(({ deadlineAt: _deadlineAt, ...node }) => ({ ...node, batch: 1 }));
  return {
    revision,
    from,
    status,
    strategy: 'one-by-one',
    batches: 1,
    startedAt,
    endedAt,
    promoteAt: null,
    deadlineAt: null,
    undone: false,
    request: null,
    message: '',
    nodes,
  };
}

/** What the driver needs of the rest. */
export interface RolloutComponents {
  readonly store: Store;
  readonly revisions: Revisions;
  readonly manifests: Manifests;
  readonly targets: Targets;
  readonly nodes: Nodes;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Carries the rollout machine: measures, advances, stores the result, and only then acts upon it. Everything runs one after the other, so that a
 * commit, an observation and a removal never mix. After a restart it goes on with what the store says.
 */
export class RolloutDriver {
  readonly #parts: RolloutComponents;
  #current: Stored<RolloutState> | undefined;
  #head: Head = { latest: 0, active: 0 };
  #queue: Promise<void> = Promise.resolve();
  #woken = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RolloutComponents) {
    this.#parts = parts;
  }

  /** Finds the newest rollout and goes on with it. */
  async start(): Promise<void> {
    const { store, revisions, manifests, targets, nodes } = this.#parts;
    this.#head = (await revisions.head()).value;
    this.#current = await getJson<RolloutState>(store, keys.rollout(this.#head.latest));
    await this.#resume();
    for (const revision of targets.revisions()) await manifests.prepare(revision);
    await manifests.prepare(this.#head.active);
    nodes.onChange(() => this.wake());
    this.wake();
  }

  async #resume(): Promise<void> {
    const present = this.#current;
    if (present === undefined) return;
    const resumed = resume(present.value, this.#parts.now());
    if (resumed !== present.value) await this.#store(present, resumed, []);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#queue;
  }

  /** The newest rollout; undefined: none yet. */
  get current(): RolloutState | undefined {
    return this.#current?.value;
  }

  get head(): Head {
    return this.#head;
  }

  /** Something changed that a rollout or a node's target may depend on. Cheap; calls of one turn count once. */
  wake(): void {
    if (this.#woken || this.#stopped) return;
    this.#woken = true;
    void this.exclusive(async () => {
      this.#woken = false;
      if (!this.#stopped) await this.#settle();
    }).catch((error: unknown) => {
      this.#parts.logger.error({ err: error }, 'rollout not advanced; trying again');
      this.#wakeIn(retryMs);
    });
  }

  /** Runs `body` while nothing else of the driver runs. */
  exclusive<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(body);
    this.#queue = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /**
   * Commits a revision with its rollout; one that runs is superseded. Call it within `exclusive`. `head` is the one that was read; `writes` hold the
   * revision's own keys. @throws ShoalError `conflict` when another commit came first
   */
  async commit(state: RolloutState, head: Stored<Head>, writes: readonly Write[]): Promise<void> {
    const { store, events, now } = this.#parts;
    const running = this.#current?.value.status === 'running' ? this.#current : undefined;
    const superseded = running === undefined ? undefined : supersede(running.value, now());
    const next: Head = { latest: state.revision, active: head.value.active };
    const result = await store.transact({
      compare: [
        { key: keys.head, modRevision: head.modRevision },
        ...(running === undefined
          ? []
          : [{ key: keys.rollout(running.value.revision), modRevision: running.modRevision }]),
      ],
      writes: [
        ...writes,
        putJson(keys.head, next),
        putJson(keys.rollout(state.revision), state),
        ...(superseded === undefined ? [] : [putJson(keys.rollout(superseded.revision), superseded)]),
      ],
    });
    if (!result.committed)
      throw new ShoalError('conflict', 'Another revision was committed at the same time');
    this.#head = next;
    this.#current = { value: state, modRevision: result.revision };
    if (superseded !== undefined) {
      events.publish({ type: 'rollout', rollout: rolloutView(superseded) });
      await this.#publishRevision(superseded.revision);
    }
    events.publish({ type: 'rollout', rollout: rolloutView(state) });
    await this.#publishRevision(state.revision);
    this.wake();
  }

  /** Advances as far as it goes now. */
  async #settle(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#adopt();
    await this.#prove();
    for (;;) {
      const present = this.#current;
      if (present === undefined || present.value.status !== 'running') return;
      await this.#parts.manifests.prepare(present.value.revision);
      const at = this.#parts.now();
      const nodes = this.#parts.nodes.observe(present.value.revision);
      const { state, targets } = advance(present.value, { at, nodes });
      if (state === present.value && targets.length === 0) {
        this.#wakeIn(Math.min(idleCheckMs, Math.max(0, (nextDeadline(state) ?? at + idleCheckMs) - at)));
        return;
      }
      await this.#store(present, state, targets);
    }
  }

  /** Stores a step of the rollout, then acts upon it. */
  async #store(
    present: Stored<RolloutState>,
    state: RolloutState,
    targets: readonly TargetChange[],
  ): Promise<void> {
    const { store, events, logger } = this.#parts;
    const key = keys.rollout(state.revision);
    const head: Head = state.status === 'succeeded' ? { ...this.#head, active: state.revision } : this.#head;
    const result = await store.transact({
      compare: [{ key, modRevision: present.modRevision }],
      writes: [
        putJson(key, state),
        ...(head === this.#head ? [] : [putJson(keys.head, head)]),
        ...this.#parts.targets.writes(targets),
      ],
    });
    if (!result.committed)
      throw new ShoalError('conflict', `Rollout ${state.revision} was changed by someone else`);
    const before = this.#head.active;
    this.#head = head;
    this.#current = { value: state, modRevision: result.revision };
    await this.#targetsStored(targets);
    events.publish({ type: 'rollout', rollout: rolloutView(state) });
    if (state.status === 'running') return;
    logger.info({ revision: state.revision, status: state.status }, 'rollout ended');
    await this.#publishRevision(state.revision);
    if (before !== head.active && before !== 0) await this.#publishRevision(before);
  }

  async #targetsStored(targets: readonly TargetChange[]): Promise<void> {
    for (const { revision } of targets) await this.#parts.manifests.prepare(revision);
    this.#parts.targets.stored(targets);
    this.#parts.nodes.targetsChanged(targets.map(({ node }) => node));
  }

  /** Nodes without a target (they enrolled since) get the active revision at once. */
  async #adopt(): Promise<void> {
    const { nodes, targets } = this.#parts;
    const { active } = this.#head;
    if (active === 0) return;
    const fresh = nodes.places().filter(({ name }) => targets.get(name) === undefined);
    await this.#change(fresh.map(({ name }) => ({ node: name, revision: active, good: 0 })));
  }

  /** Nodes that were measured to run their target have it as their last good revision. */
  async #prove(): Promise<void> {
    const { nodes, targets, manifests } = this.#parts;
    const proven: TargetChange[] = [];
    for (const place of nodes.places()) {
      const target = targets.get(place.name);
      if (target === undefined || target.good === target.revision || this.#isUnderWay(place.name)) continue;
      const compiled = manifests.at(place, target.revision);
      if (compiled === undefined || ShoalError.is(compiled)) continue;
      if (nodes.measured(place.name)?.runningHash !== compiled.hash) continue;
      proven.push({ node: place.name, revision: target.revision, good: target.revision });
    }
    await this.#change(proven);
  }

  /** The rollout itself judges those whose turn it is. */
  #isUnderWay(name: string): boolean {
    const rollout = this.#current?.value;
    if (rollout?.status !== 'running') return false;
    return rollout.nodes.some(({ node, status }) => node === name && status === 'offered');
  }

  async #change(changes: readonly TargetChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#parts.store.transact({ writes: this.#parts.targets.writes(changes) });
    await this.#targetsStored(changes);
  }

  async #publishRevision(number: number): Promise<void> {
    const { revisions, events } = this.#parts;
    const revision = await revisions.view(await revisions.record(number));
    events.publish({ type: 'revision', revision });
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), ms);
  }

  /** The rollout of a revision. Default: the newest. @throws ShoalError `not_found` */
  get(revision?: number): Promise<RolloutState> {
    // In the queue, so that whoever sees a step of a rollout sees the nodes' targets that came with it.
    return this.exclusive(() => this.#read(revision));
  }

  async #read(revision: number | undefined): Promise<RolloutState> {
    const number = revision ?? this.#head.latest;
    const stored = await getJson<RolloutState>(this.#parts.store, keys.rollout(number));
    if (stored !== undefined) return stored.value;
    const what =
      revision === undefined ? 'There is no rollout yet' : `There is no rollout of revision ${revision}`;
    throw new ShoalError('not_found', what, { hint: 'Each applied revision has one: shoal revision ls' });
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly RolloutView[]> {
    const entries = await this.#parts.store.list(keys.rollouts, { limit, reverse: true });
    return entries.map((entry) => rolloutView(decodeJson<RolloutState>(entry)));
  }
}
