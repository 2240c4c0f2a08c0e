import { kindOf } from './kind-of.js';

/**
 * How failures are judged. `evidence`: each node also probes its successor on a ring, timeouts follow the measured
 * round trips, and a suspect that several nodes failed to reach is given up sooner, but never without a fresh failed
 * probe of one's own. `memberlist`: as memberlist does it.
 */
export type Judgment = 'evidence' | 'memberlist';

/** Tuning of the protocol. Times are milliseconds. The defaults are memberlist's LAN profile. */
export interface GossipConfig {
  /** Time between probes; also how long one probe may take. Scaled by the health score. Default 1000. */
  probeIntervalMs: number;
  /** Longest wait for a direct ack before asking others, scaled by the health score; below probeIntervalMs. Default 500. */
  probeTimeoutMs: number;
  /** Shortest such wait; between both it is four times the longest round trip of late. Only by `evidence`. Default 200. */
  leastProbeTimeoutMs: number;
  /** How many other nodes ping a silent node for us. Default 3. */
  indirectChecks: number;
  /** Suspicion lasts at least mult x max(1, log10 n) probe intervals. Default 4. */
  suspicionMult: number;
  /** Without confirmations it lasts this many times longer. Default 6. */
  suspicionMaxTimeoutMult: number;
  /** By which rules failures are judged. Default `evidence`. */
  judgment: Judgment;
  /**
   * Like suspicionMult, for a node whose own probe of the suspect failed and that has all the confirmations it can
   * expect. Only by `evidence`. Default 1.5.
   */
  confirmedMult: number;
  /**
   * Rounds of gossip that a suspect gets whose host is there but refuses connections, while nobody reaches it; 0 makes
   * nothing of refusals. Only by `evidence`. Default 5.
   */
  refusedRounds: number;
  /** How many nodes, on average, probe a newly suspected one at once on their own account. Only by `evidence`. Default 2. */
  verifiers: number;
  /** How many nodes are told at once, without waiting for a round of gossip, what this node itself found out. Only by `evidence`. Default 8. */
  urgentNodes: number;
  /** The health score stays below this; the probe interval stretches up to this factor. Default 8. */
  awarenessMax: number;
  /** Time between rounds of gossip while there is something to tell. Default 200. */
  gossipIntervalMs: number;
  /** Random nodes told in one round; of what is new, the ring successor is told besides. Default 3. */
  gossipNodes: number;
  /** Dead nodes are still told about for this long, then leave the protocol's node table. Default 30000. */
  gossipToTheDeadMs: number;
  /** Each update is sent mult x max(2, ceil(log10(n + 1))) times by each node. Default 4. */
  retransmitMult: number;
  /** Time between full exchanges with a random node; stretched above 32 nodes. Default 30000. */
  pushPullIntervalMs: number;
  /** Deadline of a stream. Default 10000. */
  streamTimeoutMs: number;
  /** Time between attempts to reach seeds and nodes lost to a failure. Default 30000. */
  rejoinIntervalMs: number;
  /** Time between resolutions of the names among the seeds. Default 60000. */
  resolveIntervalMs: number;
  /** How long failed and departed nodes are remembered for display and rejoin. Default 24 h. */
  tombstoneMs: number;
  /** Most bytes of a datagram's payload. Default 1400. */
  udpBytes: number;
  /** Compress datagrams and streams where that makes them smaller. Default true. */
  compress: boolean;
  /** Versions of the application protocol [min, max, current]; Serf's are 2, 5, 5. */
  delegateVersions: readonly [min: number, max: number, current: number];
  /** Announce a leave the way Serf expects, and keep its Lamport clock. Default true. */
  serf: boolean;
}

/** Named tunings: `local` for loopback and one rack, `lan`, and `wan` for slow links between sites. */
export type Profile = 'lan' | 'wan' | 'local';

const LAN: GossipConfig = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  leastProbeTimeoutMs: 200,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  judgment: 'evidence',
  confirmedMult: 1.5,
  refusedRounds: 5,
  verifiers: 2,
  urgentNodes: 8,
  awarenessMax: 8,
  gossipIntervalMs: 200,
  gossipNodes: 3,
  gossipToTheDeadMs: 30_000,
  retransmitMult: 4,
  pushPullIntervalMs: 30_000,
  streamTimeoutMs: 10_000,
  rejoinIntervalMs: 30_000,
  resolveIntervalMs: 60_000,
  tombstoneMs: 24 * 3_600_000,
  udpBytes: 1400,
  compress: true,
  delegateVersions: [2, 5, 5],
  serf: true,
};

const WAN: Partial<GossipConfig> = {
  probeIntervalMs: 5000,
  probeTimeoutMs: 3000,
  leastProbeTimeoutMs: 1000,
  suspicionMult: 6,
  gossipIntervalMs: 500,
  gossipNodes: 4,
  gossipToTheDeadMs: 60_000,
  pushPullIntervalMs: 60_000,
  streamTimeoutMs: 30_000,
  rejoinIntervalMs: 60_000,
};

const LOCAL: Partial<GossipConfig> = {
  probeTimeoutMs: 200,
  leastProbeTimeoutMs: 100,
  indirectChecks: 1,
  suspicionMult: 3,
  gossipIntervalMs: 100,
  gossipToTheDeadMs: 15_000,
  retransmitMult: 2,
  pushPullIntervalMs: 15_000,
  streamTimeoutMs: 1000,
  rejoinIntervalMs: 15_000,
};

const PROFILES: Readonly<Record<Profile, Partial<GossipConfig>>> = { lan: {}, wan: WAN, local: LOCAL };

/** A profile with overrides put on top. Throws RangeError, naming the field, if the result cannot work. */
export function resolveConfig(profile: Profile, overrides: Partial<GossipConfig> = {}): GossipConfig {
  const config = { ...LAN, ...PROFILES[profile], ...overrides };
  for (const field of Object.keys(overrides)) {
    if (!Object.hasOwn(LAN, field)) throw new RangeError(`overrides.${field} is no field of the profile`);
  }
  for (const problem of problemsOf(config)) throw new RangeError(problem);
  return config;
}

/** Fields that may be 0; all other numbers must be above. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  'indirectChecks',
  'gossipToTheDeadMs',
  'tombstoneMs',
  'refusedRounds',
  'verifiers',
  'urgentNodes',
]);

function* problemsOf(config: GossipConfig): Generator<string> {
  for (const [field, value] of Object.entries(config)) {
    const expected = typeof LAN[field as keyof GossipConfig];
    if (typeof value !== expected)
      yield `${field} is ${kindOf(value)}, expected ${expected === 'object' ? 'an' : 'a'} ${expected}`;
  }
  if (!Array.isArray(config.delegateVersions) || !saneRange(config.delegateVersions)) {
    const found = JSON.stringify(config.delegateVersions);
    yield `delegateVersions is ${found}, expected [min, max, current] of 0 to 255 with min <= current <= max`;
  }
  for (const [field, value] of Object.entries(config)) {
    if (typeof value !== 'number') continue;
    const least = MAY_BE_ZERO.has(field) ? 0 : Number.MIN_VALUE;
    if (!(value >= least && value < Number.POSITIVE_INFINITY)) {
      yield `${field} is ${value}, expected a number ${least === 0 ? 'of 0 or more' : 'above 0'}`;
    }
  }
  if (config.probeTimeoutMs >= config.probeIntervalMs) {
    yield `probeTimeoutMs is ${config.probeTimeoutMs}, expected less than probeIntervalMs (${config.probeIntervalMs}): indirect and TCP probes need the rest of the interval`;
  }
  if (config.judgment !== 'evidence' && config.judgment !== 'memberlist') {
    yield `judgment is '${config.judgment}', expected 'evidence' or 'memberlist'`;
  }
  if (config.udpBytes < 1024 || config.udpBytes > 65_000) {
    yield `udpBytes is ${config.udpBytes}, expected 1024 to 65000: one update with full tags must fit`;
  }
}

function saneRange(versions: readonly number[]): boolean {
  const [min = -1, max = -1, current = -1] = versions;
  const bytes = versions.every((version) => Number.isInteger(version) && version >= 0 && version <= 255);
  return bytes && versions.length === 3 && min <= current && current <= max;
}
