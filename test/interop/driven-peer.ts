import type { Profile } from '@shoal/gossip';
import type { Test } from 'tap';
import { Child } from './child.js';
import { accusationOf, complaintsOf } from './go-log.js';
import type { Accusation, Kind, Peer, Sight, View } from './peer.js';
import { decodeTags, encodeTags } from './serf-payloads.js';

/** How a driven peer is run, and what it is told at its start. */
export interface DrivenOptions {
  readonly kind: Exclude<Kind, 'serf'>;
  readonly command: readonly string[];
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly profile: Profile;
  readonly tags: Readonly<Record<string, string>>;
  /** memberlist only: a meta that holds no tags. Default: the tags. */
  readonly meta?: string;
  readonly keys?: readonly Uint8Array[];
  readonly label?: string;
  readonly delegateVersions?: readonly [min: number, max: number, current: number];
  /** memberlist only; 1 pads before it encrypts. Default 2. */
  readonly protocolVersion?: number;
  readonly compress?: boolean;
  /** What it adds to each push-pull. */
  readonly userState?: string;
  /** Serf's way of leaving; ours only. Default true. */
  readonly serf?: boolean;
  readonly pushPullIntervalMs?: number;
  readonly gossipToTheDeadMs?: number;
  readonly rejoinIntervalMs?: number;
}

/** A node as the two programs write it: theirs with a meta, ours with tags. */
interface WrittenNode {
  readonly name: string;
  readonly address: string;
  readonly state: Sight['state'];
  readonly incarnation: number;
  readonly meta?: string;
  readonly tags?: Record<string, string>;
}

interface Written {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly event?: string;
  readonly node?: WrittenNode;
  readonly body?: string;
}

/** A key as an option or request holds it. */
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** A peer that is driven by lines of JSON: `memberlist-peer`, or `shoal-peer.js`, which does the same for our library. */
export class DrivenPeer implements Peer {
  readonly kind: Exclude<Kind, 'serf'>;
  readonly name: string;
  readonly address: string;
  readonly accusations: Accusation[] = [];
  /** Bodies of the user messages that arrived, as often as they did. */
  readonly heard: Buffer[] = [];
  /** User states that came with push-pulls. */
  readonly states: Buffer[] = [];
  readonly #child: Child;
  readonly #waiting = new Map<number, (written: Written) => void>();
  #lastId = 0;
  #logRead = 0;

  private constructor(t: Test, options: DrivenOptions) {
    this.kind = options.kind;
    this.name = options.name;
    this.address = `${options.host}:${options.port}`;
    this.#child = new Child(t, options, (line) => this.#read(JSON.parse(line) as Written));
    this.#child.process.on('exit', () => {
      for (const settle of this.#waiting.values()) settle({ error: `${this.name} has ended` });
    });
  }

  /** Starts a node that is a cluster of its own. */
  static async start(t: Test, options: DrivenOptions): Promise<DrivenPeer> {
    const { kind: _kind, command: _command, namespace: _namespace, keys = [], userState, ...rest } = options;
    const peer = new DrivenPeer(t, options);
    const meta = options.meta === undefined ? encodeTags(options.tags) : Buffer.from(options.meta);
    await peer.request('start', {
      options: {
        ...rest,
        keys: keys.map(base64),
        meta: base64(meta),
        ...(userState !== undefined && { userState: base64(Buffer.from(userState)) }),
      },
    });
    return peer;
  }

  /** Asks for something and waits for the answer. Throws Error with the reason that the peer gives. */
  async request(what: string, fields: object = {}): Promise<unknown> {
    if (!this.#child.running)
      throw new Error(`${this.name} does not run: ${this.#child.log.slice(-3).join('\n')}`);
    const id = ++this.#lastId;
    const answered = new Promise<Written>((resolve) => this.#waiting.set(id, resolve));
    this.#child.process.stdin?.write(`${JSON.stringify({ id, do: what, ...fields })}\n`);
    const { error, result } = await answered;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async join(address: string): Promise<void> {
    await this.request('join', { addresses: [address] });
  }

  async view(): Promise<View> {
    const nodes = (await this.request('members')) as readonly WrittenNode[];
    return new Map(nodes.map((node) => [node.name, sightOf(node)]));
  }

  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    await this.request('setMeta', { tags, meta: base64(encodeTags(tags)) });
  }

  /** Sends one message to one node, over UDP or (`reliable`) TCP. */
  async send(to: string, body: Uint8Array, reliable: boolean): Promise<void> {
    await this.request('send', { to, reliable, body: base64(body) });
  }

  async broadcast(body: Uint8Array): Promise<void> {
    await this.request('broadcast', { body: base64(body) });
  }

  /** Changes the keyring; returns the keys that it holds then, in base64, the encrypting one first. */
  async changeKeys(change: 'installKey' | 'useKey' | 'removeKey', key: Uint8Array): Promise<string[]> {
    return (await this.request(change, { key: base64(key) })) as string[];
  }

  async leave(): Promise<void> {
    await this.request('leave');
    await this.kill();
  }

  kill(): Promise<void> {
    return this.#child.end('SIGKILL');
  }

  complaints(): string[] {
    return complaintsOf(this.#child.log);
  }

  /** Lines of its log. */
  get log(): readonly string[] {
    return this.#child.log;
  }

  #read(written: Written): void {
    this.#readLog();
    const body = Buffer.from(written.body ?? '', 'base64');
    switch (written.event) {
      case undefined:
        this.#waiting.get(written.id ?? 0)?.(written);
        break;
      case 'user':
        this.heard.push(body);
        break;
      case 'state':
        this.states.push(body);
        break;
      case 'suspect':
      case 'dead':
        this.accusations.push({ accused: written.node?.name ?? '', verdict: written.event });
        break;
    }
  }

  #readLog(): void {
    for (const line of this.#child.log.slice(this.#logRead)) {
      const accusation = accusationOf(line);
      if (accusation) this.accusations.push(accusation);
    }
    this.#logRead = this.#child.log.length;
  }
}

function sightOf({ state, address, incarnation, tags, meta = '' }: WrittenNode): Sight {
  return { state, address, incarnation, tags: tags ?? decodeTags(Buffer.from(meta, 'base64')) };
}
