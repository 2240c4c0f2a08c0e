import { type Address, formatAddress } from '../address.js';
import type { Context } from '../context.js';
import { warn } from '../context.js';
import { pushPullInterval } from '../formulas.js';
import type { Exchange, ExchangeResult } from '../host.js';
import type { Membership } from '../nodes/membership.js';
import type { NodeRecord } from '../nodes/node-record.js';
import { findIncompatible, type Versioned } from '../versions.js';
import { type NodeState, type PushPull, type StreamMessage, WireState } from '../wire/stream-types.js';
import type { Announcements } from './announcements.js';

const STATUS_OF = ['alive', 'suspect', 'dead', 'left'] as const;

/** Full exchanges of state: at a join, then now and then with a random node, which mends whatever gossip missed. */
export class Synchronizer {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #announcements: Announcements;
  #nextId = 1;

  constructor(context: Context, membership: Membership, announcements: Announcements) {
    this.#context = context;
    this.#membership = membership;
    this.#announcements = announcements;
  }

  /** Begins the regular exchanges after a random part of the interval. */
  start(): void {
    const { host } = this.#context;
    host.schedule(host.random() * this.#interval(), { kind: 'sync' });
  }

  /** Exchanges state with one random node. */
  timer(): void {
    const { host, nodes, leaving } = this.#context;
    if (leaving) return;
    const able = (node: NodeRecord): boolean => node.status === 'alive' && node.name !== nodes.self.name;
    const [peer] = nodes.pick(1, able);
    if (peer) this.exchange(peer.address, 'sync');
    host.schedule(this.#interval(), { kind: 'sync' });
  }

  /** Begins an exchange; its id comes back in the `synced` event. */
  exchange(to: Address, reason: 'join' | 'sync' | 'rejoin'): number {
    const { host, config, counters } = this.#context;
    const id = this.#nextId++;
    counters.syncs++;
    host.exchange(
      this.#state(reason === 'join'),
      to,
      { kind: 'push-pull', id, to, reason },
      config.streamTimeoutMs,
    );
    return id;
  }

  /** Takes the outcome of an exchange that we began; true if it went well. */
  reply(exchange: Extract<Exchange, { kind: 'push-pull' }>, result: ExchangeResult): boolean {
    const { host, counters } = this.#context;
    const error = result.ok ? this.#takeReply(result.reply) : result.error;
    if (error !== undefined) counters.syncsFailed++;
    if (!result.ok && result.malformed) {
      warn(this.#context, 'malformed', `reply of ${formatAddress(exchange.to)}: ${result.error}`);
    }
    host.notify({ kind: 'synced', id: exchange.id, to: exchange.to, error });
    return error === undefined;
  }

  /** Takes another node's state; the answer is ours, made before its state changes anything. */
  request(message: PushPull): PushPull {
    const answer = this.#state(message.join);
    const problem = this.#merge(message);
    if (problem !== undefined) warn(this.#context, 'incompatible', `push-pull refused: ${problem}`);
    return answer;
  }

  #takeReply(message: StreamMessage): string | undefined {
    if (message.type === 'error') return message.error;
    return message.type === 'pushPull'
      ? this.#merge(message)
      : `answered with a message of type ${message.type}`;
  }

  #state(join: boolean): PushPull {
    const { nodes, config } = this.#context;
    const userState = config.serf ? this.#announcements.state() : new Uint8Array(0);
    return { type: 'pushPull', join, nodes: nodes.all.map(toWire), userState };
  }

  #merge(message: PushPull): string | undefined {
    const problem = findIncompatible(this.#versions(message.nodes));
    if (problem !== undefined) return problem;
    for (const node of message.nodes) this.#mergeNode(node);
    if (this.#context.config.serf) this.#announcements.merge(message.userState);
    return undefined;
  }

  /** Of the dead, versions don't matter: one bad node that is gone must not keep everybody out. */
  #versions(remote: readonly NodeState[]): Versioned[] {
    const here = this.#context.nodes.all.filter((node) => node.status === 'alive');
    return [...here, ...remote.filter((node) => node.state <= WireState.suspect)];
  }

  #mergeNode(remote: NodeState): void {
    const { name: node, incarnation, addr, port, meta, vsn } = remote;
    const from = this.#context.nodes.self.name;
    if (remote.state === WireState.alive) {
      this.#membership.alive({ type: 'alive', incarnation, node, addr, port, meta, vsn });
    } else if (remote.state === WireState.left) {
      this.#membership.dead({ type: 'dead', incarnation, node, from: node });
    } else {
      // A death is never taken on trust: the accused gets the time of a suspicion to answer.
      this.#membership.suspect({ type: 'suspect', incarnation, node, from });
    }
  }

  #interval(): number {
    const { config, nodes } = this.#context;
    return pushPullInterval(config.pushPullIntervalMs, nodes.active);
  }
}

function toWire(node: NodeRecord): NodeState {
  const { name, addr, address, meta, incarnation, vsn } = node;
  return { name, addr, port: address.port, meta, incarnation, state: STATUS_OF.indexOf(node.status), vsn };
}
