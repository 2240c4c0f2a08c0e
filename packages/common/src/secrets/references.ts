import type { DocumentPath } from '../config/yaml-document.js';

/** A secret in the place of a value: `{ secret: NAME }`. */
export interface SecretReference {
  readonly secret: string;
}

/** A reference, and where it stands below the value that was searched. */
export interface PlacedReference {
  readonly path: DocumentPath;
  readonly name: string;
}

/** Whether a value stands for a secret: a mapping with the one key `secret`, whose value is text. */
export function isSecretReference(value: unknown): value is SecretReference {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && typeof (value as { secret?: unknown }).secret === 'string';
}

/** Every reference in a value, at any depth, in order. */
export function* secretReferences(value: unknown, path: DocumentPath = []): Generator<PlacedReference> {
  if (isSecretReference(value)) yield { path, name: value.secret };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* secretReferences(item, [...path, index]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* secretReferences(member, [...path, key]);
  }
}

/** The value with each reference replaced by a text. The value itself stays as it is. */
export function replaceReferences<T>(
  value: T,
  textOf: (reference: PlacedReference) => string,
  path: DocumentPath = [],
): T {
  if (isSecretReference(value)) return textOf({ path, name: value.secret }) as T;
  if (Array.isArray(value)) {
    return value.map((item, index) => replaceReferences(item, textOf, [...path, index])) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    replaceReferences(member, textOf, [...path, key]),
  ]);
  return Object.fromEntries(members) as T;
}
