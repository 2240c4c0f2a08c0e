import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Gossip, type GossipOptions, type Member } from '@shoal/gossip';
import { type Test, test } from 'tap';

/*
 * A real serf agent judges our gossip. Serf knows nothing of Shoal, so what it lists is what the protocol says.
 * Each scenario has addresses of its own in 127.10.9.0/24, and the scenarios run side by side.
 */

const run = promisify(execFile);
const installed = spawnSync('serf', ['version']).status === 0;
const skip =
  !installed && process.env['CI'] !== 'true'
    ? 'the package serf is not installed: apt-get install serf'
    : false;

/** Usually all is seen within 5 s; a confirmation lost on the way makes a suspicion last 18 s. */
const DEADLINE_MS = 30_000;
const POLL_MS = 100;

interface SerfMember {
  name: string;
  addr: string;
  status: string;
  tags: Record<string, string>;
}

/** Waits until `probe` gives something; the error tells what it gave last. */
async function until<T>(what: string, look: () => Promise<T> | T, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${what}: not so after ${DEADLINE_MS} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A serf agent as a child process. */
class Serf {
  readonly name: string;
  readonly address: string;
  readonly #rpc: string;
  readonly #child: ChildProcess;
  #log = '';

  constructor(t: Test, name: string, host: string, extra: readonly string[]) {
    this.name = name;
    this.address = `${host}:7946`;
    this.#rpc = `${host}:7373`;
    const args = [
      'agent',
      `-node=${name}`,
      `-bind=${this.address}`,
      `-rpc-addr=${this.#rpc}`,
      '-profile=local',
    ];
    this.#child = spawn('serf', [...args, '-tag', 'kind=judge', ...extra], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
    }
    t.teardown(() => this.end('SIGKILL'));
  }

  async command(...args: readonly string[]): Promise<string> {
    const [verb = '', ...rest] = args;
    return (await run('serf', [verb, `-rpc-addr=${this.#rpc}`, ...rest])).stdout;
  }

  /** Its member list, empty while it is starting. */
  async members(): Promise<SerfMember[]> {
    try {
      return (JSON.parse(await this.command('members', '-format=json')) as { members: SerfMember[] }).members;
    } catch {
      return [];
    }
  }

  /** Waits until it lists `name` with that status. */
  async shows(name: string, status: string): Promise<SerfMember | undefined> {
    const isSo = (member: SerfMember): boolean => member.name === name && member.status === status;
    const list = await until(
      `${this.name} shows ${name} ${status}`,
      () => this.members(),
      (m) => m.some(isSo),
    );
    return list.find(isSo);
  }

  /** Lines of its log that complain about a message or a merge. */
  complaints(): string[] {
    const ours = /\[(WARN|ERR)\].*(memberlist|serf):/;
    const expected =
      /Failed to (connect|fast-forward)|failed to (send|dial|connect)|timeout|refused|attempting reconnect/i;
    return this.#log.split('\n').filter((line) => ours.test(line) && !expected.test(line));
  }

  /** Says whether it ever reported a failure of `name`. */
  reportedFailure(name: string): boolean {
    return this.#log.includes(`EventMemberFailed: ${name} `);
  }

  /** Ends it and waits until it is gone. SIGINT makes it leave first. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }
}

async function startNode(t: Test, name: string, host: string, keys: readonly Uint8Array[]): Promise<Gossip> {
  const tags = { id: name, site: 'lyon', revision: '7' };
  const options: GossipOptions = { name, bind: { host, port: 9896 }, tags, profile: 'local', keys };
  const node = await Gossip.start(options);
  t.teardown(() => node.stop());
  return node;
}

async function sees(node: Gossip, name: string, state: Member['state']): Promise<Member | undefined> {
  const find = (): Member | undefined => node.members().find((member) => member.name === name);
  return until(`${node.self.name} sees ${name} ${state}`, find, (member) => member?.state === state);
}

interface Scenario {
  label: string;
  /** Third part of the addresses' last byte: hosts are 127.10.9.<first + n>. */
  first: number;
  key: Uint8Array | undefined;
  /** Who dials whom. */
  serfDials: boolean;
  /** How serf ends, and what our nodes must make of it. */
  end: 'SIGINT' | 'SIGKILL';
  endsAs: Member['state'];
}

async function play(t: Test, scenario: Scenario): Promise<void> {
  const { label, first, key } = scenario;
  const host = (n: number): string => `127.10.9.${first + n}`;
  const keys = key ? [key] : [];
  const names = [1, 2, 3].map((n) => `${label}-${n}`);
  const [a, b, c] = await Promise.all([1, 2, 3].map((n) => startNode(t, `${label}-${n}`, host(n), keys)));
  if (!a || !b || !c) throw new Error('three nodes were started');
  await Promise.all([b.join([`${host(1)}:9896`]), c.join([`${host(1)}:9896`])]);

  const encrypt = key ? [`-encrypt=${Buffer.from(key).toString('base64')}`] : [];
  const dial = scenario.serfDials ? [`-join=${host(1)}:9896`] : [];
  const serf = new Serf(t, `${label}-serf`, host(0), [...encrypt, ...dial]);
  if (!scenario.serfDials) {
    await serf.shows(serf.name, 'alive');
    t.equal((await a.join([serf.address])).joined, 1, `${label}: our node joins serf`);
  }

  const listed = await Promise.all(names.map((name) => serf.shows(name, 'alive')));
  for (const [i, member] of listed.entries()) {
    t.same(
      member?.tags,
      { id: names[i], site: 'lyon', revision: '7' },
      `${label}: serf shows the tags of ${names[i]}`,
    );
    t.equal(member?.addr, `${host(i + 1)}:9896`);
  }
  for (const node of [a, b, c]) {
    const member = await sees(node, serf.name, 'alive');
    t.equal(member?.tags['kind'], 'judge', `${label}: ${node.self.name} shows serf's tags`);
  }

  a.setTags({ id: `${label}-1`, site: 'lyon', revision: '8' });
  const updated = (members: SerfMember[]): boolean => members.some((m) => m.tags['revision'] === '8');
  await until(`${label}: serf sees the new revision`, () => serf.members(), updated);
  await serf.command('tags', '-set', 'kind=changed');
  const changed = (): string | undefined => a.members().find((m) => m.name === serf.name)?.tags['kind'];
  await until(`${label}: we see serf's new tag`, changed, (kind) => kind === 'changed');

  await Promise.all([c.stop(), b.leave().then(() => b.stop())]);
  await Promise.all([serf.shows(`${label}-2`, 'left'), serf.shows(`${label}-3`, 'failed')]);
  t.notOk(serf.reportedFailure(`${label}-2`), `${label}: the leave was never taken for a failure`);
  t.ok(serf.reportedFailure(`${label}-3`), `${label}: the crash was`);
  t.equal(
    (await serf.shows(`${label}-1`, 'alive'))?.tags['revision'],
    '8',
    `${label}: the third is still alive`,
  );
  await Promise.all([sees(a, `${label}-2`, 'left'), sees(a, `${label}-3`, 'dead')]);

  t.same(serf.complaints(), [], `${label}: serf has nothing to complain about`);
  t.equal(a.stats().protocol.malformed, 0, `${label}: neither have we`);
  t.equal(a.stats().traffic.packetsRefused, 0);
  await serf.end(scenario.end);
  await sees(a, serf.name, scenario.endsAs);
}

test('serf is there to judge', {
  skip: process.env['CI'] === 'true' ? false : 'only demanded in CI',
}, async (t) => {
  t.ok(installed, 'the package serf must be installed in CI: apt-get install serf');
});

test('a real serf agent and our nodes form one cluster', { skip, timeout: 100_000 }, async (t) => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
  await Promise.all([
    play(t, { label: 'plain', first: 10, key: undefined, serfDials: true, end: 'SIGINT', endsAs: 'left' }),
    play(t, { label: 'aes256', first: 20, key, serfDials: false, end: 'SIGKILL', endsAs: 'dead' }),
  ]);
});
