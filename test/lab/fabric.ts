import { type CommandOptions, type CommandResult, run } from './command.js';
import type { Host } from './host.js';
import { ownName, type RunRecord } from './run-record.js';

/** Two ends of a connection, by address. */
type Pair = readonly [from: string, to: string];

/**
 * The lab's network: a namespace with a bridge, one port for each host, and the lab itself at `address`. Nothing leads
 * out of it.
 */
export class Fabric {
  /** Name of the network namespace. */
  readonly namespace: string;
  /** The lab's own address in it, as the hosts see it. */
  readonly address: string;
  readonly #subnet: string;

  constructor(record: RunRecord) {
    this.namespace = ownName(record, 'fabric');
    // Namespaces can't collide; a subnet of its own only tells the runs apart in logs.
    this.#subnet = `10.99.${1 + (Number.parseInt(record.id, 16) % 250)}`;
    this.address = `${this.#subnet}.1`;
  }

  /** The address of the host with this number, counted from 0. */
  hostAddress(index: number): string {
    return `${this.#subnet}.${10 + index}`;
  }

  /** Makes the namespace, the bridge and the rules for broken links. */
  async create(): Promise<void> {
    await run(['ip', 'netns', 'add', this.namespace]);
    await this.#ip('link', 'add', 'bridge0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
    await this.#ip('address', 'add', `${this.address}/24`, 'dev', 'bridge0');
    await this.#ip('link', 'set', 'bridge0', 'up');
    await this.#ip('link', 'set', 'lo', 'up');
    await this.#nft(`table bridge lab {
      set broken { type ipv4_addr . ipv4_addr; }
      chain forward {
        type filter hook forward priority 0; policy accept;
        ip saddr . ip daddr @broken drop
      }
    }`);
  }

  /** Makes a namespace for a host, and plugs it in: `host0` at its end, `port<index>` at the bridge, still down. */
  async attach(namespace: string, index: number): Promise<void> {
    const port = portName(index);
    await run(['ip', 'netns', 'add', namespace]);
    await this.#ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'host0', 'netns', namespace);
    await this.#ip('link', 'set', port, 'master', 'bridge0');
    const inside = (...argv: string[]): Promise<unknown> => run(['ip', '-n', namespace, ...argv]);
    await inside('address', 'add', `${this.hostAddress(index)}/24`, 'dev', 'host0');
    await inside('link', 'set', 'host0', 'up');
    await inside('link', 'set', 'lo', 'up');
  }

  /** Connects a host's port, or pulls its cable. */
  async setPort(index: number, up: boolean): Promise<void> {
    await this.#ip('link', 'set', portName(index), up ? 'up' : 'down');
  }

  /** Lets nothing through between the two, or (`oneWay`) nothing from the first to the second. */
  async cut(from: Host, to: Host, oneWay: boolean): Promise<void> {
    await this.#change('add', pairs(from, to, oneWay));
  }

  /** Takes back what `cut` did between the two, in both directions. */
  async heal(one: Host, other: Host): Promise<void> {
    // Adding first, because deleting what isn't there is an error to nft.
    await this.#change('add', pairs(one, other, false));
    await this.#change('delete', pairs(one, other, false));
  }

  /** Takes back every cut. */
  async healAll(): Promise<void> {
    await this.#nft('flush set bridge lab broken');
  }

  /** Runs a command in the lab's own namespace, on this machine's file system. A string goes to `sh -c`. */
  exec(command: string | readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const argv = typeof command === 'string' ? ['sh', '-c', command] : command;
    return run([...this.enter(), ...argv], options);
  }

  /** The words before a command that run it in the lab's own namespace, for a test that spawns it by itself. */
  enter(): string[] {
    return ['nsenter', `--net=/run/netns/${this.namespace}`, '--'];
  }

  async #change(verb: 'add' | 'delete', elements: readonly Pair[]): Promise<void> {
    const list = elements.map((pair) => pair.join(' . ')).join(', ');
    await this.#nft(`${verb} element bridge lab broken { ${list} }`);
  }

  async #ip(...argv: string[]): Promise<void> {
    await run(['ip', '-n', this.namespace, ...argv]);
  }

  async #nft(rules: string): Promise<void> {
    await this.exec(['nft', '-f', '-'], { input: rules });
  }
}

function portName(index: number): string {
  return `port${index}`;
}

function pairs(from: Host, to: Host, oneWay: boolean): Pair[] {
  const there: Pair = [from.address, to.address];
  return oneWay ? [there] : [there, [to.address, from.address]];
}
