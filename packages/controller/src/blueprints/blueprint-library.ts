import {
  type AddedBlueprint,
  type BlueprintDetail,
  type BlueprintFiles,
  type BlueprintList,
  type BlueprintSet,
  type BlueprintSource,
  type BlueprintView,
  blueprintHash,
  createBlueprintSet,
  type LoadedBlueprint,
  meantOrKnown,
  type Problem,
  parseBlueprint,
  problemsError,
  rememberBlueprints,
  ShoalError,
  scanBlueprints,
} from '@shoal/common';
import type { Actor } from '../services.js';
import { getJson, listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** What the store keeps of an upload, key `uploaded-blueprints/<name>@<version>`; the content is where revisions keep theirs. */
interface UploadRecord {
  readonly hash: string;
  readonly at: number;
  readonly by: string;
}

/** What the library is built upon. */
export interface LibraryComponents {
  readonly store: Store;
  /** Directory of the built-in blueprints. */
  readonly builtin: string;
  /** The operator's own directories. */
  readonly directories: readonly string[];
  /** Which content each service of the newest revision uses: service to hash. */
  readonly used: () => Promise<Readonly<Record<string, string>>>;
  /** Runs nothing else that commits beside it. */
  readonly exclusive: <T>(change: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
}

interface Shelved {
  readonly loaded: LoadedBlueprint;
  readonly hash: string;
  readonly source: BlueprintSource;
  readonly upload?: UploadRecord;
  readonly note: string;
}

/** Everything that can be named now, and what is wrong with the rest. */
interface Shelf {
  /** By `name@version`. */
  readonly entries: ReadonlyMap<string, Shelved>;
  readonly set: BlueprintSet;
  readonly problems: readonly Problem[];
}

/**
 * The blueprints that specs can name: built-in ones, those of the configured directories, and uploaded ones. A version means one content. Where that was
 * broken behind the controller's back (a new Shoal brings a version that an operator uploaded before), the uploaded one counts: revisions may rest upon it.
 */
export class BlueprintLibrary {
  readonly #parts: LibraryComponents;
  readonly #parse = rememberBlueprints();

  constructor(parts: LibraryComponents) {
    this.#parts = parts;
  }

  /** All of them, for plan and apply. @throws ShoalError `invalid_input` with the problems of those on disk */
  async current(): Promise<BlueprintSet> {
    const { set, problems } = await this.#shelf();
    if (problems.length > 0) throw problemsError(problems);
    return set;
  }

  async list(): Promise<BlueprintList> {
    const shelf = await this.#shelf();
    const used = await this.#parts.used();
    const shelved = shelf.set.list().flatMap((loaded) => shelf.entries.get(keyOf(loaded)) ?? []);
    return { blueprints: shelved.map((one) => viewOf(one, shelf.set, used)), problems: shelf.problems };
  }

  /** @throws ShoalError `not_found` with the nearest name */
  async get(name: string): Promise<BlueprintDetail> {
    const shelf = await this.#shelf();
    const shelved = find(shelf, name);
    const { directory: _, ...blueprint } = shelved.loaded;
    return { ...viewOf(shelved, shelf.set, await this.#parts.used()), blueprint };
  }

  /** @throws ShoalError `invalid_input` with every problem, `already_exists` for a version that is there with other content */
  async add(files: BlueprintFiles, actor: Pick<Actor, 'name'>): Promise<AddedBlueprint> {
    const loaded = { ...(await parseBlueprint(files)), directory: '' };
    return this.#parts.exclusive(async () => {
      const { store, now, used } = this.#parts;
      const hash = blueprintHash(loaded);
      const key = keyOf(loaded);
      const before = await this.#shelf();
      const present = before.entries.get(key);
      if (present !== undefined && present.hash !== hash) throw versionTaken(key, present);
      const isNew = present === undefined;
      const upload = { hash, at: now(), by: actor.name };
      if (isNew) {
        await store.transact({
          writes: [putJson(keys.blueprint(hash), loaded), putJson(keys.uploadedBlueprint(key), upload)],
        });
      }
      const shelf = isNew ? await this.#shelf() : before;
      return { blueprint: viewOf(find(shelf, key), shelf.set, await used()), added: isNew };
    });
  }

  /** @throws ShoalError `not_found`, `failed_precondition` for one on disk or that the newest revision uses */
  async remove(nameAtVersion: string): Promise<BlueprintView> {
    return this.#parts.exclusive(async () => {
      const shelf = await this.#shelf();
      const shelved = find(shelf, nameAtVersion);
      const key = keyOf(shelved.loaded);
      if (key !== nameAtVersion)
        throw new ShoalError('invalid_input', `Say which version: ${key}`, {
          hint: `shoal blueprint rm ${key}`,
        });
      if (shelved.upload === undefined) {
        const where =
          shelved.source === 'built-in' ? 'comes with Shoal' : `lies in ${shelved.loaded.directory}`;
        throw new ShoalError('failed_precondition', `${key} was not uploaded: it ${where}`);
      }
      const used = await this.#parts.used();
      const view = viewOf(shelved, shelf.set, used);
      if (view.usedBy.length > 0) {
        const services = view.usedBy.join(', ');
        throw new ShoalError('failed_precondition', `${key} is in use by the newest revision: ${services}`, {
          hint: 'Apply a spec that names another version first.',
        });
      }
      // The content stays: earlier revisions may be gone back to.
      await this.#parts.store.transact({ writes: [{ type: 'delete', key: keys.uploadedBlueprint(key) }] });
      return view;
    });
  }

  async #shelf(): Promise<Shelf> {
    const { builtin, directories } = this.#parts;
    const { blueprints, problems } = await scanBlueprints([builtin, ...directories], this.#parse);
    const entries = new Map<string, Shelved>();
    for (const loaded of blueprints) {
      const source = loaded.directory.startsWith(`${builtin}/`) ? 'built-in' : 'directory';
      entries.set(keyOf(loaded), { loaded, hash: blueprintHash(loaded), source, note: '' });
    }
    for (const shelved of await this.#uploads()) {
      const key = keyOf(shelved.loaded);
      const hidden = entries.get(key);
      const note =
        hidden === undefined || hidden.hash === shelved.hash
          ? ''
          : `the ${hidden.source} ${key} has other content and isn't used`;
      entries.set(key, { ...shelved, note });
    }
    const set = createBlueprintSet([...entries.values()].map(({ loaded }) => loaded));
    return { entries, set, problems };
  }

  async #uploads(): Promise<Shelved[]> {
    const { store } = this.#parts;
    const uploads = await listJson<UploadRecord>(store, keys.uploadedBlueprints);
    return Promise.all(
      uploads.map(async (upload): Promise<Shelved> => {
        const stored = await getJson<LoadedBlueprint>(store, keys.blueprint(upload.hash));
        if (stored === undefined)
          throw new ShoalError('internal', `The uploaded blueprint ${upload.hash} is not in the store`);
        return { loaded: stored.value, hash: upload.hash, source: 'uploaded', upload, note: '' };
      }),
    );
  }
}

function keyOf({ name, version }: LoadedBlueprint): string {
  return `${name}@${version}`;
}

function find({ set, entries }: Shelf, name: string): Shelved {
  const loaded = set.get(name);
  const shelved = loaded === undefined ? undefined : entries.get(keyOf(loaded));
  if (shelved !== undefined) return shelved;
  const [wanted = ''] = name.split('@');
  const versions = set.list().filter((blueprint) => blueprint.name === wanted);
  const hint =
    versions.length > 0
      ? `; there is ${versions.map(keyOf).join(', ')}`
      : meantOrKnown(wanted, [...new Set(set.list().map((blueprint) => blueprint.name))]);
  throw new ShoalError('not_found', `There is no blueprint ${name}${hint}`);
}

function viewOf(
  { loaded, hash, source, upload, note }: Shelved,
  set: BlueprintSet,
  used: Readonly<Record<string, string>>,
): BlueprintView {
  const { name, version, description, directory } = loaded;
  return {
    ...{ name, version, description, source, hash, note },
    place: source === 'uploaded' ? '' : directory,
    newest: set.get(name) === loaded,
    usedBy: Object.keys(used).filter((service) => used[service] === hash),
    uploaded: upload === undefined ? null : { at: upload.at, by: upload.by },
  };
}

function versionTaken(key: string, { source, loaded }: Shelved): ShoalError {
  const where = source === 'directory' ? `in ${loaded.directory}` : source;
  return new ShoalError('already_exists', `${key} is there already (${where}), with other content`, {
    hint: 'A version never changes: give the blueprint a new one.',
  });
}
