import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import { Child, inNamespace } from './child.js';
import { accusationOf, complaintsOf } from './go-log.js';
import type { Accusation, Peer, Sight, View } from './peer.js';

const run = promisify(execFile);

/** Whether Debian's package `serf` is there. */
export const serfInstalled: boolean = spawnSync('serf', ['version']).status === 0;

/** Why tests with a real Serf agent can't run here; false if they can. CI must have it, so there it is false. */
export const serfMissing: string | false =
  !serfInstalled && process.env['CI'] !== 'true'
    ? 'the package serf is not installed: apt-get install serf'
    : false;

/** How to start an agent. */
export interface SerfOptions {
  readonly name: string;
  readonly host: string;
  /** Default 7946. */
  readonly port?: number;
  /** Default `local`. */
  readonly profile?: 'lan' | 'wan' | 'local';
  readonly tags?: Readonly<Record<string, string>>;
  readonly key?: Uint8Array | undefined;
  readonly namespace?: string | undefined;
  /** Further arguments of `serf agent`. */
  readonly extra?: readonly string[];
}

interface SerfMember {
  readonly name: string;
  readonly addr: string;
  readonly status: string;
  readonly tags: Record<string, string>;
}

const STATES: Readonly<Record<string, Sight['state']>> = {
  alive: 'alive',
  failed: 'dead',
  left: 'left',
  leaving: 'leaving',
  none: 'none',
};

/** A real `serf agent` as a child process, asked through its command-line program. */
export class SerfAgent implements Peer {
  readonly kind = 'serf' as const;
  readonly name: string;
  readonly address: string;
  readonly #rpc: string;
  readonly #namespace: string | undefined;
  readonly #child: Child;

  private constructor(t: Test, options: SerfOptions) {
    const { name, host, port = 7946, profile = 'local', tags = {}, key, extra = [] } = options;
    this.name = name;
    this.address = `${host}:${port}`;
    this.#rpc = `${host}:7373`;
    this.#namespace = options.namespace;
    const encrypt = key ? [`-encrypt=${Buffer.from(key).toString('base64')}`] : [];
    const args = [`-node=${name}`, `-bind=${this.address}`, `-rpc-addr=${this.#rpc}`, `-profile=${profile}`];
    const tagged = Object.entries(tags).flatMap(([tag, value]) => ['-tag', `${tag}=${value}`]);
    const command = ['serf', 'agent', ...args, ...tagged, ...encrypt, ...extra];
    this.#child = new Child(t, { command, namespace: options.namespace });
  }

  /** Starts an agent and waits until it answers. */
  static async start(t: Test, options: SerfOptions): Promise<SerfAgent> {
    const agent = new SerfAgent(t, options);
    await waitFor(() => agent.view(), { what: `${agent.name} to answer`, intervalMs: 50 });
    return agent;
  }

  /** Runs `serf VERB ...` against it; returns what that prints. */
  async command(...args: readonly string[]): Promise<string> {
    const [verb = '', ...rest] = args;
    const [file = '', ...argv] = inNamespace(this.#namespace, [
      'serf',
      verb,
      `-rpc-addr=${this.#rpc}`,
      ...rest,
    ]);
    return (await run(file, argv)).stdout;
  }

  /**
   * Runs a step of a key's rotation on all agents: installs, uses or removes it. The program counts the members of
   * other kinds, which don't answer Serf's queries, as failed, and ends with an error. Returns what it prints.
   */
  async changeKeys(change: 'install' | 'use' | 'remove', key: Uint8Array): Promise<string> {
    const done = this.command('keys', `-${change}`, Buffer.from(key).toString('base64'));
    return done.catch((error: { stdout?: string }) => error.stdout ?? String(error));
  }

  async join(address: string): Promise<void> {
    await this.command('join', address);
  }

  async view(): Promise<View> {
    const { members } = JSON.parse(await this.command('members', '-format=json')) as {
      members: SerfMember[];
    };
    return new Map(
      members.map(({ name, addr, status, tags }) => [
        name,
        { state: STATES[status] ?? 'none', address: addr, tags },
      ]),
    );
  }

  /** Sets these tags; others stay. */
  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    const sets = Object.entries(tags).flatMap(([tag, value]) => ['-set', `${tag}=${value}`]);
    await this.command('tags', ...sets);
  }

  leave(): Promise<void> {
    return this.#child.end('SIGINT');
  }

  kill(): Promise<void> {
    return this.#child.end('SIGKILL');
  }

  complaints(): string[] {
    return complaintsOf(this.#child.log);
  }

  get accusations(): readonly Accusation[] {
    return this.#child.log.flatMap((line) => accusationOf(line) ?? []);
  }

  /** Lines of its log. */
  get log(): readonly string[] {
    return this.#child.log;
  }
}
