import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import {
  atRest,
  forNode,
  type Manifest,
  nearest,
  openText,
  type SealedSecret,
  ShoalError,
  sealForKey,
  sealText,
  validateSecretName,
  validateSecretValue,
} from '@shoal/common';
import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { openSealingKey } from './sealing-key.js';

/** So many secrets a cluster may have. */
const mostSecrets = 1000;

/** What the store keeps of one value, key `secret-values/<name>/<version>`. */
export interface StoredValue {
  readonly name: string;
  /** Random. */
  readonly version: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Base64 of the value, sealed for this name and version. */
  readonly sealed: string;
}

/** Which value of a secret is the newest, key `secrets/<name>`. */
interface StoredSecret {
  readonly name: string;
  readonly version: string;
}

/** What the vault needs. */
export interface VaultComponents {
  readonly store: Store;
  readonly dataDir: string;
  readonly now: () => number;
}

/** Secrets and all their values that are kept; values in memory are sealed as they are in the store, and opened one by one to be sealed for a node. */
export class Vault {
  readonly #parts: VaultComponents;
  readonly #key: Buffer | ShoalError;
  readonly #newest = new Map<string, string>();
  readonly #values = new Map<string, StoredValue>();

  private constructor(parts: VaultComponents, key: Buffer | ShoalError) {
    this.#parts = parts;
    this.#key = key;
  }

  static async open(parts: VaultComponents): Promise<Vault> {
    const vault = new Vault(parts, await openSealingKey(parts.dataDir, parts.store));
    for (const value of await listJson<StoredValue>(parts.store, keys.secretValues)) {
      vault.#values.set(idOf(value.name, value.version), value);
    }
    for (const { name, version } of await listJson<StoredSecret>(parts.store, keys.secrets)) {
      vault.#newest.set(name, version);
    }
    return vault;
  }

  /** Why values can neither be opened nor set; undefined: they can. */
  get problem(): ShoalError | undefined {
    return ShoalError.is(this.#key) ? this.#key : undefined;
  }

  /** By name. */
  names(): readonly string[] {
    return [...this.#newest.keys()].sort();
  }

  /** Version of the newest value; undefined: there is no such secret. */
  newest(name: string): string | undefined {
    return this.#newest.get(name);
  }

  /** Everything of a value but the value; undefined: it isn't kept. */
  value(name: string, version: string): Omit<StoredValue, 'sealed'> | undefined {
    return this.#values.get(idOf(name, version));
  }

  /** Versions of the values that are kept, oldest first. */
  versions(name: string): readonly string[] {
    const values = [...this.#values.values()].filter((value) => value.name === name);
    return values.sort((a, b) => a.createdAt - b.createdAt).map(({ version }) => version);
  }

  /** Keeps a new value as the newest. `needed`: older versions that something still means; the others go. @throws ShoalError `invalid_input`, `resource_exhausted`, `failed_precondition` */
  async set(name: string, value: string, createdBy: string, needed: ReadonlySet<string>): Promise<void> {
    validateSecretName(name);
    validateSecretValue(name, value);
    if (ShoalError.is(this.#key)) throw this.#key;
    if (!this.#newest.has(name) && this.#newest.size >= mostSecrets) {
      throw new ShoalError('resource_exhausted', `there are ${mostSecrets} secrets, and no more may be`);
    }
    const version = randomBytes(8).toString('hex');
    const sealed = sealText(value, this.#key, atRest('controller', name, version)).toString('base64');
    const stored: StoredValue = { name, version, createdAt: this.#parts.now(), createdBy, sealed };
    const dropped = this.versions(name).filter((old) => !needed.has(old));
    await this.#parts.store.transact({
      writes: [
        putJson(keys.secret(name), { name, version }),
        putJson(keys.secretValue(name, version), stored),
        ...dropped.map((old): Write => ({ type: 'delete', key: keys.secretValue(name, old) })),
      ],
    });
    this.#newest.set(name, version);
    this.#values.set(idOf(name, version), stored);
    for (const old of dropped) this.#values.delete(idOf(name, old));
  }

  /** Removes a secret with all its values. @throws ShoalError `not_found` */
  async remove(name: string): Promise<void> {
    this.check(name);
    const versions = this.versions(name);
    await this.#parts.store.transact({
      writes: [
        { type: 'delete', key: keys.secret(name) },
        ...versions.map((version): Write => ({ type: 'delete', key: keys.secretValue(name, version) })),
      ],
    });
    this.#newest.delete(name);
    for (const version of versions) this.#values.delete(idOf(name, version));
  }

  /** Throws `not_found` unless there is such a secret. */
  check(name: string): void {
    if (this.#newest.has(name)) return;
    const near = nearest(name, this.names());
    const hint = near === undefined ? 'List them: shoal secret ls' : `Did you mean "${near}"?`;
    throw new ShoalError('not_found', `There is no secret "${name}"`, { hint });
  }

  /**
   * The values that a manifest needs, each sealed so that only the manifest's node can open it: the one with this public key. Those that aren't kept any more
   * are left out; the node then says so. @throws ShoalError `failed_precondition` when the key is missing, `permission_denied` when the store was altered
   */
  sealFor({ clusterId, node, services }: Manifest, publicKey: KeyObject): SealedSecret[] {
    const sealed = new Map<string, SealedSecret>();
    for (const { name, version } of services.flatMap(({ secrets = [] }) => secrets)) {
      const id = idOf(name, version);
      const value = this.#values.get(id);
      if (value === undefined || sealed.has(id)) continue;
      const text = this.#open(value);
      sealed.set(id, {
        name,
        version,
        sealed: sealForKey(text, publicKey, forNode(clusterId, node, name, version)),
      });
    }
    return [...sealed.values()];
  }

  #open({ name, version, sealed }: StoredValue): string {
    if (ShoalError.is(this.#key)) throw this.#key;
    const context = atRest('controller', name, version);
    return openText(
      Buffer.from(sealed, 'base64'),
      this.#key,
      context,
      `the stored value of secret "${name}"`,
    );
  }
}

function idOf(name: string, version: string): string {
  return `${name}/${version}`;
}
