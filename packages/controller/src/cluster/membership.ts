import { type GossipKeyState, gossipKeyFingerprint, type MemberView } from '@shoal/common';
import type { GossipStats } from '@shoal/gossip';

/** The gossip, as far as the rest of the controller needs it. */
export interface Membership {
  /** host:port at which it listens. */
  readonly address: string;
  /** Every member that is known, this controller included. */
  members(): readonly MemberView[];
  /** One member; undefined: never heard of. */
  member(name: string): MemberView | undefined;
  /** host:port of members by which the gossip can be joined, this controller not included. */
  peers(): readonly string[];
  /** Figures of the gossip; undefined: this membership has none. */
  stats(): GossipStats | undefined;
  /** What this controller's member encrypts and decrypts with; null: it doesn't. */
  keyState(): GossipKeyState | null;
  /** Makes it hold exactly these keys, the primary first; 32 bytes each. */
  useKeys(keys: readonly Buffer[]): void;
  /** Each change of a member from now on. Listeners must not throw. */
  onChange(listener: (member: MemberView) => void): void;
  /** Leaves gracefully and closes the sockets. */
  stop(): Promise<void>;
}

/** A membership that nobody else takes part in: for tests of what needs one. */
export class FixedMembership implements Membership {
  readonly address: string;
  readonly #members = new Map<string, MemberView>();
  readonly #listeners: ((member: MemberView) => void)[] = [];
  #keys: readonly string[] = [];

  constructor(address = '127.0.0.1:0') {
    this.address = address;
  }

  members(): readonly MemberView[] {
    return [...this.#members.values()];
  }

  member(name: string): MemberView | undefined {
    return this.#members.get(name);
  }

  peers(): readonly string[] {
    return [];
  }

  stats(): undefined {
    return undefined;
  }

  keyState(): GossipKeyState | null {
    const [primary] = this.#keys;
    return primary === undefined ? null : { primary, held: this.#keys };
  }

  useKeys(keys: readonly Buffer[]): void {
    this.#keys = keys.map(gossipKeyFingerprint);
  }

  onChange(listener: (member: MemberView) => void): void {
    this.#listeners.push(listener);
  }

  /** What the gossip is to say of a member from now on. */
  set(member: MemberView): void {
    this.#members.set(member.name, member);
    for (const listener of this.#listeners) listener(member);
  }

  async stop(): Promise<void> {}
}
