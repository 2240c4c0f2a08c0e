import { join } from 'node:path';
import type { Test } from 'tap';
import { type DrivenOptions, DrivenPeer } from './driven-peer.js';
import type { MemberlistProgram } from './memberlist-program.js';
import type { Peer } from './peer.js';
import { SerfAgent } from './serf-agent.js';

/** Command line of a node of ours. */
export const SHOAL_PEER: readonly string[] = [process.execPath, join(import.meta.dirname, 'shoal-peer.js')];

/** What all nodes of a mixed cluster have in common. */
export interface CastOptions {
  /** Begin of the names. */
  readonly label: string;
  /** Addresses are given out from here: the first three parts. */
  readonly network: string;
  readonly key?: Uint8Array | undefined;
  /** Options of the driven peers. */
  readonly driven?: Partial<DrivenOptions>;
  /** Network namespace of the node with this last part of its address. Default: that of the test. */
  readonly namespace?: (host: number) => string;
}

/** A node that can be started, and after its end started again: with the same name at the same address. */
export interface Role<P extends Peer = Peer> {
  readonly name: string;
  start(tags: Readonly<Record<string, string>>): Promise<P>;
}

const PORT = 9896;

/**
 * What memberlist forgets after 15 s stays comparable when it is kept longer, and gossip that small clusters lose by
 * chance comes with the next exchange.
 */
const COMMON = { profile: 'local', pushPullIntervalMs: 3000, gossipToTheDeadMs: 120_000 } as const;

/** Gives out names and addresses for the nodes of one cluster. */
export class Cast {
  readonly #t: Test;
  readonly #options: CastOptions;
  #hosts = 0;

  constructor(t: Test, options: CastOptions) {
    this.#t = t;
    this.#options = options;
  }

  /** A node of ours. */
  shoal(name: string): Role<DrivenPeer> {
    return this.#driven(name, { kind: 'shoal', command: SHOAL_PEER });
  }

  /** A Go program on memberlist. */
  memberlist(name: string, program: MemberlistProgram): Role<DrivenPeer> {
    return this.#driven(name, { kind: 'memberlist', command: [program.path] });
  }

  /** A Serf agent. */
  serf(name: string): Role<SerfAgent> {
    // With `local`, an agent sends its goodbye to two nodes only, and memberlist's don't pass it on.
    const options = { ...this.#place(name), profile: 'lan', key: this.#options.key } as const;
    return { name: options.name, start: (tags) => SerfAgent.start(this.#t, { ...options, tags }) };
  }

  #driven(name: string, program: Pick<DrivenOptions, 'kind' | 'command'>): Role<DrivenPeer> {
    const { key, driven } = this.#options;
    const options = { ...COMMON, ...program, ...this.#place(name), keys: key ? [key] : [], ...driven };
    return { name: options.name, start: (tags) => DrivenPeer.start(this.#t, { ...options, tags }) };
  }

  #place(name: string): Pick<DrivenOptions, 'name' | 'host' | 'port' | 'namespace'> {
    const { label, network, namespace } = this.#options;
    const last = ++this.#hosts;
    return { name: `${label}-${name}`, host: `${network}.${last}`, port: PORT, namespace: namespace?.(last) };
  }
}
