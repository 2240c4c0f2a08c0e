import { gossipKeyFingerprint, type Logger, ShoalError } from '@shoal/common';

/** What taking in gossip keys needs of the rest. */
export interface KeyChangesOptions {
  readonly logger: Logger;
  /** The keys that the stored identity has. */
  readonly stored: readonly Buffer[];
  /** Stores keys with the identity; durable when it resolves. */
  store(keys: readonly Buffer[]): Promise<void>;
  /** Makes the gossip hold exactly these keys. */
  use(keys: readonly Buffer[]): void;
  /** The gossip holds other keys now. */
  changed(): void;
  /** Wait after a failure, milliseconds. Default 5000. */
  readonly retryMs?: number;
}

/**
 * Takes in the gossip keys that the controller tells: they are on disk before the gossip holds them. A node that is killed in between starts with keys that every
 * other one can read, because no one uses a key before all have reported it. Of several changes the latest counts; what fails is tried again.
 */
export class KeyChanges {
  readonly #options: KeyChangesOptions;
  #wanted: readonly Buffer[] | undefined;
  #storedName: string;
  #working: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: KeyChangesOptions) {
    this.#options = options;
    this.#storedName = nameOf(options.stored);
  }

  /** These keys shall be in force, the primary first. */
  take(keys: readonly Buffer[]): void {
    if (keys.length === 0) return;
    this.#wanted = keys;
    this.#work();
  }

  /** Nothing is begun any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#working;
  }

  #work(): void {
    clearTimeout(this.#retry);
    this.#working ??= this.#takeAll().finally(() => {
      this.#working = undefined;
    });
  }

  async #takeAll(): Promise<void> {
    while (this.#wanted !== undefined && !this.#stopped) {
      const keys = this.#wanted;
      try {
        await this.#takeOne(keys);
        if (this.#wanted === keys) this.#wanted = undefined;
      } catch (thrown) {
        const hint = 'the rotation waits for this node; it is tried again';
        const reason = ShoalError.from(thrown).message;
        this.#options.logger.error({ reason, hint }, 'the gossip keys could not be changed');
        this.#retry = setTimeout(() => this.#work(), this.#options.retryMs ?? 5000);
        this.#retry.unref();
        return;
      }
    }
  }

  async #takeOne(keys: readonly Buffer[]): Promise<void> {
    const name = nameOf(keys);
    if (name !== this.#storedName) {
      await this.#options.store(keys);
      this.#storedName = name;
      // Others may have come meanwhile: they are stored before any are used.
      if (this.#wanted !== keys || this.#stopped) return;
    }
    this.#options.use(keys);
    this.#options.changed();
  }
}

/** Tells lists of keys apart, without holding them. */
function nameOf(keys: readonly Buffer[]): string {
  return keys.map(gossipKeyFingerprint).join();
}
