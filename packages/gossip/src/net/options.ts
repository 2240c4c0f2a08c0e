import {
  type Address,
  describeTagSize,
  encodeTags,
  type GossipConfig,
  kindOf,
  MAX_META_BYTES,
  type Profile,
  type Tags,
} from '../core/index.js';
import type { GossipCallbacks } from './callbacks.js';
import type { PlaintextPolicy } from './envelope.js';
import { GossipError } from './gossip-error.js';
import type { GossipLogger } from './log.js';
import type { Resolver } from './resolve.js';

/** How to start a member. */
export interface GossipOptions extends GossipCallbacks {
  /** Unique in the cluster; at most 128 bytes, without control and format characters (line breaks and the like). */
  name: string;
  /** Numeric address to listen on, UDP and TCP; `::` listens on IPv4 too. Port 0 takes a free one. */
  bind: Address;
  /** Where others reach this node, if it differs from `bind`. A host name is resolved once, at the start; port 0 is the one bound. */
  advertise?: Partial<Address>;
  /** Facts that this node tells about itself; 512 bytes in all. Default: none. */
  tags?: Tags;
  /** AES keys of 16, 24 or 32 bytes; the first encrypts. None or an empty list: no encryption. */
  keys?: readonly Uint8Array[];
  /** What to do with plaintext when there are keys; for a cluster that begins to encrypt. Default `refuse`. */
  plaintext?: PlaintextPolicy;
  /** Keeps clusters apart that could reach each other; at most 255 bytes. serf up to 0.9 knows no labels. */
  label?: string;
  /** Default `lan`. */
  profile?: Profile;
  /** Single fields of the profile. */
  overrides?: Partial<GossipConfig>;
  /** The greatest incarnation that this node used before; it resumes above. Default 0. */
  incarnation?: number;
  /** Networks in CIDR notation in which members may have their addresses. Default: all. */
  allowedNetworks?: readonly string[];
  /** How the names of seeds become addresses. Default: hosts file and DNS, by the operating system. */
  resolve?: Resolver;
  /** Default: silent. */
  logger?: GossipLogger;
}

/** Encodes tags; throws GossipError TAGS_TOO_LARGE with the sizes of the largest, or INVALID_OPTION. */
export function metaOf(tags: Tags): Uint8Array {
  const kind = kindOf(tags);
  if (kind !== 'an object') {
    throw new GossipError(
      'INVALID_OPTION',
      `tags is ${kind}, expected an object of strings`,
      "like { site: 'lyon' }",
    );
  }
  for (const [key, value] of Object.entries(tags)) {
    if (typeof value === 'string') continue;
    throw new GossipError(
      'INVALID_OPTION',
      `tag '${key}' is ${kindOf(value)}, expected a string`,
      'leave out a tag that has no value',
    );
  }
  const meta = encodeTags(tags);
  if (meta.length > MAX_META_BYTES) {
    const message = `tags take ${describeTagSize(tags)}; at most ${MAX_META_BYTES} bytes are allowed`;
    throw new GossipError('TAGS_TOO_LARGE', message, 'shorten or drop tags');
  }
  return meta;
}
