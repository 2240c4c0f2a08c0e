import type { Profile } from '@shoal/gossip';

/** How one member of a cluster is to be started. */
export interface MemberPlan {
  readonly name: string;
  /** Address of its own on the loopback interface. */
  readonly host: string;
  readonly port: number;
  /** Address and port of a member to join; none for the first. */
  readonly join: string | undefined;
  readonly profile: Profile;
  readonly tags: Readonly<Record<string, string>>;
  /** JSON with the field `encrypt_key`, base64, as serf reads it: a key must not appear among the arguments. */
  readonly keyFile: string | undefined;
}

/** What one line of a member's output says: about itself (`ready`), or what it believes of another. */
export type Observation =
  | { readonly change: 'ready' }
  | { readonly change: 'alive' | 'dead'; readonly member: string }
  /** The member's own probe has failed (`own`), or it heard of a suspicion from another. */
  | { readonly change: 'suspect'; readonly member: string; readonly own: boolean };

/** An implementation under measurement: how a member of it is started, and how its output is read. */
export interface Peer {
  readonly name: 'shoal' | 'serf';
  /** Gossip addresses are in this /24 network, three bytes of it, and nothing else is. */
  readonly network: string;
  /** Program and arguments. */
  command(plan: MemberPlan): readonly [program: string, ...args: string[]];
  /** Undefined for a line that says nothing of interest. */
  read(line: string, observer: string): Observation | undefined;
}

const entry = new URL('./gossip-process.js', import.meta.url).pathname;

const beliefs: Readonly<Record<string, 'alive' | 'dead'>> = {
  join: 'alive',
  alive: 'alive',
  fail: 'dead',
  leave: 'dead',
};

/** Our library, in a process that does nothing else. */
export const shoal: Peer = {
  name: 'shoal',
  network: '127.12.1',
  command: (plan) => [process.execPath, entry, JSON.stringify(plan)],
  read: (line, observer) => {
    if (!line.startsWith('{')) return undefined;
    const { change, member, from } = JSON.parse(line) as Record<'change' | 'member' | 'from', string>;
    if (change === 'ready') return { change };
    if (change === 'suspect') return { change, member, own: from === observer };
    const belief = beliefs[change];
    return belief === undefined ? undefined : { change: belief, member };
  },
};

const serfEvents: Readonly<Record<string, 'alive' | 'dead'>> = {
  Join: 'alive',
  Failed: 'dead',
  Leave: 'dead',
};

/**
 * A real `serf agent`. Its log is read, not its event stream: the line `EventMemberFailed` is written at once, while
 * events for handlers and RPC are held back for 1 to 3 s to be coalesced. What RPC costs is kept out of the traffic.
 */
export const serf: Peer = {
  name: 'serf',
  network: '127.12.2',
  command: (plan) => [
    'serf',
    'agent',
    `-node=${plan.name}`,
    `-bind=${plan.host}:${plan.port}`,
    `-rpc-addr=${plan.host.replace('127.12.2.', '127.12.3.')}:7373`,
    `-profile=${plan.profile}`,
    '-log-level=info',
    ...Object.entries(plan.tags).flatMap(([key, value]) => ['-tag', `${key}=${value}`]),
    ...(plan.keyFile === undefined ? [] : [`-config-file=${plan.keyFile}`]),
    ...(plan.join === undefined ? [] : [`-retry-join=${plan.join}`, '-retry-interval=1s']),
  ],
  read: (line) => {
    if (line.includes('Serf agent running!')) return { change: 'ready' };
    const event = /serf: EventMember(\w+): (\S+)/.exec(line);
    const belief = serfEvents[event?.[1] ?? ''];
    if (belief !== undefined) return { change: belief, member: event?.[2] ?? '' };
    const suspect = /memberlist: Suspect (\S+) has failed/.exec(line)?.[1];
    return suspect === undefined ? undefined : { change: 'suspect', member: suspect, own: true };
  },
};
