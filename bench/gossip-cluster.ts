import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Profile } from '@shoal/gossip';
import type { Observation, Peer } from './gossip-peers.js';

/** What both clusters of a run have in common. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly profile: Profile;
  readonly keyFile: string | undefined;
}

/** Member `observer` said something about member `subject`; both are indexes. */
export interface Sighting {
  /** When its line arrived here, ms of `performance.now`. */
  readonly at: number;
  readonly observer: number;
  readonly subject: number;
  readonly change: 'alive' | 'dead' | 'suspect';
  /** Of a suspicion: the observer's own probe failed. */
  readonly own: boolean;
}

/** Longest wait for anything that a cluster must do, ms. */
const patienceMs = 120_000;
const port = 7946;

/** A cluster of one implementation, each member a process, and what its members say of each other. */
export class Cluster {
  readonly peer: Peer;
  /** All since the start, in order of arrival. */
  readonly sightings: Sighting[] = [];
  readonly #options: ClusterOptions;
  readonly #children: ChildProcess[] = [];
  /** For each observer, the members that it believes alive. */
  readonly #alive: Set<number>[];
  readonly #ready: Set<number> = new Set();
  readonly #waiting: Set<() => void> = new Set();
  #stats: (line: string) => void = () => undefined;

  constructor(peer: Peer, options: ClusterOptions) {
    this.peer = peer;
    this.#options = options;
    this.#alive = this.indexes.map(() => new Set());
  }

  /** 0 to the number of members - 1. */
  get indexes(): number[] {
    return Array.from({ length: this.#options.nodes }, (_, index) => index);
  }

  /** Starts all members; resolves when each sees all others alive. */
  async start(): Promise<void> {
    this.#spawn(0, undefined);
    await this.until('the first member is ready', () => this.#ready.has(0));
    for (const index of this.indexes.slice(1)) this.#spawn(index, 0);
    await this.complete();
  }

  /** The process ids of all members. */
  pids(): number[] {
    return this.#children.map((child) => child.pid ?? 0);
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#children[index]?.kill(signal);
  }

  /** Ends a member's process, whatever its state, and starts a new one with the same name and address. */
  async replace(index: number): Promise<void> {
    await this.#end(index);
    this.#alive[index]?.clear();
    this.#ready.delete(index);
    this.#spawn(index, (index + 1) % this.#options.nodes);
    await this.complete();
  }

  /** Resolves when each member sees all others alive. */
  complete(): Promise<void> {
    return this.until('all see all alive', () => this.#alive.every((seen) => seen.size === this.#others));
  }

  /** Resolves when the condition holds, which is looked at after each line that arrives. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${this.peer.name}: not in ${patienceMs / 1000} s: ${what}`));
      }, patienceMs);
      this.#waiting.add(look);
    });
  }

  /** How often each member's own probe has failed so far: of ours by its own count, of others by their lines. */
  async failedProbes(): Promise<number> {
    if (this.peer.name !== 'shoal') return this.sightings.filter((s) => s.own).length;
    let sum = 0;
    for (const child of this.#children) {
      const line = await new Promise<string>((resolve) => {
        this.#stats = resolve;
        child.stdin?.write('stats\n');
      });
      sum += (JSON.parse(line) as { protocol: { probesFailed: number } }).protocol.probesFailed;
    }
    return sum;
  }

  /** Ends all members. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map((_, index) => this.#end(index)));
  }

  get #others(): number {
    return this.#options.nodes - 1;
  }

  #host(index: number): string {
    return `${this.peer.network}.${index + 1}`;
  }

  #spawn(index: number, joinAt: number | undefined): void {
    const { profile, keyFile } = this.#options;
    const [program, ...args] = this.peer.command({
      name: `n${index}`,
      host: this.#host(index),
      port,
      join: joinAt === undefined ? undefined : `${this.#host(joinAt)}:${port}`,
      profile,
      tags: { role: 'bench' },
      keyFile,
    });
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children[index] = child;
    child.once('error', (error) => {
      throw error;
    });
    if (child.stdout === null) throw new Error(`${program} has no output`);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.#children[index] === child) this.#took(index, line);
    });
  }

  #took(observer: number, line: string): void {
    const observation = this.peer.read(line, `n${observer}`);
    if (observation?.change === 'ready') this.#ready.add(observer);
    else if (observation !== undefined) this.#believed(observer, observation);
    else if (line.startsWith('{"change":"stats"')) this.#stats(line);
    for (const look of this.#waiting) look();
  }

  #believed(observer: number, observation: Exclude<Observation, { change: 'ready' }>): void {
    const { change, member } = observation;
    const subject = Number(member.slice(1));
    if (subject === observer) return;
    if (change === 'alive') this.#alive[observer]?.add(subject);
    if (change === 'dead') this.#alive[observer]?.delete(subject);
    const own = change === 'suspect' && observation.own;
    this.sightings.push({ at: performance.now(), observer, subject, change, own });
  }

  async #end(index: number): Promise<void> {
    const child = this.#children[index];
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}
