import type { Test } from 'tap';
import { Gossip } from './gossip.js';
import type { GossipLogger } from './log.js';
import type { GossipOptions } from './options.js';

/** A fifth of the usual times, so that a failure is found in about a second. */
export const FAST: NonNullable<GossipOptions['overrides']> = {
  probeIntervalMs: 200,
  probeTimeoutMs: 80,
  gossipIntervalMs: 20,
  pushPullIntervalMs: 1000,
  rejoinIntervalMs: 200,
  streamTimeoutMs: 600,
  suspicionMult: 3,
  suspicionMaxTimeoutMult: 2,
};

/** Two keys of different lengths. */
export const KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i);
export const OTHER_KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);

/** Starts members on 127.11.`net`.1 and up, port 9896, that stop with the test. */
export function membersOn(
  net: number,
): (t: Test, name: string, options?: Partial<GossipOptions>) => Promise<Gossip> {
  let hosts = 1;
  return async (t, name, options = {}) => {
    const bind = { host: `127.11.${net}.${hosts++}`, port: 9896 };
    const gossip = await Gossip.start({ name, bind, tags: { id: name }, overrides: FAST, ...options });
    t.teardown(() => gossip.stop());
    return gossip;
  };
}

/** host:port of a member, to join it. */
export function placeOf({ self }: Gossip): string {
  return self.address.includes(':') ? `[${self.address}]:${self.port}` : `${self.address}:${self.port}`;
}

/** What `gossip` believes of the member of this name. */
export function stateOf(gossip: Gossip, name: string): string | undefined {
  return gossip.members().find((member) => member.name === name)?.state;
}

/** Waits until `done` holds; fails after 15 s. */
export async function until(t: Test, what: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`never so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.pass(what);
}

/** Waits until each of these members has had an answer over UDP from each other one. */
export async function untilPinged(t: Test, members: readonly Gossip[]): Promise<void> {
  const pairs = new Set<string>();
  for (const gossip of members) {
    gossip.on('roundTrip', ({ member }) => pairs.add(`${gossip.self.name} ${member.name}`));
  }
  const expected = members.length * (members.length - 1);
  await until(t, 'each has pinged each other', () => pairs.size === expected);
}

/** One line that a logger got. */
export interface Line {
  level: string;
  fields: object;
}

/** A logger that keeps its lines. */
export function keepingLogger(): { lines: Line[]; logger: GossipLogger } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object) => void lines.push({ level, fields });
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}
