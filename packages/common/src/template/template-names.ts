import { didYouMean } from '../config/nearest.js';

/**
 * What the agent gives to every template, and the members of each that are known beforehand; null where only the host knows them.
 * docs/blueprints.md describes each.
 */
export const templateNames: Readonly<Record<string, readonly string[] | null>> = {
  node: ['name', 'site', 'address'],
  facts: null,
  members: null,
  lease: ['tier', 'limits'],
  supervisor: [],
  service: ['name', 'directory', 'nodes'],
  nodeBinary: [],
  agentUser: [],
};

/** Names that only some texts of a blueprint know. */
export interface OwnNames {
  /** Names of the blueprint's parameters. */
  readonly parameters: readonly string[];
  /** Names of its variables. */
  readonly variables: readonly string[];
  /** Ids of the steps whose files templates know. */
  readonly files: readonly string[];
  /** Further names at this place: `digest`, `staged`. */
  readonly here: readonly string[];
}

/** What is wrong with a variable's name: `undefined variable nod.name; did you mean "node"?`. Undefined when it is known. */
export function unknownName(path: readonly string[], own: OwnNames): string | undefined {
  const known: Readonly<Record<string, readonly string[] | null>> = {
    ...templateNames,
    params: own.parameters,
    files: own.files,
    ...Object.fromEntries([...own.variables, ...own.here].map((name) => [name, []])),
  };
  const [root = '', member] = path;
  if (!Object.hasOwn(known, root)) return `undefined variable ${root}${didYouMean(root, Object.keys(known))}`;
  const members = known[root];
  if (member === undefined || members === null || members === undefined || members.includes(member))
    return fileMember(path);
  // Texts and lists have members of the language's own: `size`, `first`, `last`.
  if (members.length === 0 && ['size', 'first', 'last'].includes(member)) return undefined;
  return `undefined variable ${root}.${member}${didYouMean(member, members)}`;
}

function fileMember([root, id, member]: readonly string[]): string | undefined {
  const members = ['path', 'digest', 'staged'];
  if (root !== 'files' || member === undefined || members.includes(member)) return undefined;
  return `undefined variable files.${id}.${member}${didYouMean(member, members)}`;
}
