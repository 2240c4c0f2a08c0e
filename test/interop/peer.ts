/** What a peer believes of one node. */
export interface Sight {
  /** Serf calls a suspect alive, and dead `failed`. */
  readonly state: 'alive' | 'suspect' | 'dead' | 'left' | 'leaving' | 'none';
  readonly address: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Serf doesn't tell it. */
  readonly incarnation?: number | undefined;
}

/** Every node that a peer knows, itself included, by name. */
export type View = ReadonlyMap<string, Sight>;

/** That a peer found a node silent (`suspect`), or gave it up (`dead`). */
export interface Accusation {
  readonly accused: string;
  readonly verdict: 'suspect' | 'dead';
}

/** What a peer is made of. */
export type Kind = 'shoal' | 'memberlist' | 'serf';

/** A node of a mixed cluster: a process of its own, ours or of the original implementations. */
export interface Peer {
  readonly kind: Kind;
  readonly name: string;
  /** Where the others reach it, `host:port`. */
  readonly address: string;
  /** Everything that this peer has judged by its own probes since the start. */
  readonly accusations: readonly Accusation[];
  /** Throws if it can't be joined. */
  join(address: string): Promise<void>;
  view(): Promise<View>;
  setTags(tags: Readonly<Record<string, string>>): Promise<void>;
  /** Says goodbye, and ends. */
  leave(): Promise<void>;
  /** Ends without a word. */
  kill(): Promise<void>;
  /** Warnings and errors in its log that a crash or a departure of another node doesn't explain. */
  complaints(): string[];
}
