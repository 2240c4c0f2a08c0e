import { createHash } from 'node:crypto';

/**
 * What `{{ digest }}` renders to at first. A text can't contain its own digest, so the digest is that of the text with this
 * in its place.
 */
export const digestPlaceholder: string = 'shoal-digest-of-this-file';

const shownCharacters = 16;

/** Puts a file's digest into its text where it asked for it. The digest: SHA-256 in hex, the first 16 characters. */
export function sealDigest(text: string): { readonly content: string; readonly digest: string } {
  const digest = sha256(text).slice(0, shownCharacters);
  return { content: text.replaceAll(digestPlaceholder, digest), digest };
}

/** SHA-256 in hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
