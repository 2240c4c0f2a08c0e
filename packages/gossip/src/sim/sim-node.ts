import {
  type Address,
  type Exchange,
  type ExchangeResult,
  encodePacket,
  encodeStream,
  formatAddress,
  type GossipEvent,
  Gossiper,
  type Host,
  type NodeStatus,
  type Packet,
  packetLength,
  resultOf,
  type StreamMessage,
  type Timer,
} from '../core/index.js';
import type { SimNodeOptions, World } from './world.js';

/** A core in the virtual world, and the world as its host. */
export class SimNode implements Host {
  readonly name: string;
  readonly address: Address;
  readonly core: Gossiper;
  /** All that the core told, in order. */
  readonly events: GossipEvent[] = [];
  readonly #world: World;
  #state: 'running' | 'paused' | 'stopped' = 'running';
  /** What came while paused. */
  #heldPackets: (() => void)[] = [];
  #heldTimers: (() => void)[] = [];

  constructor(world: World, name: string, address: Address, options: SimNodeOptions) {
    this.#world = world;
    this.name = name;
    this.address = address;
    this.core = new Gossiper(this, {
      name,
      address,
      meta: options.meta ?? new Uint8Array(0),
      config: world.config,
      incarnation: options.incarnation ?? 0,
    });
  }

  /** False once stopped; a paused node still has its sockets. */
  get running(): boolean {
    return this.#state !== 'stopped';
  }

  /** Crashes: from now on it neither sends nor hears anything. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** Freezes the process, as SIGSTOP does: packets and timers wait. */
  pause(): void {
    this.#state = 'paused';
  }

  /** Thaws it: what waited comes now, packets first, as the event loop has it. */
  resume(): void {
    this.#state = 'running';
    const held = [...this.#heldPackets, ...this.#heldTimers];
    this.#heldPackets = [];
    this.#heldTimers = [];
    for (const run of held) run();
  }

  /** Names of the nodes that it believes to be in one of the states, sorted. */
  names(...statuses: readonly NodeStatus[]): string[] {
    const found = this.core.members().filter((node) => statuses.includes(node.status));
    return found.map((node) => node.name).sort();
  }

  /** What it believes of a node. */
  status(name: string): NodeStatus | undefined {
    return this.core.members().find((node) => node.name === name)?.status;
  }

  /** Changes that it told about a node, in order. */
  changes(name: string): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'member' && event.node.name === name ? [event.change] : [],
    );
  }

  now(): number {
    return this.#world.now;
  }

  random(): number {
    return this.#world.random();
  }

  send(packet: Packet, to: Address): void {
    if (this.#state === 'stopped') return;
    const bytes =
      this.#world.mode === 'bytes' ? encodePacket(packet, this.#world.config.compress) : undefined;
    const delay = this.#world.transmit(bytes?.length ?? packetLength(packet));
    const target = this.#world.reachable(this, formatAddress(to));
    if (delay === undefined || !target) return;
    const receive = (): void => {
      if (bytes) target.core.handlePacket(bytes, this.address);
      else
        target.core.handleMessages(
          packet.parts.map((part) => part.message),
          this.address,
        );
    };
    this.#world.scheduler.schedule(delay, () => target.run(receive, true));
  }

  exchange(request: StreamMessage, to: Address, exchange: Exchange, timeoutMs: number): void {
    const { scheduler } = this.#world;
    let open = true;
    const finish = (result: ExchangeResult): void => {
      if (!open) return;
      open = false;
      this.run(() => this.core.handleReply(exchange, result));
    };
    scheduler.schedule(timeoutMs, () => finish({ ok: false, error: 'timeout' }));
    const target = this.#world.reachable(this, formatAddress(to));
    if (!target) return;
    const answer = (): void => {
      const result = this.#ask(target, request);
      if (!this.#world.reachable(target, formatAddress(this.address))) return;
      scheduler.schedule(this.#world.latency(), () => finish(result));
    };
    scheduler.schedule(this.#world.latency() * 2, () => target.run(answer, true));
  }

  #ask(target: SimNode, request: StreamMessage): ExchangeResult {
    const { mode, config } = this.#world;
    if (mode === 'bytes') {
      const reply = target.core.handleStream(encodeStream(request, config.compress));
      return reply ? resultOf(reply) : { ok: false, error: 'closed' };
    }
    const reply = target.core.handleRequest(request);
    return reply ? { ok: true, reply } : { ok: false, error: 'closed' };
  }

  schedule(delayMs: number, timer: Timer): void {
    this.#world.scheduler.schedule(delayMs, () => this.run(() => this.core.handleTimer(timer)));
  }

  notify(event: GossipEvent): void {
    this.events.push(event);
  }

  /** Runs something in this node, now or when it is thawed. */
  run(step: () => void, isPacket = false): void {
    if (this.#state === 'running') step();
    else if (this.#state === 'paused') (isPacket ? this.#heldPackets : this.#heldTimers).push(step);
  }
}
