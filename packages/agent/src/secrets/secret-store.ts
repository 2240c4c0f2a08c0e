import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  atRest,
  createRedactor,
  type Manifest,
  type ManifestService,
  noRedactor,
  openText,
  type Redactor,
  ShoalError,
  sealText,
  validateSecretValue,
  writeFileAtomic,
} from '@shoal/common';
import { keyedDigest, type NodeKey, openNodeKey } from './node-key.js';
import { withValues } from './with-values.js';

/** A secret's value, as it may be in memory only. */
export interface SecretValue {
  readonly name: string;
  readonly version: string;
  readonly value: string;
}

interface StoredValues {
  readonly format: 1;
  readonly values: readonly { readonly name: string; readonly version: string; readonly sealed: string }[];
}

/** So many values that nothing needs any more are still taken out of texts: files may hold them for a while. */
const mostFormer = 200;

/** What the journal's and the state's sealed parts are sealed for. */
const partContext = ['shoal converge state'];

/**
 * The secrets of this node: open in memory, on disk sealed by a key of this host (`secrets.key`). It knows every value that
 * this process has seen, and takes them out of texts.
 */
export class SecretStore {
  readonly #keyPath: string;
  readonly #path: string;
  readonly #values = new Map<string, SecretValue>();
  readonly #former = new Map<string, SecretValue>();
  #key: NodeKey | undefined;
  #redactor: Redactor = noRedactor;
  #saved = '';

  /** `dataDir`: the agent's. Nothing is read before `load`. */
  constructor(dataDir: string) {
    this.#keyPath = join(dataDir, 'secrets.key');
    this.#path = join(dataDir, 'converge', 'secrets.json');
  }

  /** Takes the values out of texts; the present one, it changes with them. */
  get redactor(): Redactor {
    return this.#redactor;
  }

  /** Reads key and values. Throws `failed_precondition` for a damaged key or file, `permission_denied` when the key doesn't open the values. */
  async load(): Promise<void> {
    if (this.#key !== undefined) return;
    const key = await openNodeKey(this.#keyPath);
    const stored = await this.#read();
    for (const { name, version, sealed } of stored) {
      const what = `the value of secret "${name}" in ${this.#path}`;
      const value = openText(
        Buffer.from(sealed, 'base64'),
        key.sealing,
        atRest('agent', name, version),
        what,
      );
      this.#values.set(idOf(name, version), { name, version, value });
    }
    this.#key = key;
    this.#saved = [...this.#values.keys()].sort().join();
    this.#changed();
  }

  /** Takes values in, in memory; `save` keeps them. */
  accept(values: readonly SecretValue[]): void {
    for (const value of values) this.#values.set(idOf(value.name, value.version), value);
    if (values.length > 0) this.#changed();
  }

  /** Takes values out of texts from now on, without keeping them for anything else. */
  remember(values: readonly SecretValue[]): void {
    for (const value of values) this.#former.set(idOf(value.name, value.version), value);
    if (values.length > 0) this.#changed();
  }

  /** Drops all values but those that these manifests name. What was dropped is still taken out of texts. */
  keepFor(manifests: readonly (Manifest | null | undefined)[]): void {
    const needed = new Set(
      manifests.flatMap((manifest) =>
        (manifest?.services ?? []).flatMap(({ secrets = [] }) =>
          secrets.map(({ name, version }) => idOf(name, version)),
        ),
      ),
    );
    for (const [id, value] of this.#values) {
      if (needed.has(id)) continue;
      this.#values.delete(id);
      this.#former.set(id, value);
    }
    for (const id of this.#former.keys()) {
      if (this.#former.size <= mostFormer) break;
      this.#former.delete(id);
    }
    this.#changed();
  }

  /** Durable when it resolves. */
  async save(): Promise<void> {
    const ids = [...this.#values.keys()].sort().join();
    if (ids === this.#saved) return;
    const { sealing } = this.#known();
    const values = [...this.#values.values()].map(({ name, version, value }) => ({
      name,
      version,
      sealed: sealText(value, sealing, atRest('agent', name, version)).toString('base64'),
    }));
    const stored: StoredValues = { format: 1, values };
    await writeFileAtomic(this.#path, JSON.stringify(stored), { mode: 0o600 });
    this.#saved = ids;
  }

  /** The service with its secrets' values in their places; `extra` values count too. For memory only. Throws `failed_precondition` for a value that isn't here. */
  fill(service: ManifestService, extra: readonly SecretValue[] = []): ManifestService {
    return withValues(service, (name, version) => {
      const given = extra.find((value) => value.name === name && value.version === version);
      const known = given ?? this.#values.get(idOf(name, version));
      if (known !== undefined) return known.value;
      throw new ShoalError(
        'failed_precondition',
        `the value of secret "${name}" (version ${version}) didn't come with the manifest`,
        {
          hint: `the controller has it no more, or couldn't open it: shoal secret ls, and its log`,
        },
      );
    });
  }

  /** A digest that tells nothing of the text to those who don't have this host's key: hex. */
  digest(text: string): string {
    return keyedDigest(text, this.#known().digests);
  }

  /** Seals a part of what is kept on disk. */
  seal(text: string): string {
    return sealText(text, this.#known().sealing, partContext).toString('base64');
  }

  /** What `seal` made; throws `permission_denied` when this host's key isn't the one that sealed it. */
  open(sealed: string, what: string): string {
    return openText(Buffer.from(sealed, 'base64'), this.#known().sealing, partContext, what);
  }

  #known(): NodeKey {
    if (this.#key === undefined) throw new ShoalError('internal', 'secrets are used before they are loaded');
    return this.#key;
  }

  #changed(): void {
    this.#redactor = createRedactor([...this.#values.values(), ...this.#former.values()]);
  }

  async #read(): Promise<StoredValues['values']> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return [];
    try {
      const stored = JSON.parse(text) as StoredValues;
      if (stored.format === 1) return stored.values;
    } catch {
      // Falls through: the same to the reader as a format of the future.
    }
    throw new ShoalError('failed_precondition', `${this.#path} holds no secrets of this version of Shoal`, {
      hint: 'restore it from a backup, or remove it together with state.json: the agent then converges from what the controller says',
    });
  }
}

/** Throws `invalid_input` for a value that Shoal doesn't take. */
export function checkedValue(name: string, version: string, value: string): SecretValue {
  validateSecretValue(name, value);
  return { name, version, value };
}

function idOf(name: string, version: string): string {
  return `${name}/${version}`;
}
