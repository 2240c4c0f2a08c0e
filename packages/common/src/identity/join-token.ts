import { createHash } from 'node:crypto';
import { ShoalError } from '../errors/shoal-error.js';

/** What a join token carries. */
export interface JoinToken {
  readonly clusterId: string;
  /** SHA-256 of the CA certificate's DER, 64 hex digits. */
  readonly caFingerprint: string;
  /** Names the token in lists; no secret. */
  readonly id: string;
  readonly secret: string;
}

const prefix = 'shoal1';
const checksumLength = 12;

/** The token as one word to copy: `shoal1.PAYLOAD.CHECKSUM`. Treat as a secret. */
export function encodeJoinToken(token: JoinToken): string {
  const fields = [token.clusterId, token.caFingerprint, token.id, token.secret];
  const body = `${prefix}.${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;
  return `${body}.${checksumOf(body)}`;
}

/**
 * The token's parts. Throws `invalid_input` that tells what is wrong with it, without repeating any of it: not a token at all,
 * of a newer format, truncated, altered.
 */
export function parseJoinToken(text: string): JoinToken {
  const again = 'copy it again, whole; `shoal token create` makes a new one';
  const parts = text.trim().split('.');
  const [format, payload, checksum] = parts;
  if (format === undefined || !/^shoal\d+$/.test(format)) {
    const found = text.trim().length;
    throw bad(
      `: expected a text that begins with "shoal1.", found ${found === 0 ? 'nothing' : `${found} other characters`}`,
      again,
    );
  }
  if (format !== prefix)
    throw bad(` has the format ${format}, this version knows ${prefix}`, 'upgrade Shoal here');
  if (payload === undefined || checksum === undefined || checksum.length < checksumLength) {
    throw bad(' is truncated', again);
  }
  const altered = " was altered: its checksum doesn't match";
  if (parts.length > 3 || checksum !== checksumOf(`${prefix}.${payload}`)) throw bad(altered, again);
  const fields = parseFields(payload);
  if (fields === undefined) throw bad(' was altered: its content is no token', again);
  const [clusterId, caFingerprint, id, secret] = fields;
  return { clusterId, caFingerprint, id, secret };
}

/** SHA-256 of a token's or session's secret, hex: what the controller keeps in place of it. The secret must be random, of 128 bits or more. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, checksumLength);
}

function parseFields(payload: string): [string, string, string, string] | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!Array.isArray(fields) || fields.length !== 4) return undefined;
    if (fields.some((field) => typeof field !== 'string')) return undefined;
    return fields as [string, string, string, string];
  } catch {
    return undefined;
  }
}

function bad(what: string, hint: string): ShoalError {
  return new ShoalError('invalid_input', `join token${what}`, { hint });
}
