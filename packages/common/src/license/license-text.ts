import { type FileHandle, open } from 'node:fs/promises';
import { parseYaml } from '../config/yaml-document.js';
import { ShoalError } from '../errors/shoal-error.js';
import { LicenseRefused } from './license-refused.js';

/** Longest license, bytes. */
export const maxLicenseBytes: number = 16 * 1024;

/** Characters of an Ed25519 signature in base64url. */
const signatureLength = 86;

const again = 'copy the whole line that the vendor sent, or use the file itself';

/** A license's three parts, decoded; nothing of them is verified. */
export interface LicenseParts {
  /** The compact JWS, without what mail and editors put around it. */
  readonly text: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The text of a license's file. Throws `not_found`, `failed_precondition` for what can't be read, LicenseRefused for more than 16 KiB. */
export async function readLicenseFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffer = Buffer.alloc(maxLicenseBytes + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maxLicenseBytes) throw tooLarge('more');
    return buffer.subarray(0, bytesRead).toString('utf8');
  } catch (thrown) {
    if (ShoalError.is(thrown)) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ShoalError('not_found', `there is no file ${path}`, { cause: thrown });
    throw new ShoalError('failed_precondition', `can't read ${path}: ${code ?? thrown}`, { cause: thrown });
  } finally {
    await file?.close();
  }
}

/**
 * Takes a compact JWS (RFC 7515) apart. A byte order mark and white space around it are let pass, nothing else is. Throws LicenseRefused: `not-a-license`,
 * `truncated`. The text is never repeated: it could be a private key.
 */
export function splitLicense(given: string): LicenseParts {
  const bytes = Buffer.byteLength(given);
  if (bytes > maxLicenseBytes) throw tooLarge(String(bytes));
  const text = given.replace(/^\uFEFF/, '').trim();
  checkCharacters(text);
  const parts = text.split('.');
  const [header = '', claims = '', signature = ''] = parts;
  if (parts.length > 3) {
    throw new LicenseRefused('not-a-license', `has ${parts.length} parts between dots, expected 3`, again);
  }
  if (parts.length < 3 || signature.length < signatureLength) {
    const missing =
      parts.length < 3
        ? `it has ${parts.length} of 3 parts`
        : `its signature has ${signature.length} of ${signatureLength} characters`;
    throw new LicenseRefused('truncated', `is truncated: ${missing}`, again);
  }
  if (signature.length > signatureLength) {
    const message = `has ${signature.length - signatureLength} characters too many at its end`;
    throw new LicenseRefused('not-a-license', message, again);
  }
  // Its last character holds four bits that decode to nothing: a license has one text.
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    throw new LicenseRefused('not-a-license', "was altered: its signature isn't base64url", again);
  }
  return { text, header: decode(header, 'header'), claims: decode(claims, 'content') };
}

function checkCharacters(text: string): void {
  const bad = (what: string, hint: string) => new LicenseRefused('not-a-license', what, hint);
  if (text === '') throw bad('is empty', again);
  if (/PRIVATE KEY|"d"\s*:/.test(text)) {
    const hint = 'it belongs to the vendor alone; if it was sent to you, tell them, and delete it here';
    throw bad('given is a private key', hint);
  }
  // Base64url of `{"`, or of `{` and white space.
  if (!/^e[wy]/.test(text)) throw bad('can\'t be read: expected a line that begins with "eyJ"', again);
  if (/\s/.test(text)) {
    throw bad(
      'has spaces or line ends inside, expected one line',
      `join its lines without spaces; or ${again}`,
    );
  }
  const place = text.search(/[^\w.-]/);
  if (place >= 0) throw bad(`has a character that none has, at place ${place + 1}`, again);
}

function decode(part: string, what: string): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(part, 'base64url');
  const altered = (why: string) =>
    new LicenseRefused('not-a-license', `was altered: its ${what} ${why}`, again);
  if (bytes.toString('base64url') !== part) throw altered("isn't base64url");
  let json: string;
  let value: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(json);
  } catch {
    throw altered("isn't JSON");
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw altered("isn't a JSON object");
  rejectDuplicates(json, what);
  return value as Record<string, unknown>;
}

/** JSON.parse takes the last of several members of one name, other readers may take the first. YAML, which JSON is part of, refuses them. */
function rejectDuplicates(json: string, what: string): void {
  try {
    parseYaml(json, what);
  } catch (thrown) {
    // It quotes a text that nobody has verified.
    const found = ShoalError.from(thrown).problems[0]?.message ?? 'not JSON';
    const reason = found.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
    throw new LicenseRefused('not-a-license', `has a ${what} that can be read in two ways: ${reason}`, again);
  }
}

function tooLarge(found: string): LicenseRefused {
  return new LicenseRefused(
    'not-a-license',
    `is too large: ${found} bytes, expected at most ${maxLicenseBytes}`,
    again,
  );
}
