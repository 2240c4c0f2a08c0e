import { seededRandom } from '@shoal/gossip/sim';
import { type Happening, type History, planHistory } from './history.js';
import { SimHost } from './host.js';
import { judge, restoredWithinMs } from './oracle.js';
import { type OpenBook, SimAgent } from './sim-agent.js';
import { SimController } from './sim-controller.js';

/** What came of a history. */
export interface Played {
  readonly seed: number;
  /** What is wrong, with when; undefined: all held. */
  readonly violation: string | undefined;
  /** What happened, a line each; when a trace was asked for. */
  readonly trace: readonly string[];
  /** How often the node degraded at the end of a lease, and was restored. */
  readonly degraded: number;
  readonly restored: number;
  readonly looks: number;
}

/** Plays the history of that seed to its end, or until something is wrong. `trace`: tell all that happens; `open`: plants a fault. */
export function playHistory(
  seed: number,
  options: { readonly trace?: boolean; readonly open?: OpenBook } = {},
): Played {
  const world = new World(planHistory(seed), options.trace === true, options.open);
  let violation: string | undefined;
  try {
    violation = world.play();
  } catch (thrown) {
    violation = `it threw: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
  return { seed, violation, ...world.result };
}

class World {
  readonly #history: History;
  readonly #random: () => number;
  readonly #host: SimHost;
  readonly #trace: string[] | undefined;
  readonly #open: OpenBook | undefined;
  #agent: SimAgent | undefined;
  #wantsAgent = true;
  readonly #controller: SimController;
  /** Since when nothing has stood between agent and controller. */
  #contactSince = 0;
  #degradedSince = 0;
  #now = 0;
  #state = '';
  #degraded = 0;
  #restored = 0;
  #looks = 0;

  constructor(history: History, isTraced: boolean, open: OpenBook | undefined) {
    this.#history = history;
    this.#controller = new SimController(history);
    this.#host = new SimHost(history.drift);
    this.#open = open;
    this.#random = seededRandom(history.seed + 0x5f3759df);
    this.#trace = isTraced
      ? [JSON.stringify({ ...history, happenings: history.happenings.length })]
      : undefined;
  }

  get result(): Omit<Played, 'seed' | 'violation'> {
    return {
      trace: this.#trace ?? [],
      degraded: this.#degraded,
      restored: this.#restored,
      looks: this.#looks,
    };
  }

  /** Plays it; what is wrong, if anything is. At its end all that is down comes up, and the node has to be restored. */
  play(): string | undefined {
    this.#startAgent();
    const { happenings, endMs } = this.#history;
    return this.#playTo(endMs, happenings) ?? this.#playTo(endMs + 2 * restoredWithinMs, peace(endMs));
  }

  #playTo(endMs: number, happenings: readonly Happening[]): string | undefined {
    let next = 0;
    while (this.#now < endMs) {
      const happening = happenings[next];
      const { tickAt, linkAt } = this.#agent ?? { tickAt: endMs, linkAt: endMs };
      const deadline = this.#deadline();
      this.#now = Math.min(happening?.at ?? endMs, tickAt, linkAt, deadline, endMs);
      this.#looks += 1;
      if (happening !== undefined && happening.at <= this.#now) {
        next += 1;
        this.#tell(() => JSON.stringify(happening));
        this.#happens(happening);
      } else if (this.#agent !== undefined && linkAt <= this.#now) this.#link(this.#agent);
      else this.#agent?.tick(this.#now);
      const wrong = this.#judged();
      if (wrong !== undefined) return `${this.#at()}: ${wrong}`;
    }
    return undefined;
  }

  #happens(happening: Happening): void {
    switch (happening.kind) {
      case 'clock':
        this.#host.setClock(happening.ahead, this.#now);
        return;
      case 'agent':
        this.#wantsAgent = happening.up;
        if (happening.up) this.#startAgent();
        else this.#stopAgent(happening.graceful);
        return;
      case 'host':
        if (happening.up) this.#bootHost();
        else {
          this.#stopAgent(happening.graceful);
          this.#host.isOn = false;
        }
        return;
      case 'disk':
        this.#host.isFull = happening.full;
        return;
      case 'wipe':
        this.#host.wipe();
        return;
      case 'snapshot':
        this.#host.takeSnapshot();
        return;
      case 'restore':
        this.#host.restoreSnapshot();
        return;
      default:
        this.#controls(happening);
    }
  }

  #controls(happening: ControllerHappening): void {
    const controller = this.#controller;
    switch (happening.kind) {
      case 'controller':
        controller.isUp = happening.up;
        // Tries that fail in between change nothing: the wait that matters is the one under way when the controller comes back.
        if (happening.up || this.#agent?.isLinked === true) this.#agent?.lost(this.#now);
        this.#contactSince = this.#now;
        return;
      case 'controller-clock':
        controller.ahead = happening.ahead;
        return;
      case 'controller-restore':
        controller.restore();
        if (this.#agent?.isLinked === true) this.#agent.lost(this.#now);
        this.#contactSince = this.#now;
        return;
      case 'grants':
        controller.grants = happening.up;
        if (happening.up) this.#agent?.renews(this.#now);
        this.#contactSince = this.#now;
        return;
      case 'terms':
        controller.terms = happening.terms;
        if (controller.grants) this.#agent?.renews(this.#now);
        return;
      case 'cluster':
        if (happening.cluster === controller.cluster) return;
        controller.cluster = happening.cluster;
        this.#agent?.leaves(this.#now);
        if (happening.cluster !== null) this.#agent?.lost(this.#now);
        this.#contactSince = this.#now;
    }
  }

  #bootHost(): void {
    if (this.#host.isOn) return;
    this.#host.boot(this.#now);
    this.#startAgent();
  }

  #startAgent(): void {
    if (!this.#host.isOn || !this.#wantsAgent || this.#agent !== undefined) return;
    this.#agent = new SimAgent(
      {
        history: this.#history,
        host: this.#host,
        random: this.#random,
        cluster: this.#controller.cluster,
        open: this.#open,
      },
      this.#now,
    );
    this.#contactSince = this.#now;
  }

  #stopAgent(isGraceful: boolean): void {
    if (isGraceful) {
      this.#agent?.tick(this.#now);
      this.#agent?.keep(this.#now);
    }
    this.#agent = undefined;
  }

  #link(agent: SimAgent): void {
    const controller = this.#controller;
    if (!controller.isUp || controller.cluster === null) {
      agent.waits();
      return;
    }
    const { clusterId, serial } = agent.book.entries;
    if (!agent.isLinked) controller.hello(clusterId === controller.cluster ? serial : 0);
    if (controller.grants) agent.leased(controller.lease(this.#now), this.#now);
    else agent.linked();
  }

  /** By when the node must be restored; never, while something stands between. */
  #deadline(): number {
    const at = Math.max(this.#contactSince, this.#degradedSince) + restoredWithinMs;
    const isInContact = this.#controller.serves && this.#agent !== undefined;
    return isInContact && at > this.#now ? at : Number.POSITIVE_INFINITY;
  }

  #judged(): string | undefined {
    const agent = this.#agent;
    if (agent === undefined) return undefined;
    const { machine } = agent.book;
    if (machine.state !== this.#state) {
      if (machine.state === 'degraded') {
        if (machine.lease !== null) this.#degraded += 1;
        this.#degradedSince = this.#now;
      }
      if (machine.state === 'restored') this.#restored += 1;
      this.#tell(() => `${this.#state === '' ? 'it begins' : this.#state} -> ${machine.state}`);
      this.#state = machine.state;
    }
    const since = Math.max(this.#contactSince, this.#degradedSince);
    const isLate = this.#controller.serves && this.#now >= since + restoredWithinMs;
    if (isLate && machine.state === 'degraded')
      return `degraded after ${this.#now - this.#contactSince} ms of contact`;
    return agent.wrong ?? judge(machine, agent.truth.lease, this.#now, this.#history.tickMs);
  }

  #tell(line: () => string): void {
    this.#trace?.push(`${this.#at()} ${line()}`);
  }

  #at(): string {
    return `${(this.#now / 60_000).toFixed(2)} min`;
  }
}

type ControllerHappening = Extract<
  Happening,
  { readonly kind: `controller${string}` | 'grants' | 'terms' | 'cluster' }
>;

/** All that may be down comes up. */
function peace(at: number): Happening[] {
  return [
    { at, kind: 'cluster', cluster: 'a' },
    { at, kind: 'grants', up: true },
    { at, kind: 'controller', up: true },
    { at, kind: 'host', up: true, graceful: true },
    { at, kind: 'agent', up: true, graceful: true },
  ];
}
