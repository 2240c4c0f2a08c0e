import { createHash } from 'node:crypto';

/**
 * What `{{ digest }}` renders to at first. A text can't contain its own digest, so the digest is that of the text with this
 * in its place.
 */
export const digestPlaceholder: string = 'shoal-digest-of-this-file';

const shownCharacters = 16;

/** Makes the digest of a text, hex. */
export type DigestOf = (text: string) => string;

/**
 * Puts a file's digest into its text where it asked for it: the first 16 characters. `digestOf` is keyed where the text may hold secrets: digests
 * leave the host, in URLs of health checks and in logs, and by a plain one short values could be guessed.
 */
export function sealDigest(
  text: string,
  digestOf: DigestOf,
): { readonly content: string; readonly digest: string } {
  const digest = digestOf(text).slice(0, shownCharacters);
  return { content: text.replaceAll(digestPlaceholder, digest), digest };
}

/** SHA-256 in hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
