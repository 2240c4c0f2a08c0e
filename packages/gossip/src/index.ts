export type {
  Address,
  Counters,
  GossipConfig,
  MemberChange,
  NodeStatus,
  Profile,
  Tags,
} from './core/index.js';
export type { GossipCallbacks } from './net/callbacks.js';
export type { PlaintextPolicy } from './net/envelope.js';
export type {
  Conflict,
  GossipEvents,
  MemberEvent,
  Message,
  RemoteState,
  RoundTrip,
} from './net/events.js';
export { Gossip } from './net/gossip.js';
export { GossipError, type GossipErrorCode } from './net/gossip-error.js';
export { Keyring } from './net/keyring.js';
export type { GossipLogger } from './net/log.js';
export type { ClaimedMember, Member, MemberVersions, VersionRange } from './net/member.js';
export type { SendOptions } from './net/messenger.js';
export type { GossipOptions } from './net/options.js';
export type { Resolver } from './net/resolve.js';
export type { JoinFailure, JoinResult } from './net/seeds.js';
export type { GossipStats } from './net/stats.js';
export type { Traffic } from './net/traffic.js';
