import {
  type Address,
  describeTagSize,
  encodeTags,
  encodeUtf8,
  type GossipConfig,
  MAX_LABEL_BYTES,
  MAX_META_BYTES,
  type Profile,
  resolveConfig,
  type Tags,
} from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';
import type { GossipLogger } from './log.js';

/** How to start a member. */
export interface GossipOptions {
  /** Unique in the cluster; at most 128 bytes. */
  name: string;
  /** Address to listen on, UDP and TCP. Port 0 takes a free one. */
  bind: Address;
  /** Where others reach this node, if it differs from `bind`. */
  advertise?: Partial<Address>;
  /** Facts that this node tells about itself; 512 bytes in all. */
  tags: Tags;
  /** AES keys of 16, 24 or 32 bytes; the first encrypts. None: no encryption. */
  keys?: readonly Uint8Array[];
  /** Keeps clusters apart that could reach each other; at most 255 bytes. serf up to 0.9 knows no labels. */
  label?: string;
  /** Default `lan`. */
  profile?: Profile;
  overrides?: Partial<GossipConfig>;
  /** The greatest incarnation that this node used before; it resumes above. Default 0. */
  incarnation?: number;
  /** Default: silent. */
  logger?: GossipLogger;
}

/** Longest name in bytes, as Serf has it. */
const MAX_NAME_BYTES = 128;

/** Encodes tags; throws GossipError TAGS_TOO_LARGE with the sizes of the largest. */
export function metaOf(tags: Tags): Uint8Array {
  for (const [key, value] of Object.entries(tags)) {
    if (typeof value !== 'string') throw invalid(`tag '${key}' is ${typeof value}, expected a string`);
  }
  const meta = encodeTags(tags);
  if (meta.length > MAX_META_BYTES) {
    const message = `tags take ${describeTagSize(tags)}; at most ${MAX_META_BYTES} bytes are allowed`;
    throw new GossipError('TAGS_TOO_LARGE', message, 'shorten or drop tags');
  }
  return meta;
}

/** Checks what can be checked before anything is opened. Throws GossipError INVALID_OPTION. */
export function checkOptions(options: GossipOptions): {
  config: GossipConfig;
  meta: Uint8Array;
  label: Uint8Array;
} {
  const nameBytes = encodeUtf8(options.name).length;
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) {
    throw invalid(`name has ${nameBytes} bytes, expected 1 to ${MAX_NAME_BYTES}`);
  }
  const label = encodeUtf8(options.label ?? '');
  if (label.length > MAX_LABEL_BYTES) {
    throw invalid(`label has ${label.length} bytes, expected at most ${MAX_LABEL_BYTES}`);
  }
  const { port } = options.bind;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid(`bind port is ${port}, expected 0 to 65535`);
  try {
    const config = resolveConfig(options.profile ?? 'lan', options.overrides);
    return { config, meta: metaOf(options.tags), label };
  } catch (error) {
    throw error instanceof RangeError ? invalid(messageOf(error)) : error;
  }
}

function invalid(message: string): GossipError {
  return new GossipError('INVALID_OPTION', message);
}
