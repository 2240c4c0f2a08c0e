import {
  exchangeGossipKeys,
  formatAddress,
  type GossipKeyState,
  gossipKeyState,
  type Logger,
  type MemberView,
  parseAddress,
  ShoalError,
} from '@shoal/common';
import { Gossip, GossipError, type GossipStats, type Member } from '@shoal/gossip';
import { controllerName } from '../enrol/node-record.js';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import type { Membership } from './membership.js';

/** How often the peers are written to the store when they changed. */
const persistIntervalMs = 10_000;
const leaveTimeoutMs = 2000;

function viewOf(member: Member): MemberView {
  const { name, state, tags, incarnation, since } = member;
  const address = formatAddress({ host: member.address, port: member.port });
  return { name, address, state, tags, incarnation, since };
}

/** How to take part in the gossip. */
export interface GossipMembershipOptions {
  /** host:port */
  readonly listen: string;
  /** host:port or host that others reach it by; default: found by the gossip. */
  readonly advertise: string | undefined;
  /** 32 bytes each, the primary first; empty: not encrypted. */
  readonly keys: readonly Buffer[];
  readonly tags: Readonly<Record<string, string>>;
  readonly store: Store;
  readonly logger: Logger;
}

async function startGossip(options: GossipMembershipOptions): Promise<Gossip> {
  const bind = parseAddress(options.listen, 9896);
  try {
    return await Gossip.start({
      name: controllerName,
      bind,
      ...(options.advertise === undefined ? {} : { advertise: parseAddress(options.advertise, bind.port) }),
      tags: { ...options.tags },
      keys: options.keys,
      logger: options.logger,
    });
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    throw new ShoalError('failed_precondition', `gossip.listen: ${error.message}`, {
      ...(error.hint === '' ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

/** The controller as a member named `controller`. Peers are kept in the store, so that a restarted controller finds the cluster again. */
export class GossipMembership implements Membership {
  readonly address: string;
  readonly #gossip: Gossip;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #persisted = '';

  private constructor(gossip: Gossip, options: GossipMembershipOptions) {
    this.#gossip = gossip;
    this.#store = options.store;
    this.#logger = options.logger;
    const own = gossip.members().find((member) => member.self);
    this.address = own === undefined ? options.listen : formatAddress({ host: own.address, port: own.port });
    this.#timer = setInterval(() => void this.#persistPeers(), persistIntervalMs).unref();
  }

  /** Starts and rejoins through the peers of the last run; that none answers is no error. @throws ShoalError `failed_precondition` when the address is taken */
  static async start(options: GossipMembershipOptions): Promise<GossipMembership> {
    const gossip = await startGossip(options);
    const membership = new GossipMembership(gossip, options);
    const peers = (await getJson<string[]>(options.store, keys.peers))?.value ?? [];
    if (peers.length > 0) {
      void gossip.join(peers).then(
        ({ joined }) => options.logger.info({ joined, asked: peers.length }, 'gossip rejoined'),
        (error: unknown) => {
          // No stack: that all have left meanwhile is nobody's mistake.
          const { message } = ShoalError.from(error);
          options.logger.warn(
            { asked: peers.length, reason: message },
            'no gossip peer of the last run answers (yet)',
          );
        },
      );
    }
    return membership;
  }

  members(): readonly MemberView[] {
    return this.#gossip.members().map(viewOf);
  }

  member(name: string): MemberView | undefined {
    const found = this.#gossip.member(name);
    return found === undefined ? undefined : viewOf(found);
  }

  peers(): readonly string[] {
    return this.#gossip.peers();
  }

  stats(): GossipStats {
    return this.#gossip.stats();
  }

  keyState(): GossipKeyState | null {
    return gossipKeyState(this.#gossip.keyring);
  }

  useKeys(keys: readonly Buffer[]): void {
    exchangeGossipKeys(this.#gossip.keyring, keys);
  }

  onChange(listener: (member: MemberView) => void): void {
    this.#gossip.on('change', ({ member }) => listener(viewOf(member)));
  }

  async #persistPeers(): Promise<void> {
    const peers = [...this.#gossip.peers()].sort();
    const text = JSON.stringify(peers);
    if (peers.length === 0 || text === this.#persisted) return;
    try {
      await this.#store.transact({ writes: [putJson(keys.peers, peers)] });
      this.#persisted = text;
    } catch (error) {
      this.#logger.warn({ err: error }, 'gossip peers not persisted');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#persistPeers();
    await this.#gossip.leave({ timeoutMs: leaveTimeoutMs });
    await this.#gossip.stop();
  }
}
