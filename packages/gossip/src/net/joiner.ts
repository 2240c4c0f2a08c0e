import { type Address, formatAddress } from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';
import { parsePlaces } from './resolve.js';
import { type JoinResult, joinAll, Seeds, type SeedsOptions } from './seeds.js';
import { startInterval } from './timer.js';

/** What the joiner needs of the member. */
export interface JoinerOptions extends SeedsOptions {
  /** For places without a port. */
  defaultPort: number;
  /** This member's own address: it counts as joined and is not dialed. */
  self: Address;
  /** Time between resolutions of the names among the seeds, ms. */
  resolveIntervalMs: number;
  /** Begins a join through one address; its id comes back in `ended`. */
  begin(address: Address): number;
  /** Told of all addresses that the seeds have now. */
  found(addresses: readonly Address[]): void;
  /** Told when seeds could not be resolved again. */
  failed(reason: string): void;
}

/** Joins through places, keeps them as seeds, and looks up anew what their names stand for. */
export class Joiner {
  readonly #options: JoinerOptions;
  readonly #seeds: Seeds;
  readonly #waiting = new Map<number, (error: string | undefined) => void>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#seeds = new Seeds(options);
  }

  /**
   * Joins through all addresses of all places. Throws GossipError BAD_ADDRESS, before anything is done, if one of them
   * is no address, or JOIN_FAILED if no place could be reached.
   */
  async join(places: readonly string[]): Promise<JoinResult> {
    const parsed = parsePlaces(places, this.#options.defaultPort);
    const result = await joinAll(parsed, async (place) => {
      const addresses = await this.#seeds.add(place);
      await this.#joinAny(addresses);
    });
    await this.#refresh();
    if (result.joined === 0 && parsed.length > 0) {
      const reasons = result.errors.map((error) => error.message).join('; ');
      throw new GossipError('JOIN_FAILED', `no node could be joined: ${reasons}`, 'it goes on being tried');
    }
    return result;
  }

  /** Takes the outcome of a join that was begun; other ids are ignored. */
  ended(id: number, error: string | undefined): void {
    this.#waiting.get(id)?.(error);
    this.#waiting.delete(id);
  }

  /** Ends the waiting joins and looks nothing up any more. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const end of this.#waiting.values()) end('gossip was stopped');
    this.#waiting.clear();
  }

  /** Tries all addresses, so that a name of several hosts mends a split between them; one success is enough. */
  async #joinAny(addresses: readonly Address[]): Promise<void> {
    const own = formatAddress(this.#options.self);
    const others = addresses.filter((address) => formatAddress(address) !== own);
    if (others.length === 0) return;
    const settled = await Promise.allSettled(others.map((address) => this.#joinOne(address)));
    if (others.length < addresses.length || settled.some(({ status }) => status === 'fulfilled')) return;
    const reasons = settled.flatMap((end) => (end.status === 'rejected' ? [messageOf(end.reason)] : []));
    throw new GossipError('JOIN_FAILED', reasons.join('; '));
  }

  #joinOne(address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: string | undefined): void => {
        if (error === undefined) resolve();
        else reject(new GossipError('JOIN_FAILED', `${formatAddress(address)}: ${error}`));
      };
      if (this.#stopped) end('gossip was stopped');
      else this.#waiting.set(this.#options.begin(address), end);
    });
  }

  async #refresh(): Promise<void> {
    const addresses = await this.#seeds.resolve();
    if (this.#stopped) return;
    this.#options.found(addresses);
    if (!this.#seeds.hasNames || this.#timer) return;
    this.#timer = startInterval(() => {
      this.#refresh().catch((error: unknown) => this.#options.failed(messageOf(error)));
    }, this.#options.resolveIntervalMs);
  }
}
