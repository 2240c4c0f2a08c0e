import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemsError } from '../config/problems.js';
import { validate } from '../config/validate.js';
import { compileSchema } from '../config/validator.js';
import { parseYaml } from '../config/yaml-document.js';
import { ShoalError } from '../errors/shoal-error.js';
import { licenseKeyId } from './license-key.js';
import type { TrustedLicenseKey, TrustedLicenseKeys } from './trusted-license-keys.js';

/** A list that trusts nobody: what a build without a vendor's list has. */
export const noTrustedLicenseKeys: TrustedLicenseKeys = { keys: [], revoked: [] };

const kid = {
  type: 'string',
  pattern: '^[\\w-]{43}$',
  expected: "a key's id: 43 letters, digits, '-' and '_'",
};
const words = { type: 'string', minLength: 1, maxLength: 200 };
const time = {
  type: 'string',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$',
  expected: 'a time such as 2026-03-01T14:05:09Z',
};

function closed(properties: object) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

const validator = compileSchema<TrustedLicenseKeys>(
  closed({
    keys: {
      type: 'array',
      items: closed({
        kid,
        publicKey: closed({
          kty: { const: 'OKP' },
          crv: { const: 'Ed25519' },
          x: { type: 'string', pattern: '^[\\w-]{43}$', expected: '32 bytes in base64url' },
        }),
        vendor: words,
        addedAt: time,
      }),
    },
    revoked: { type: 'array', items: closed({ kid, reason: words, at: time }) },
  }),
);

/**
 * The trust list in a file's text (JSON). Throws `invalid_input` with every problem: places, what was expected, a key whose id isn't its own,
 * one that stands there twice, a private key.
 */
export async function parseTrustedLicenseKeys(text: string, file: string): Promise<TrustedLicenseKeys> {
  const document = parseYaml(text, file);
  const list = validate(document, validator);
  const problems = [];
  for (const [index, key] of list.keys.entries()) {
    const position = document.positionOf(['keys', index, 'kid']);
    if ((await licenseKeyId(key.publicKey)) !== key.kid) {
      problems.push({ message: `keys[${index}].kid: not the thumbprint of its publicKey`, position });
    }
    if (list.keys.findIndex((other) => other.kid === key.kid) < index) {
      problems.push({ message: `keys[${index}].kid: stands there twice`, position });
    }
  }
  if (problems.length > 0) throw problemsError(problems);
  return list;
}

/** True in a checkout of the repository, false in an installed program, which is bundled (CommonJS). */
export const isCheckout: boolean = typeof require !== 'function';

function fileOfBuild(): string {
  const name = 'trusted-license-keys.json';
  if (!isCheckout) return join(import.meta.dirname, name);
  // scripts/setup.mjs puts a list there that it was given.
  const compiled = join(import.meta.dirname, '..', name);
  return existsSync(compiled) ? compiled : join(import.meta.dirname, '../..', name);
}

/**
 * The list that this build of Shoal was made with. It is part of the installed program; neither configuration nor environment name another. Throws
 * `failed_precondition` when the installation is damaged.
 */
export async function loadTrustedLicenseKeys(): Promise<TrustedLicenseKeys> {
  const file = fileOfBuild();
  try {
    return await parseTrustedLicenseKeys(await readFile(file, 'utf8'), file);
  } catch (thrown) {
    const { message } = ShoalError.from(thrown);
    throw new ShoalError(
      'failed_precondition',
      `the list of trusted license keys can't be used: ${message}`,
      {
        hint: 'it is part of the installation: install the packages again',
        cause: thrown,
      },
    );
  }
}

/** The list with one key more. Throws `already_exists` when it is there, `conflict` when it was revoked. */
export function addTrustedLicenseKey(list: TrustedLicenseKeys, key: TrustedLicenseKey): TrustedLicenseKeys {
  if (list.revoked.some((entry) => entry.kid === key.kid)) {
    throw new ShoalError('conflict', `the key ${key.kid} was revoked: make another`);
  }
  if (list.keys.some((entry) => entry.kid === key.kid)) {
    throw new ShoalError('already_exists', `the list has the key ${key.kid} already`);
  }
  return { ...list, keys: [...list.keys, key] };
}

/** The list with a key revoked. Throws `not_found` for a key that isn't on it, `already_exists` for one that was revoked before. */
export function revokeLicenseKey(
  list: TrustedLicenseKeys,
  revoked: TrustedLicenseKeys['revoked'][number],
): TrustedLicenseKeys {
  const before = list.revoked.find((entry) => entry.kid === revoked.kid);
  if (before !== undefined) {
    throw new ShoalError(
      'already_exists',
      `the key ${before.kid} was revoked at ${before.at}: ${before.reason}`,
    );
  }
  if (!list.keys.some((entry) => entry.kid === revoked.kid)) {
    const known = list.keys.map((entry) => `${entry.kid} (${entry.vendor})`).join(', ');
    throw new ShoalError('not_found', `the list has no key ${revoked.kid}`, {
      hint: `it has ${known === '' ? 'none' : known}`,
    });
  }
  return { ...list, revoked: [...list.revoked, revoked] };
}

/** The list as the text of its file. */
export function formatTrustedLicenseKeys(list: TrustedLicenseKeys): string {
  return `${JSON.stringify(list, null, 2)}\n`;
}
