import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);

/** The two sides of a network that can be split. */
export type Side = 'left' | 'right';

const SIDES: readonly Side[] = ['left', 'right'];

/** Why such a network can't be made here; false if it can. CI must be able to. */
export const splitImpossible: string | false =
  process.getuid?.() === 0 || process.env['CI'] === 'true' ? false : 'only root can make network namespaces';

/** Network namespaces of this run: one for each side, and one with the switch between them. */
export class SplitNetwork {
  readonly #run = `shoal-split-${process.pid}`;
  readonly #prefix: string;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Makes the network; it is taken down when the test ends.
   * @param prefix the first three parts of all addresses, in use nowhere but in these namespaces.
   * @param addresses the last parts of the addresses of each side.
   */
  static async create(
    t: Test,
    prefix: string,
    addresses: Readonly<Record<Side, readonly number[]>>,
  ): Promise<SplitNetwork> {
    const network = new SplitNetwork(prefix);
    const middle = network.#name('switch');
    t.teardown(() => network.#remove());
    for (const part of [...SIDES, 'switch']) await run('ip', ['netns', 'add', network.#name(part)]);
    await run('ip', ['-n', middle, 'link', 'add', 'bridge0', 'type', 'bridge', 'forward_delay', '0']);
    await run('ip', ['-n', middle, 'link', 'set', 'bridge0', 'up']);
    for (const side of SIDES) await network.#attach(side, addresses[side]);
    return network;
  }

  /** The namespace of a side. */
  namespace(side: Side): string {
    return this.#name(side);
  }

  /** Pulls the cable between the sides, or plugs it in again. */
  async connect(connected: boolean): Promise<void> {
    await run('ip', ['-n', this.#name('switch'), 'link', 'set', 'right', connected ? 'up' : 'down']);
  }

  async #attach(side: Side, addresses: readonly number[]): Promise<void> {
    const [middle, own] = [this.#name('switch'), this.#name(side)];
    await run('ip', [
      '-n',
      middle,
      'link',
      'add',
      side,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      own,
    ]);
    await run('ip', ['-n', middle, 'link', 'set', side, 'master', 'bridge0', 'up']);
    for (const last of addresses)
      await run('ip', ['-n', own, 'address', 'add', `${this.#prefix}.${last}/24`, 'dev', 'eth0']);
    for (const link of ['lo', 'eth0']) await run('ip', ['-n', own, 'link', 'set', link, 'up']);
  }

  async #remove(): Promise<void> {
    for (const part of [...SIDES, 'switch']) {
      await run('ip', ['netns', 'delete', this.#name(part)]).catch(() => undefined);
    }
  }

  #name(part: string): string {
    return `${this.#run}-${part}`;
  }
}
