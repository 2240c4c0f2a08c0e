import { ShoalError } from '../errors/shoal-error.js';
import type { Manifest } from './manifest.js';
import { contentHash } from './manifest-content.js';

/**
 * What makes a content one node's manifest. It is signed instead of the whole manifest where the content travels by what differs: short, so that signing for
 * thousands of nodes is cheap, and as good, since it names the content by its hash. `kind`: no other signed document has it, and it has no `format` as those do.
 */
export interface ManifestHead {
  readonly kind: 'manifest-head';
  readonly clusterId: string;
  /** Content hash, hex. */
  readonly content: string;
  readonly node: string;
  readonly revision: number;
}

/** The head of a manifest whose content hash is `content`. */
export function manifestHead({ clusterId, node, revision }: Manifest, content: string): ManifestHead {
  return { kind: 'manifest-head', clusterId, content, node, revision };
}

/**
 * The manifest of a head whose signature holds and the content that goes with it.
 * @throws ShoalError `invalid_input` when it is no head, or the content is another one; nothing of the content is parsed before
 */
export function manifestOfHead(head: ManifestHead, content: Buffer): Manifest {
  const { kind, clusterId, node, revision } = head;
  if (kind !== 'manifest-head')
    throw new ShoalError('invalid_input', 'what is signed is no head of a manifest');
  if (contentHash(content) !== head.content) {
    throw new ShoalError('invalid_input', 'the content that comes out is another one than was signed');
  }
  return { ...(JSON.parse(content.toString('utf8')) as Manifest), clusterId, node, revision };
}
