import { type GossipKeysView, type Logger, ShoalError } from '@shoal/common';
import type { Membership } from '../cluster/membership.js';
import { controllerName } from '../enrol/node-record.js';
import type { EventBus } from '../link/event-bus.js';
import type { Nodes } from '../link/nodes.js';
import { auditWrite } from '../operations/audit.js';
import type { Actor } from '../services.js';
import type { Write } from '../store/store.js';
import { HolderChanges } from './holder-changes.js';
import type { KeyStore } from './key-store.js';
import {
  abortRotation,
  advance,
  beginRotation,
  forgetRemoval,
  forgetUndoneRemovals,
  ignoreNodes,
  nextDeadline,
  noteRemoval,
  refuseWhenFull,
} from './machine.js';
import { type KeyObservation, type KeyRing, type Removal, type Rotation, runningRotation } from './ring.js';
import { findKey, installKey, removeKey, useKey } from './single-steps.js';
import { gossipKeysView } from './view.js';

/** How often a running rotation is looked at when nothing happens, ms. */
const idleCheckMs = 5000;
const retryMs = 2000;
/** Reports within this time are looked at together, ms: a thousand nodes report each stage within a moment. */
const gatherMs = 20;

/** How long the old key is kept after all use the new one, ms: as long as a stream of the gossip may take. */
export const defaultSettleMs = 10_000;

/** What `GossipKeys` needs of the rest. */
export interface GossipKeysComponents {
  readonly keyStore: KeyStore;
  /** False: the gossip isn't encrypted; there is nothing to rotate. */
  readonly encrypted: boolean;
  readonly membership: Pick<Membership, 'keyState' | 'useKeys'>;
  readonly nodes: Pick<Nodes, 'keyHolders' | 'keyHolder' | 'sessions' | 'onChange' | 'view' | 'record'>;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly now: () => number;
  readonly settleMs?: number;
}

/**
 * The cluster's gossip keys, and their rotation. Everything runs one after the other: what is measured is judged, the next ring stored, and only then told: first
 * to the controller's own member, then to the agents. A controller that was killed anywhere starts with the stored ring, tells it to each agent
 * that comes back, and goes on.
 */
export class GossipKeys {
  readonly #parts: GossipKeysComponents;
  readonly #settleMs: number;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;
  #published = '';
  readonly #changes = new HolderChanges();
  /** Fingerprints of the keys that were told last. */
  #told: string;

  constructor(parts: GossipKeysComponents) {
    this.#parts = parts;
    this.#told = namesOf(parts.keyStore.ring);
    this.#settleMs = parts.settleMs ?? defaultSettleMs;
  }

  /** Goes on with the rotation that was under way. */
  start(): void {
    if (!this.#parts.encrypted) return;
    this.#parts.nodes.onChange((name) => {
      if (this.#changes.isNew(name, this.#parts.nodes.keyHolder(name))) this.#wakeIn(gatherMs);
    });
    this.#published = JSON.stringify(this.view());
    const forget = () => this.#put(forgetUndoneRemovals(this.#ring, this.#observe()));
    this.#exclusive(forget).catch((error: unknown) => this.#tryLater(error));
    this.#wakeIn(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#queue;
  }

  /** The keys in force, the primary first; none when the gossip isn't encrypted. Secrets. */
  current(): readonly Buffer[] {
    return this.#parts.encrypted ? this.#parts.keyStore.keys() : [];
  }

  view(): GossipKeysView {
    if (!this.#parts.encrypted) return { encrypted: false, members: 0, keys: [], rotation: null };
    return gossipKeysView(this.#ring, this.#observe());
  }

  /**
   * Begins a rotation.
   *
   * @throws ShoalError `conflict` while one runs, `resource_exhausted` when too many keys are installed, `not_found` (a node to ignore), `failed_precondition`
   * (no encryption)
   */
  async rotate(ignored: readonly string[], by: Actor): Promise<GossipKeysView> {
    this.#checkNodes(ignored);
    return this.#change(({ at }) => {
      const asked = { at, by, reason: '', ignored, newKey: () => this.#newKey() };
      const next = beginRotation(this.#ring, asked);
      refuseWhenFull(this.#ring);
      return next;
    });
  }

  /** Lets nodes off while they are away or silent. @throws ShoalError `not_found`, `failed_precondition` (no rotation runs, no encryption) */
  async ignore(names: readonly string[]): Promise<GossipKeysView> {
    this.#checkNodes(names);
    return this.#change(() => ignoreNodes(this.#ring, names));
  }

  /** Ends the rotation, both keys stay. @throws ShoalError `failed_precondition`: none runs, it is too late, no encryption */
  abort(): Promise<GossipKeysView> {
    return this.#change(({ at }) => abortRotation(this.#ring, at));
  }

  /** Makes a key for all to hold. @throws ShoalError `conflict`, `resource_exhausted`, `failed_precondition` */
  async install(): Promise<GossipKeysView & { fingerprint: string }> {
    let fingerprint = '';
    const newKey = (): string => {
      fingerprint = this.#newKey();
      return fingerprint;
    };
    return { ...(await this.#change(({ at }) => installKey(this.#ring, at, newKey))), fingerprint };
  }

  /** Makes a key the primary one. @throws ShoalError as `useKey` and `findKey` */
  async use(digits: string, ignored: readonly string[]): Promise<GossipKeysView & { fingerprint: string }> {
    this.#checkNodes(ignored);
    let fingerprint = '';
    const view = await this.#change((seen) => {
      fingerprint = findKey(this.#ring, digits);
      return useKey(this.#ring, fingerprint, seen, ignored);
    });
    return { ...view, fingerprint };
  }

  /** Removes a key. @throws ShoalError as `removeKey` and `findKey` */
  async remove(
    digits: string,
    ignored: readonly string[],
  ): Promise<GossipKeysView & { fingerprint: string }> {
    this.#checkNodes(ignored);
    let fingerprint = '';
    const view = await this.#change((seen) => {
      fingerprint = findKey(this.#ring, digits);
      return removeKey(this.#ring, fingerprint, seen, { ignored, settleMs: this.#settleMs });
    });
    return { ...view, fingerprint };
  }

  /**
   * Removes a node by `remove`; a rotation follows, also when the controller is killed in between, or one runs already. Gives whether it does: a
   * gossip without encryption has nothing to rotate.
   */
  async removing(node: string, by: Actor, remove: () => Promise<void>): Promise<boolean> {
    const record = this.#parts.nodes.record(node);
    if (!this.#parts.encrypted || record === undefined) {
      await remove();
      return false;
    }
    const removal: Removal = { node, enrolledAt: record.enrolledAt, by: { name: by.name, door: by.door } };
    await this.#change(() => noteRemoval(this.#ring, removal));
    try {
      await remove();
    } catch (error) {
      const isThere = this.#parts.nodes.record(node)?.enrolledAt === removal.enrolledAt;
      if (isThere) await this.#change(() => forgetRemoval(this.#ring, removal));
      throw error;
    }
    await this.#exclusive(() => this.#settleOrLater());
    return true;
  }

  get #ring(): KeyRing {
    return this.#parts.keyStore.ring;
  }

  #newKey(): string {
    return this.#parts.keyStore.newKey();
  }

  #checkNodes(names: readonly string[]): void {
    for (const name of names) this.#parts.nodes.view(name);
  }

  #observe(): KeyObservation {
    const { nodes, membership, now } = this.#parts;
    const members = new Map(nodes.keyHolders());
    members.set(controllerName, { presence: 'connected', enrolledAt: 0, keys: membership.keyState() });
    return { at: now(), members };
  }

  /** One change by someone's wish, then what follows from it by itself. */
  #change(next: (seen: KeyObservation) => KeyRing): Promise<GossipKeysView> {
    return this.#exclusive(async () => {
      if (!this.#parts.encrypted) {
        throw new ShoalError('failed_precondition', "The gossip isn't encrypted: there are no keys", {
          hint: 'gossip.encrypt in controller.yaml',
        });
      }
      await this.#put(next(this.#observe()));
      await this.#settleOrLater();
      return this.view();
    });
  }

  #exclusive<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(body);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #wakeIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#stopped || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      void this.#exclusive(() => this.#settleOrLater());
    }, ms);
    this.#timer.unref();
  }

  /** What was asked for is stored by now: that its consequences must wait is no failure of it. */
  async #settleOrLater(): Promise<void> {
    await this.#settle().catch((error: unknown) => this.#tryLater(error));
  }

  #tryLater(error: unknown): void {
    this.#parts.logger.error({ err: error }, 'the gossip key rotation was not advanced; trying again');
    this.#wakeIn(retryMs);
  }

  /** Advances as far as it goes now. */
  async #settle(): Promise<void> {
    this.#tell();
    for (;;) {
      if (this.#stopped) return;
      const seen = this.#observe();
      const options = { settleMs: this.#settleMs, newKey: () => this.#newKey() };
      const next = advance(this.#ring, seen, options);
      if (next === this.#ring) break;
      await this.#put(next);
    }
    this.#publish();
    if (runningRotation(this.#ring) === null) return;
    const due = nextDeadline(this.#ring, this.#settleMs) ?? Number.POSITIVE_INFINITY;
    this.#wakeIn(Math.min(idleCheckMs, Math.max(0, due - this.#parts.now())));
  }

  /** Stores a ring, then acts upon it. */
  async #put(next: KeyRing): Promise<void> {
    const before = this.#ring;
    if (next === before) return;
    const changed = next.rotation !== before.rotation ? next.rotation : null;
    const hasEntered = changed !== null && changed.stage !== before.rotation?.stage;
    const audit = hasEntered ? this.#auditOf(changed) : [];
    await this.#parts.keyStore.put(next, audit);
    if (hasEntered) {
      const { id, stage, from, to, reason } = changed;
      this.#parts.logger.info({ rotation: id, stage, from, to, reason }, 'gossip key rotation');
    }
    this.#tell();
    this.#publish();
  }

  /** Tells the stored keys, unless they were told already. The controller's own member goes first: it hears those who follow. */
  #tell(): void {
    const { membership, nodes } = this.#parts;
    const names = namesOf(this.#ring);
    if (names === this.#told) return;
    const keys = this.current();
    membership.useKeys(keys);
    for (const session of nodes.sessions()) session.gossipKeys(keys);
    this.#told = names;
  }

  /** Beginnings by themselves and ends: what someone asked for is recorded by the table of operations. */
  #auditOf({ id, stage, from, to, reason, by }: Rotation): Write[] {
    const beginsByItself = stage === 'installing' && reason !== '';
    if (!beginsByItself && stage !== 'done') return [];
    return [
      auditWrite({
        at: this.#parts.now(),
        actor: by,
        operation: 'gossip-key.rotate',
        input: { rotation: id, from, to, ...(reason === '' ? {} : { reason }) },
        outcome: stage === 'done' ? 'done' : 'started',
      }),
    ];
  }

  #publish(): void {
    const keys = this.view();
    const text = JSON.stringify(keys);
    if (text === this.#published) return;
    this.#published = text;
    this.#parts.events.publish({ type: 'gossip-keys', keys });
  }
}

function namesOf({ keys }: KeyRing): string {
  return keys.map(({ fingerprint }) => fingerprint).join();
}
