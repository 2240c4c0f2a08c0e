import type { Place } from './place.js';

/** How a link treats what goes over it. */
export interface LinkQuality {
  /** Least and greatest delay of a packet, ms; uniform in between. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Share of datagrams lost, 0 to 1. A stream loses nothing, but is delayed by retransmissions. */
  readonly loss: number;
  /** Share of datagrams that arrive twice. */
  readonly duplicates: number;
  /** Share of datagrams that others overtake. */
  readonly stragglers: number;
  /** Greatest additional delay of a straggler, ms. */
  readonly stragglerMs: number;
}

/** A switched network that works. */
export const GOOD_LINK: LinkQuality = {
  latencyMs: [0.2, 2],
  loss: 0,
  duplicates: 0,
  stragglers: 0,
  stragglerMs: 50,
};

/** TCP's first retransmission timeout on Linux, ms; each further one waits twice as long. */
const RETRANSMIT_MS = 200;

/** Retransmissions after which a stream's time is over anyway. */
const MAX_RETRANSMITS = 6;

/** More than any world has places, so that a pair of them is one whole number. */
const PAIR = 2 ** 24;

/** Which packets pass between places, how many copies of them, and how long each takes. */
export class Network {
  readonly #random: () => number;
  readonly #sites = new Map<string, number>();
  readonly #links = new Map<number, LinkQuality>();
  readonly #cuts = new Set<number>();
  #normal: LinkQuality;
  #storm = 0;

  constructor(random: () => number, normal: LinkQuality) {
    this.#random = random;
    this.#normal = normal;
  }

  /** The number by which places name a site. */
  siteNumber(site: string): number {
    const known = this.#sites.get(site);
    if (known !== undefined) return known;
    this.#sites.set(site, this.#sites.size);
    return this.#sites.size - 1;
  }

  /** Sets how packets travel from one site to another (or within one); what is left out stays normal. */
  setLink(from: string, to: string, quality: Partial<LinkQuality>): void {
    const pair = this.siteNumber(from) * PAIR + this.siteNumber(to);
    this.#links.set(pair, { ...this.#normal, ...quality });
  }

  /** Sets how packets travel where nothing else was set. */
  setNormal(quality: Partial<LinkQuality>): void {
    this.#normal = { ...this.#normal, ...quality };
  }

  /** Loses this share of all datagrams beside what each link loses; 0 ends the storm. */
  setStorm(loss: number): void {
    this.#storm = loss;
  }

  /** Cuts one direction. */
  cut(from: Place, to: Place): void {
    this.#cuts.add(from.id * PAIR + to.id);
  }

  /** Mends one direction. */
  mend(from: Place, to: Place): void {
    this.#cuts.delete(from.id * PAIR + to.id);
  }

  /** Mends all that was cut. */
  heal(): void {
    this.#cuts.clear();
  }

  /** False if this direction is cut. */
  passes(from: Place, to: Place): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(from.id * PAIR + to.id);
  }

  /** Delay of a datagram, ms; undefined if it gets lost or its way is cut. */
  datagramDelay(from: Place, to: Place): number | undefined {
    if (!this.passes(from, to)) return undefined;
    const link = this.#link(from, to);
    if (this.#storm > 0 && this.#random() < this.#storm) return undefined;
    if (link.loss > 0 && this.#random() < link.loss) return undefined;
    return this.#delay(link);
  }

  /** Says whether a datagram that arrives does so twice. */
  duplicates(from: Place, to: Place): boolean {
    const share = this.#link(from, to).duplicates;
    return share > 0 && this.#random() < share;
  }

  /** Delay of one leg of a stream, ms: losses delay it by retransmissions. */
  streamDelay(from: Place, to: Place): number {
    const link = this.#link(from, to);
    const loss = 1 - (1 - link.loss) * (1 - this.#storm);
    let delay = this.#delay(link);
    for (let i = 0; i < MAX_RETRANSMITS && loss > 0 && this.#random() < loss; i++)
      delay += RETRANSMIT_MS * 2 ** i;
    return delay;
  }

  #link(from: Place, to: Place): LinkQuality {
    if (this.#links.size === 0) return this.#normal;
    return this.#links.get(from.site * PAIR + to.site) ?? this.#normal;
  }

  #delay(link: LinkQuality): number {
    const [least, most] = link.latencyMs;
    const delay = least + this.#random() * (most - least);
    if (link.stragglers === 0 || this.#random() >= link.stragglers) return delay;
    return delay + this.#random() * link.stragglerMs;
  }
}
