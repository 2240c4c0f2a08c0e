import type { Test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import type { Peer } from './peer.js';
import { disputes, type Fact, type Viewer } from './views.js';

type Tags = Readonly<Record<string, string>>;

/** Usually all agree within 5 s; a confirmation lost on the way makes a suspicion last 18 s. */
const DEADLINE_MS = 30_000;
/** A side that lost most of its peers at once: memberlist probes up to nine times more slowly then, one after another. */
const APART_DEADLINE_MS = 75_000;

/** Before the first step: a node that went then may have been forgotten by all. */
const FORGETTABLE = -1;

/** Probes have half a second: so many may be late at one step on a busy machine. A peer that answers none is suspected in each of its rounds, by all. */
const CHANCE_SUSPICIONS = 3;

/**
 * Peers of several kinds that form one cluster, and what is true of it. Each step changes something, writes down what
 * is true from then on, and waits until every peer that runs believes just that.
 */
export class MixedCluster {
  readonly #t: Test;
  readonly #label: string;
  readonly #viewers = new Map<string, Viewer>();
  readonly #facts = new Map<string, Fact>();
  readonly #ended: Peer[] = [];
  /** Nodes that have to refute that they are down, for they were. */
  readonly #returned = new Set<string>();
  /** How many accusations of each peer were looked at. */
  readonly #heard = new Map<Peer, number>();
  /** Nodes that were down at some time since the last agreement, and may have been accused rightly. */
  readonly #down = new Set<string>();
  #step = 0;

  /** @param label tells clusters apart in what the test prints. */
  constructor(t: Test, label: string) {
    this.#t = t;
    this.#label = label;
  }

  /** The peers that run. */
  get peers(): Peer[] {
    return [...this.#viewers.values()].map((viewer) => viewer.peer);
  }

  /** Takes in a peer that was started, for the first time or again. */
  add(peer: Peer, tags: Tags): void {
    if (this.#facts.has(peer.name)) this.#returned.add(peer.name);
    this.#viewers.set(peer.name, { peer, since: this.#step });
    this.#facts.set(peer.name, {
      kind: peer.kind,
      address: peer.address,
      tags,
      state: 'alive',
      since: this.#step,
    });
  }

  async setTags(peer: Peer, tags: Tags): Promise<void> {
    await peer.setTags(tags);
    this.#change(peer, { tags });
  }

  /** Ends peers without a word, all at once. */
  async crash(...peers: readonly Peer[]): Promise<void> {
    for (const peer of peers) this.#gone(peer, 'dead');
    await Promise.all(peers.map((peer) => peer.kill()));
  }

  /** Has peers leave, all at once. */
  async leave(...peers: readonly Peer[]): Promise<void> {
    for (const peer of peers) this.#gone(peer, 'left');
    await Promise.all(peers.map((peer) => peer.leave()));
  }

  /** Waits until each side believes that its own nodes are alive and those of the others dead, or forgets them, as `agree` does. */
  async agreeApart(what: string, sides: readonly (readonly Peer[])[]): Promise<void> {
    const facts = this.#facts;
    for (const peer of sides.flat()) {
      this.#down.add(peer.name);
      this.#returned.add(peer.name);
    }
    const apart = sides.map((side) => ({
      viewers: side.flatMap((peer) => this.#viewers.get(peer.name) ?? []),
      facts: new Map(
        [...facts].map(([name, fact]) => {
          const here = side.some((peer) => peer.name === name);
          return [
            name,
            here || fact.state !== 'alive' ? fact : { ...fact, state: 'dead' as const, since: FORGETTABLE },
          ];
        }),
      ),
    }));
    await Promise.all(
      apart.map((side) => this.#agreement(what, side.viewers, side.facts, APART_DEADLINE_MS)),
    );
    this.#judgeAccusations(what);
    for (const peer of sides.flat()) this.#down.add(peer.name);
  }

  /**
   * Waits until every running peer believes what is true of every node; the test fails with the differences otherwise.
   * It also fails if a peer called a node dead that was up all the time, or suspected such nodes more often than a busy machine explains.
   */
  async agree(what: string): Promise<void> {
    const started = performance.now();
    await this.#agreement(what, [...this.#viewers.values()], this.#facts);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    this.#t.pass(`${this.#label}: ${what}: all ${this.#viewers.size} views agree after ${seconds} s`);
    this.#judgeAccusations(what);
    this.#step++;
  }

  /** The test fails if any peer's log complains about something that the losses on purpose don't explain. */
  judgeLogs(): void {
    for (const peer of [...this.peers, ...this.#ended]) {
      const refutes = /Refuting an? (alive|suspect|dead) message|gossip: refuted/;
      const complaints = peer
        .complaints()
        .filter((line) => !(this.#returned.has(peer.name) && refutes.test(line)));
      this.#t.same(complaints, [], `${this.#label}: ${peer.name} has nothing to complain about`);
    }
  }

  async #agreement(
    what: string,
    viewers: readonly Viewer[],
    facts: ReadonlyMap<string, Fact>,
    timeoutMs: number = DEADLINE_MS,
  ): Promise<void> {
    let differences: string[] = [];
    const agreed = async (): Promise<boolean> => {
      const views = await Promise.all(
        viewers.map(async (viewer) => [viewer, await viewer.peer.view().catch(String)] as const),
      );
      differences = disputes(facts, new Map(views));
      return differences.length === 0;
    };
    await waitFor(agreed, { what: 'agreement', timeoutMs }).catch(() => {
      throw new Error(`${this.#label}: ${what}: no agreement in ${timeoutMs} ms:\n${differences.join('\n')}`);
    });
  }

  #judgeAccusations(what: string): void {
    let suspicions = 0;
    for (const peer of this.peers) {
      const all = peer.accusations;
      const wrong = all.slice(this.#heard.get(peer) ?? 0).filter(({ accused }) => !this.#down.has(accused));
      this.#heard.set(peer, all.length);
      const dead = wrong.filter(({ verdict }) => verdict !== 'suspect');
      suspicions += wrong.length - dead.length;
      this.#t.same(dead, [], `${this.#label}: ${what}: ${peer.name} called no node dead that was up`);
    }
    const most = `${this.#label}: ${what}: nodes that were up were suspected ${suspicions} times`;
    this.#t.ok(suspicions <= CHANCE_SUSPICIONS, most);
    this.#down.clear();
    for (const [name, { state }] of this.#facts) if (state !== 'alive') this.#down.add(name);
  }

  #gone(peer: Peer, state: 'dead' | 'left'): void {
    this.#change(peer, { state, since: this.#step });
    this.#viewers.delete(peer.name);
    this.#ended.push(peer);
    this.#down.add(peer.name);
  }

  #change(peer: Peer, change: Partial<Fact>): void {
    const fact = this.#facts.get(peer.name);
    if (!fact) throw new Error(`${peer.name} was not added`);
    this.#facts.set(peer.name, { ...fact, ...change });
  }
}
