/** Stands for every service of the node. */
export const everyService = '*';

/**
 * Which services of this node ask load balancers for no new requests: those that an attempt is about to disturb, and those that an operator took
 * out. Both are told the same way, by the gossip tag `drain`.
 */
export class Drains {
  readonly #changing = new Set<string>();
  readonly #changed: () => void;
  #asked: readonly string[] = [];

  /** `changed`: the tag is another one now. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Names for the tag, sorted; `*` alone stands for all. */
  get names(): readonly string[] {
    const all = new Set([...this.#changing, ...this.#asked]);
    return all.has(everyService) ? [everyService] : [...all].sort();
  }

  has(service: string): boolean {
    return this.#changing.has(service) || this.isAsked(service);
  }

  /** An operator wants it drained. */
  isAsked(service: string): boolean {
    return this.#asked.includes(service) || this.#asked.includes(everyService);
  }

  /** What operators want drained, all of it. */
  ask(services: readonly string[]): void {
    this.#asked = [...services];
    this.#changed();
  }

  /** An attempt drains the service. */
  begin(service: string): void {
    this.#changing.add(service);
    this.#changed();
  }

  /** The attempt is through with it. What an operator asked for stays. */
  end(service: string): void {
    if (this.#changing.delete(service)) this.#changed();
  }

  /** No attempt is under way. */
  endAll(): void {
    if (this.#changing.size === 0) return;
    this.#changing.clear();
    this.#changed();
  }
}
