import { isRolloutEnded, type Logger, type RolloutView, ShoalError } from '@shoal/common';
import type { EventBus } from '../link/event-bus.js';
import type { Nodes } from '../link/nodes.js';
import { auditWrite } from '../operations/audit.js';
import type { Actor, RolloutRequest } from '../services.js';
import type { Manifests } from '../spec/manifests.js';
import type { Head, Revisions } from '../spec/revisions.js';
import { putJson, type Stored } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { type ChangeSummary, summarizeChange } from './change-summary.js';
import { keepTime } from './clock.js';
import { adoptions, proofs } from './keep-targets.js';
import { advance, nextDeadline, resumeAfterStart, supersede } from './machine.js';
import { applyRequest } from './requests.js';
import type { ClockReading, Observation, RolloutState, TargetChange } from './state.js';
import { listRollouts, openRollout, readRollout, rolloutWrites } from './stored.js';
import type { Targets } from './targets.js';
import { hasLateNodes, rolloutView } from './view.js';
import { WakeUp } from './wake-up.js';

/** How often a running rollout is looked at when nothing happens, ms: nodes turn from away to offline by time alone. */
const idleCheckMs = 5000;
const retryMs = 2000;

/** What the driver needs of the rest. */
export interface RolloutComponents {
  readonly store: Store;
  readonly revisions: Pick<Revisions, 'head' | 'record' | 'view'>;
  readonly manifests: Pick<Manifests, 'prepare' | 'at' | 'spec'>;
  readonly targets: Targets;
  readonly nodes: Pick<Nodes, 'places' | 'place' | 'measured' | 'observe' | 'targetsChanged' | 'onChange'>;
  readonly events: Pick<EventBus, 'publish'>;
  readonly logger: Logger;
  /** Both clocks of the host, now. */
  readonly clocks: () => ClockReading;
  /** As `WakeUp` has it. */
  readonly monotonic?: () => number;
}

/**
 * Carries the rollout machine: measures, advances, stores the result, and only then acts upon it. Everything runs one after the other, so that a
 * commit, an observation and a removal never mix. After a restart it goes on with what the store says.
 */
export class RolloutDriver {
  readonly #parts: RolloutComponents;
  readonly #wakeUp: WakeUp;
  #current: Stored<RolloutState> | undefined;
  #head: Head = { latest: 0, active: 0 };
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Nodes of which something changed since they were last looked at. */
  #dirty = new Set<string>();
  #change: ChangeSummary | undefined;
  /** How long the present turn has looked at nodes, ms. */
  #lookedMs = 0;

  constructor(parts: RolloutComponents) {
    this.#parts = parts;
    this.#wakeUp = new WakeUp(() => this.exclusive(() => this.#turn()), parts.monotonic);
  }

  /** Finds the newest rollout and goes on with it. */
  async start(): Promise<void> {
    const { store, revisions, manifests, targets, nodes } = this.#parts;
    this.#head = (await revisions.head()).value;
    this.#current = await openRollout(store, this.#head.latest);
    await this.#resume();
    for (const revision of targets.revisions()) await manifests.prepare(revision);
    await manifests.prepare(this.#head.active);
    for (const { name } of nodes.places()) this.#dirty.add(name);
    nodes.onChange((name) => this.#changed(name));
    this.#wakeUp.now();
  }

  async #resume(): Promise<void> {
    const present = this.#current;
    if (present === undefined) return;
    const clock = this.#parts.clocks();
    const resumed = resumeAfterStart(keepTime(present.value, clock), clock.at);
    if (resumed !== present.value) await this.#store(present, { state: resumed, targets: [] });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wakeUp.stop();
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
  #changed(name: string): void {
    this.#dirty.add(name);
    this.#wakeUp.now();
  }

  /** Gives how long it looked at nodes, ms. */
  async #turn(): Promise<number> {
    this.#lookedMs = 0;
    if (this.#stopped) return 0;
    try {
      await this.#settle();
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'rollout not advanced; trying again');
      this.#wakeUp.in(retryMs);
    }
    return this.#lookedMs;
  }

  #looking<T>(look: () => T): T {
    const { monotonic = () => performance.now() } = this.#parts;
    const begunAt = monotonic();
    try {
      return look();
    } finally {
      this.#lookedMs += monotonic() - begunAt;
    }
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
  async commit(begun: RolloutState, head: Stored<Head>, writes: readonly Write[]): Promise<void> {
    const { store, events, clocks } = this.#parts;
    const running = this.#current;
    const { state: superseded, carried } =
      running === undefined ? { state: undefined, carried: {} } : supersede(running.value, clocks().at);
    const isSuperseding = running !== undefined && superseded !== undefined && superseded !== running.value;
    const state = { ...begun, carried };
    const next: Head = { latest: state.revision, active: head.value.active };
    const result = await store.transact({
      compare: [
        { key: keys.head, modRevision: head.modRevision },
        ...(isSuperseding
          ? [{ key: keys.rollout(superseded.revision), modRevision: running.modRevision }]
          : []),
      ],
      writes: [
        ...writes,
        putJson(keys.head, next),
        ...rolloutWrites(undefined, state),
        ...(isSuperseding ? rolloutWrites(running.value, superseded) : []),
      ],
    });
    if (!result.committed)
      throw new ShoalError('conflict', 'Another revision was committed at the same time');
    this.#head = next;
    this.#current = { value: state, modRevision: result.revision };
    // What it tells to do is no longer right.
    if (superseded !== undefined) {
      events.publish(() => ({ type: 'rollout', rollout: rolloutView(superseded, state.revision) }));
    }
    if (isSuperseding) {
      await this.#publishRevision(superseded.revision);
    }
    events.publish(() => ({ type: 'rollout', rollout: rolloutView(state) }));
    await this.#publishRevision(state.revision);
    this.#wakeUp.now();
  }

  /**
   * What an operator asks of the newest rollout.
   *
   * @throws ShoalError `not_found` without a rollout, `conflict` when `revision` isn't the newest, `failed_precondition` when it isn't possible now
   */
  request({ what, revision, keep = false }: RolloutRequest, actor: Actor): Promise<RolloutView> {
    return this.exclusive(async () => {
      const present = this.#current;
      if (present === undefined) throw noRollout(undefined);
      if (revision !== undefined && revision !== present.value.revision) {
        throw await this.#notNewest(revision, present.value.revision);
      }
      const { state, observation } = await this.#observe(present.value);
      const { at } = observation;
      const next = applyRequest(state, { what, by: actor.name, at, keep }, observation);
      const input = { revision: present.value.revision, ...(keep ? { keep } : {}) };
      const audit = auditWrite({ at, actor, operation: `rollout.${what}`, input, outcome: 'ok' });
      await this.#store(present, next, [audit]);
      this.#wakeUp.now();
      return rolloutView(next.state);
    });
  }

  async #notNewest(revision: number, newest: number): Promise<ShoalError> {
    const { author, createdAt } = await this.#parts.revisions.record(newest);
    const when = new Date(createdAt).toISOString();
    return new ShoalError(
      'conflict',
      `The newest rollout is that of revision ${newest}, by ${author} at ${when}, not of ${revision}`,
      { hint: `Look at it: shoal rollout show --revision ${newest}` },
    );
  }

  /** Advances as far as it goes now. */
  async #settle(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    try {
      await this.#keepTargets(dirty);
      if (this.#mayAdvance(dirty)) await this.#advance();
    } catch (error) {
      for (const name of dirty) this.#dirty.add(name);
      throw error;
    }
  }

  async #keepTargets(names: ReadonlySet<string>): Promise<void> {
    await this.#setTargets(adoptions(names, this.#parts, this.#head.active));
    await this.#setTargets(proofs(names, this.#parts, this.#current?.value));
  }

  /** A rollout that has ended is of interest only when something may have become of a node that it left. */
  #mayAdvance(dirty: ReadonlySet<string>): boolean {
    const state = this.#current?.value;
    if (state === undefined) return false;
    if (!isRolloutEnded(state.status)) return true;
    if (!hasLateNodes(state)) return false;
    const deadline = nextDeadline(state);
    if (deadline !== undefined && deadline <= this.#parts.clocks().at) return true;
    return state.nodes.some(({ node, status }) => status !== 'succeeded' && dirty.has(node));
  }

  async #advance(): Promise<void> {
    for (;;) {
      const present = this.#current;
      if (present === undefined) return;
      const { state, observation } = await this.#observe(present.value);
      const next = this.#looking(() => advance(state, observation));
      if (next.state === present.value && next.targets.length === 0) {
        this.#wakeLater(next.state, observation.at);
        return;
      }
      await this.#store(present, next);
      // What came meanwhile is looked at in a turn of its own, together with what comes until then.
      if (this.#dirty.size > 0) return;
    }
  }

  #wakeLater(state: RolloutState, at: number): void {
    const deadline = nextDeadline(state, at);
    if (isRolloutEnded(state.status) && deadline === undefined) return;
    const until = deadline === undefined ? idleCheckMs : Math.max(0, deadline - at);
    this.#wakeUp.in(isRolloutEnded(state.status) ? until : Math.min(idleCheckMs, until));
  }

  /** The nodes as they are, and the rollout with its times by the clock of the same moment. */
  async #observe(
    state: RolloutState,
  ): Promise<{ readonly state: RolloutState; readonly observation: Observation }> {
    const { manifests, nodes, clocks } = this.#parts;
    const { revision, policy } = state;
    const previous = new Map(state.nodes.map((node) => [node.node, node.previous]));
    for (const needed of new Set([revision, state.from, ...previous.values()])) {
      await manifests.prepare(needed);
    }
    const { ranks, touched } = this.#changeOf(state);
    const back = (name: string): number => previous.get(name) ?? 0;
    const isCounted = policy.maxUnavailable !== null;
    const angle = { revision, back, ranks, touched: isCounted ? touched() : undefined };
    const observed = this.#looking(() => nodes.observe(angle));
    const clock = clocks();
    return { state: keepTime(state, clock), observation: { at: clock.at, nodes: observed } };
  }

  /** What the change is, as far as it is the same while neither the rollout nor the number of nodes changes. */
  #changeOf({ revision, from }: RolloutState): ChangeSummary {
    const { manifests, nodes } = this.#parts;
    const places = nodes.places();
    const key = `${revision}/${places.length}`;
    if (this.#change?.key !== key) this.#change = summarizeChange({ key, revision, from, places, manifests });
    return this.#change;
  }

  /** Stores a step of the rollout, then acts upon it. */
  async #store(
    present: Stored<RolloutState>,
    { state, targets }: { readonly state: RolloutState; readonly targets: readonly TargetChange[] },
    writes: readonly Write[] = [],
  ): Promise<void> {
    const { store, events, logger } = this.#parts;
    const before = present.value;
    const succeeds = state.status === 'succeeded' && before.status !== 'succeeded';
    const head: Head = succeeds ? { ...this.#head, active: state.revision } : this.#head;
    const result = await store.transact({
      compare: [{ key: keys.rollout(state.revision), modRevision: present.modRevision }],
      writes: [
        ...rolloutWrites(before, state),
        ...(succeeds ? [putJson(keys.head, head)] : []),
        ...this.#parts.targets.writes(targets),
        ...writes,
      ],
    });
    if (!result.committed) {
      this.#current = await readRollout(store, state.revision);
      throw new ShoalError('conflict', `Rollout ${state.revision} was changed by someone else`);
    }
    const wasActive = this.#head.active;
    this.#head = head;
    this.#current = { value: state, modRevision: result.revision };
    await this.#targetsStored(targets);
    events.publish(() => ({ type: 'rollout', rollout: rolloutView(state) }));
    if (state.status === before.status) return;
    logger.info({ revision: state.revision, status: state.status, cause: state.cause }, 'rollout');
    await this.#publishRevision(state.revision);
    if (wasActive !== head.active && wasActive !== 0) await this.#publishRevision(wasActive);
  }

  async #targetsStored(targets: readonly TargetChange[]): Promise<void> {
    for (const revision of new Set(targets.map((target) => target.revision))) {
      await this.#parts.manifests.prepare(revision);
    }
    this.#parts.targets.stored(targets);
    await this.#parts.nodes.targetsChanged(targets.map(({ node }) => node));
  }

  async #setTargets(changes: readonly TargetChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#parts.store.transact({ writes: this.#parts.targets.writes(changes) });
    await this.#targetsStored(changes);
  }

  async #publishRevision(number: number): Promise<void> {
    const { revisions, events } = this.#parts;
    const revision = await revisions.view(await revisions.record(number));
    events.publish({ type: 'revision', revision });
  }

  /** The rollout of a revision. Default: the newest. @throws ShoalError `not_found` */
  get(revision?: number): Promise<RolloutState> {
    // In the queue, so that whoever sees a step of a rollout sees the nodes' targets that came with it.
    return this.exclusive(async () => {
      const stored = await readRollout(this.#parts.store, revision ?? this.#head.latest);
      if (stored === undefined) throw noRollout(revision);
      return stored.value;
    });
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly RolloutView[]> {
    const rollouts = await listRollouts(this.#parts.store, limit);
    return rollouts.map((state) => rolloutView(state, this.#head.latest));
  }
}

function noRollout(revision: number | undefined): ShoalError {
  const what =
    revision === undefined ? 'There is no rollout yet' : `There is no rollout of revision ${revision}`;
  return new ShoalError('not_found', what, { hint: 'Each applied revision has one: shoal revision ls' });
}
