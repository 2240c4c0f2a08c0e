import {
  type Address,
  type Exchange,
  type GossipEvent,
  Gossiper,
  type Host,
  type NodeStatus,
  type Packet,
  type StreamMessage,
  type Timer,
} from '../core/index.js';
import type { Place } from './place.js';
import { Process } from './process.js';
import type { Task } from './scheduler.js';
import { SimStream } from './sim-stream.js';
import type { SimNodeOptions, World } from './world.js';

/** A core in the virtual world, and the world as its host. */
export class SimNode implements Host {
  readonly name: string;
  readonly address: Address;
  readonly place: Place;
  readonly core: Gossiper;
  /** All that the core told, in order; empty if the world doesn't record. */
  readonly events: GossipEvent[] = [];
  readonly #world: World;
  readonly #process: Process;
  readonly #clockRate: number;

  constructor(world: World, place: Place, options: SimNodeOptions) {
    this.#world = world;
    this.#process = new Process(world.scheduler, world.random);
    this.#clockRate = options.clockRate ?? 1;
    this.place = place;
    this.name = place.name;
    this.address = place.address;
    this.core = new Gossiper(this, {
      name: this.name,
      address: this.address,
      meta: options.meta ?? new Uint8Array(0),
      config: world.config,
      incarnation: options.incarnation ?? 0,
      repliesReachSender: true,
      directory: world.directory,
    });
  }

  /** False once stopped; a frozen node still has its sockets. */
  get running(): boolean {
    return this.#process.state !== 'stopped';
  }

  /** Whether it compresses what it sends. */
  get compresses(): boolean {
    return this.#world.config.compress;
  }

  /** What its process is doing and has waiting. */
  get process(): Process {
    return this.#process;
  }

  /** Crashes as by kill -9: it neither sends nor hears anything, and its host refuses connections. */
  stop(): void {
    this.#process.stop();
    this.#world.tell(this, 'stop');
  }

  /** Crashes together with its host: not even a refusal comes back. */
  vanish(): void {
    this.place.up = false;
    this.stop();
  }

  /** Says goodbye; a `left` event tells when it may stop. */
  leave(): void {
    this.#world.tell(this, 'leave');
    this.core.leave();
  }

  /** Freezes the process, as SIGSTOP does: packets (as many as a socket holds) and timers wait. */
  pause(): void {
    this.#process.freeze();
    this.#world.tell(this, 'pause');
  }

  /** Thaws it: what waited comes now, packets first. */
  resume(): void {
    this.#world.tell(this, 'resume');
    this.#process.thaw();
  }

  /** Delays each handling by 0 to `maxMs` ms, as on an overloaded host; 0 ends that. */
  slow(maxMs: number): void {
    this.#world.tell(this, maxMs > 0 ? 'slow' : 'quick');
    this.#process.slow(maxMs);
  }

  /** Names of the nodes that it believes to be in one of the states, sorted. */
  names(...statuses: readonly NodeStatus[]): string[] {
    const found = this.core.members().filter((node) => statuses.includes(node.status));
    return found.map((node) => node.name).sort();
  }

  /** What it believes of a node. */
  status(name: string): NodeStatus | undefined {
    return this.core.member(name)?.status;
  }

  /** Changes that it told about a node, in order. */
  changes(name: string): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'member' && event.node.name === name ? [event.change] : [],
    );
  }

  now(): number {
    return this.#world.now * this.#clockRate;
  }

  random(): number {
    return this.#world.random();
  }

  send(packet: Packet, to: Address): void {
    if (this.running) this.#world.transmit(this, packet, to);
  }

  exchange(request: StreamMessage, to: Address, exchange: Exchange, timeoutMs: number): void {
    const place = this.#world.placeAt(to);
    new SimStream(this.#world, this, place, request, exchange).dial(timeoutMs / this.#clockRate);
  }

  schedule(delayMs: number, timer: Timer): void {
    this.#world.scheduler.schedule(delayMs / this.#clockRate, new DueTimer(this, timer));
  }

  notify(event: GossipEvent): void {
    // Round trips come with every probe and tell a simulation nothing.
    if (event.kind === 'round-trip') return;
    if (this.#world.records) this.events.push(event);
    this.#world.heard(this, event);
  }

  /** Takes a datagram that arrived, now or once the process gets to it. */
  takePacket(task: Task): void {
    this.#process.packet(task);
  }

  /** Takes a timer or something from a stream, now or once the process gets to it. */
  takeTask(task: Task): void {
    this.#process.other(task);
  }
}

/** A timer on its way to the core: first until it is due, then until the process gets to it. */
class DueTimer implements Task {
  readonly #node: SimNode;
  readonly #timer: Timer;
  #due = false;

  constructor(node: SimNode, timer: Timer) {
    this.#node = node;
    this.#timer = timer;
  }

  run(): void {
    if (this.#due) this.#node.core.handleTimer(this.#timer);
    else {
      this.#due = true;
      this.#node.takeTask(this);
    }
  }
}
