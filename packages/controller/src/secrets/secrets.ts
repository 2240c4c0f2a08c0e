import type { BlueprintSet, Logger, SecretView, Spec } from '@shoal/common';
import { parseSpec, resolveParams, runsOn, ShoalError, secretReferences } from '@shoal/common';
import type { Actor } from '../services.js';
import type { NodePlace } from '../spec/manifests.js';
import type { Revisions } from '../spec/revisions.js';
import { listJson, numberKey, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import type { Vault } from './vault.js';

/** That a revision uses a secret by this version, key `secret-uses/<name>/<revision>`. */
interface SecretUse {
  readonly revision: number;
  readonly version: string;
}

/** What this needs of the rest. */
export interface SecretsComponents {
  readonly store: Store;
  readonly vault: Vault;
  readonly revisions: Revisions;
  readonly places: () => readonly NodePlace[];
  readonly blueprintsOf: (revision: number) => Promise<BlueprintSet>;
  readonly logger: Logger;
}

/** Names of the secrets that a spec refers to, each once. */
export function secretsOf(spec: Spec): readonly string[] {
  const params = Object.values(spec.services).map(({ params, perSite, perNode }) => [
    params,
    perSite,
    perNode,
  ]);
  return [...new Set([...secretReferences(params)].map(({ name }) => name))].sort();
}

/** The secrets that a spec uses by their newest versions. @throws ShoalError `invalid_input` for one that isn't there */
export function newestSecrets(spec: Spec, vault: Pick<Vault, 'newest'>): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const name of secretsOf(spec)) {
    const version = vault.newest(name);
    if (version === undefined) throw new ShoalError('invalid_input', `Unknown secret "${name}"`);
    versions[name] = version;
  }
  return versions;
}

/** Throws `failed_precondition` when a value that a revision means isn't kept any more. */
export function checkKept(
  versions: Readonly<Record<string, string>>,
  vault: Pick<Vault, 'value'>,
  revision: number,
): void {
  const gone = Object.entries(versions).filter(([name, version]) => vault.value(name, version) === undefined);
  if (gone.length === 0) return;
  const names = gone.map(([name]) => `"${name}"`).join(', ');
  throw new ShoalError(
    'failed_precondition',
    `Revision ${revision} can't be gone back to: its value of secret ${names} was removed`,
    { hint: `Set it, then apply that spec anew: shoal revision show ${revision} | shoal apply -` },
  );
}

/** What notes that a revision means these versions: as long as it is there they are kept. */
export function useWrites(versions: Readonly<Record<string, string>>, revision: number): Write[] {
  return Object.entries(versions).map(([name, version]) =>
    putJson(`${keys.secretUses(name)}${numberKey(revision)}`, { revision, version }),
  );
}

/** Setting, listing and removing secrets; who uses them is read from the revisions. */
export class Secrets {
  readonly #parts: SecretsComponents;

  constructor(parts: SecretsComponents) {
    this.#parts = parts;
  }

  async set(name: string, value: string, actor: Actor): Promise<SecretView> {
    const { vault, logger } = this.#parts;
    const uses = await this.#uses(name);
    await vault.set(name, value, actor.name, new Set(uses.map(({ version }) => version)));
    logger.info({ secretName: name, version: vault.newest(name), by: actor.name }, 'secret set');
    return this.#view(name);
  }

  async list(): Promise<readonly SecretView[]> {
    return Promise.all(this.#parts.vault.names().map((name) => this.#view(name)));
  }

  /** Gives the revisions that need it, and so can't be gone back to any more. @throws ShoalError `not_found`, `failed_precondition` */
  async remove(name: string, force: boolean, actor: Actor): Promise<readonly number[]> {
    const { vault, revisions, logger } = this.#parts;
    vault.check(name);
    const { latest } = (await revisions.head()).value;
    const using = (await this.#uses(name)).map(({ revision }) => revision);
    if (using.includes(latest) && !force) {
      const { usedBy } = await this.#view(name);
      const services = usedBy.map(({ service }) => service).join(', ');
      throw new ShoalError(
        'failed_precondition',
        `Secret "${name}" is used by the newest revision, ${latest}${services === '' ? '' : ` (${services})`}`,
        {
          hint: "Apply a spec without it first; or --force: nodes that have it go on, others can't come to this revision",
        },
      );
    }
    await vault.remove(name);
    logger.info({ secretName: name, by: actor.name, revisions: using }, 'secret removed');
    return using;
  }

  async #view(name: string): Promise<SecretView> {
    const { vault, revisions } = this.#parts;
    const version = vault.newest(name) ?? '';
    const { createdAt = 0, createdBy = '' } = vault.value(name, version) ?? {};
    const { latest } = (await revisions.head()).value;
    // Values that a forced removal took with it are gone for their revisions, also when the name is used again.
    const uses = await this.#uses(name);
    const kept = uses.filter((use) => vault.value(name, use.version) !== undefined);
    const newest = uses.find(({ revision }) => revision === latest);
    return {
      name,
      version,
      createdAt,
      createdBy,
      usedBy: newest === undefined ? [] : await this.#usersOf(name, latest),
      isPending: newest !== undefined && newest.version !== version,
      revisions: kept.map(({ revision }) => revision),
    };
  }

  async #usersOf(name: string, revision: number): Promise<SecretView['usedBy']> {
    const record = await this.#parts.revisions.record(revision);
    const blueprints = await this.#parts.blueprintsOf(revision);
    const { services } = parseSpec(record.spec, record.file);
    return Object.entries(services).flatMap(([service, definition]) => {
      const blueprint = blueprints.get(definition.blueprint);
      if (blueprint === undefined) return [];
      const nodes = this.#parts.places().filter((place) => {
        if (!runsOn(definition, place)) return false;
        const params = resolveParams(blueprint, definition, place);
        return [...secretReferences(params)].some((reference) => reference.name === name);
      });
      return nodes.length === 0 ? [] : [{ service, nodes: nodes.map((place) => place.name) }];
    });
  }

  /** Rising by revision. */
  #uses(name: string): Promise<SecretUse[]> {
    return listJson<SecretUse>(this.#parts.store, keys.secretUses(name));
  }
}
