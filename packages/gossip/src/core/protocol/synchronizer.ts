import { type Address, formatAddress, hostOfBytes } from '../address.js';
import type { Claim } from '../application.js';
import type { Context } from '../context.js';
import { warn } from '../context.js';
import { pushPullInterval } from '../formulas.js';
import type { Exchange, ExchangeResult } from '../host.js';
import type { Membership } from '../nodes/membership.js';
import type { NodeRecord } from '../nodes/node-record.js';
import { printable } from '../printable.js';
import { findIncompatible, type Versioned } from '../versions.js';
import { concatBytes, sameBytes } from '../wire/bytes.js';
import {
  type NodeState,
  type PushPull,
  type StreamError,
  type StreamMessage,
  WireState,
} from '../wire/stream-types.js';
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
    const join = reason !== 'sync';
    counters.syncs++;
    host.exchange(this.#state(join), to, { kind: 'push-pull', id, to, reason }, config.streamTimeoutMs);
    return id;
  }

  /** Takes the outcome of an exchange that we began; true if it went well. */
  reply(exchange: Extract<Exchange, { kind: 'push-pull' }>, result: ExchangeResult): boolean {
    const { host, counters } = this.#context;
    const join = exchange.reason !== 'sync';
    const error = result.ok ? this.#takeReply(result.reply, join) : result.error;
    if (error !== undefined) counters.syncsFailed++;
    if (!result.ok && result.malformed) {
      warn(this.#context, 'malformed', `reply of ${formatAddress(exchange.to)}: ${result.error}`);
    }
    host.notify({ kind: 'synced', id: exchange.id, to: exchange.to, error });
    return error === undefined;
  }

  /**
   * Takes another node's state; the answer is ours, made before its state changes anything. A refusal is told to the
   * other side, so that it doesn't take in our state either; memberlist answers first and judges then.
   */
  request(message: PushPull): PushPull | StreamError {
    const problem = this.#problemOf(message, message.join);
    if (problem !== undefined) return { type: 'error', error: printable(problem) };
    const answer = this.#state(message.join);
    this.#merge(message, message.join);
    return answer;
  }

  #takeReply(message: StreamMessage, join: boolean): string | undefined {
    if (message.type === 'error') return printable(message.error);
    if (message.type !== 'pushPull') return `answered with a message of type ${message.type}`;
    const problem = this.#problemOf(message, join);
    if (problem === undefined) this.#merge(message, join);
    return problem;
  }

  #state(join: boolean): PushPull {
    const { nodes, config, application } = this.#context;
    const own = application.localState(join);
    const userState = config.serf ? concatBytes(this.#announcements.state(), own) : own;
    return { type: 'pushPull', join, nodes: nodes.states(), userState };
  }

  #problemOf(message: PushPull, join: boolean): string | undefined {
    const incompatible = findIncompatible(this.#versions(message.nodes));
    if (incompatible !== undefined) {
      warn(this.#context, 'incompatible', `push-pull refused: ${incompatible}`);
      return incompatible;
    }
    const veto = join ? this.#context.application.refusesMerge(message.nodes.map(claimOf)) : undefined;
    if (veto !== undefined) warn(this.#context, 'vetoed', `merge: ${veto}`);
    return veto;
  }

  #merge(message: PushPull, join: boolean): void {
    for (const node of message.nodes) this.#mergeNode(node);
    this.#takeUserState(message.userState, join);
  }

  /** With Serf's preset, its state comes first and the application's follows; Serf itself reads only its own. */
  #takeUserState(bytes: Uint8Array, join: boolean): void {
    const state = this.#context.config.serf ? this.#announcements.merge(bytes) : bytes;
    if (state.length > 0) this.#context.host.notify({ kind: 'remote-state', state, join });
  }

  /** Of the dead, versions don't matter: one bad node that is gone must not keep everybody out. */
  #versions(remote: readonly NodeState[]): Versioned[] {
    const here = this.#context.nodes.states().filter((node) => node.state === WireState.alive);
    return here.concat(remote.filter((node) => node.state <= WireState.suspect));
  }

  #mergeNode(remote: NodeState): void {
    if (this.#agrees(remote)) return;
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

  /** Says whether another node believes the same of a third one as this one, so that there is nothing to do. */
  #agrees(remote: NodeState): boolean {
    const { nodes } = this.#context;
    const known = nodes.get(remote.name);
    if (!known || known.incarnation !== remote.incarnation || remote.name === nodes.self.name) return false;
    if (known.status !== STATUS_OF[remote.state] || known.status === 'suspect') return false;
    return known.address.port === remote.port && sameBytes(known.addr, remote.addr);
  }

  #interval(): number {
    const { config, nodes } = this.#context;
    return pushPullInterval(config.pushPullIntervalMs, nodes.active);
  }
}

function claimOf(node: NodeState): Claim {
  const { name, addr, port, meta, vsn, incarnation } = node;
  const address = { host: (addr && hostOfBytes(addr)) ?? '', port };
  return { name, address, meta, vsn, incarnation, status: STATUS_OF[node.state] ?? 'dead' };
}
