import { createHash } from 'node:crypto';
import { canonicalJson } from '../identity/canonical-json.js';
import type { Manifest } from './manifest.js';

/** What a manifest's content hash is of: the canonical JSON of its format and services. Cluster, node and revision don't count. */
export function manifestContent({ format, services }: Manifest): string {
  return canonicalJson({ format, services });
}

/** The content hash of a manifest's content: SHA-256, hex. */
export function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function contentHead({ format }: Manifest): string {
  return `{"format":${canonicalJson(format)},`;
}

/** The manifest's canonical JSON up to its services: `services` is the last of its members in RFC 8785's order, and `content` has it last as well. */
function payloadHead({ clusterId, format, node, revision }: Manifest): string {
  return `${canonicalJson({ clusterId, format, node, revision }).slice(0, -1)},`;
}

/** The bytes that are signed (the manifest's canonical JSON), made of the manifest's content: for many nodes with the same content. */
export function manifestPayload(manifest: Manifest, content: Buffer): Buffer {
  const services = content.subarray(Buffer.byteLength(contentHead(manifest)));
  return Buffer.concat([Buffer.from(payloadHead(manifest)), services]);
}

/** The other way round: a manifest's content out of the bytes that it was parsed from. Other JSON than canonical is written anew. */
export function contentOfPayload(manifest: Manifest, payload: Uint8Array): Buffer {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const head = Buffer.from(payloadHead(manifest));
  const services = Buffer.from('"services":[');
  const isCanonical =
    bytes.subarray(0, head.length).equals(head) &&
    bytes.subarray(head.length, head.length + services.length).equals(services) &&
    Object.keys(manifest).every((member) => members.has(member));
  if (!isCanonical) return Buffer.from(manifestContent(manifest));
  return Buffer.concat([Buffer.from(contentHead(manifest)), bytes.subarray(head.length)]);
}

const members: ReadonlySet<string> = new Set(['clusterId', 'format', 'node', 'revision', 'services']);

/**
 * The manifest's content hash: SHA-256, hex, of the canonical JSON of its format and services. Cluster, node and revision don't count: the same content keeps
 * its hash from revision to revision.
 */
export function manifestHash(manifest: Manifest): string {
  return contentHash(manifestContent(manifest));
}
