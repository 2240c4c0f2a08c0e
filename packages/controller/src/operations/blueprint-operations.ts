import { type BlueprintFiles, blueprintFilesOf, ShoalError, unpackBlueprint } from '@shoal/common';
import type { OperationTable } from './definition.js';
import { described, nothing, object, options, view, word } from './schema.js';

type BlueprintOperations = Pick<
  OperationTable,
  'blueprint.list' | 'blueprint.get' | 'blueprint.add' | 'blueprint.remove'
>;

/** Longest archive in base64, and most files with the longest text of each: beyond what a blueprint may have. */
const longestArchive = 1_400_000;
const mostFiles = 500;
const longestText = 600_000;

const upload = options({
  archive: described(
    { type: 'string', maxLength: longestArchive, pattern: '^[A-Za-z0-9+/]*={0,2}$' },
    'a .tar.gz with blueprint.yaml and templates/, in base64',
  ),
  files: described(
    {
      type: 'object',
      maxProperties: mostFiles,
      additionalProperties: { type: 'string', maxLength: longestText },
    },
    'path (blueprint.yaml, templates/NAME) to text; instead of archive',
  ),
  file: described(
    { type: 'string', maxLength: 500, default: 'blueprint' },
    'name of the folder or archive that it came from, for error messages',
  ),
});

function filesOf({
  archive,
  files,
  file = 'blueprint',
}: {
  archive?: string;
  files?: Readonly<Record<string, string>>;
  file?: string;
}): BlueprintFiles {
  if (archive !== undefined && files === undefined)
    return unpackBlueprint(Buffer.from(archive, 'base64'), file);
  if (files !== undefined && archive === undefined) return blueprintFilesOf(files, file);
  throw new ShoalError('invalid_input', 'expected exactly one of "archive" and "files"');
}

/** The blueprints that specs can name. */
export const blueprintOperations: BlueprintOperations = {
  'blueprint.list': {
    name: 'blueprint.list',
    summary: 'Every version of every blueprint, where it came from and which services use it',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/blueprints' },
    input: nothing,
    output: view('BlueprintList'),
    run: (_input, { services }) => services.blueprints.list(),
  },
  'blueprint.get': {
    name: 'blueprint.get',
    summary: 'One blueprint with its parameters, steps and templates',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/blueprints/:name' },
    input: object({ name: described(word, 'name, for its newest version, or name@version') }),
    output: view('BlueprintDetail'),
    run: ({ name }, { services }) => services.blueprints.get(name),
  },
  'blueprint.add': {
    name: 'blueprint.add',
    summary: 'Uploads a blueprint; a version never changes once it is there',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/blueprints' },
    input: upload,
    output: view('AddedBlueprint'),
    audit: { input: ({ file }) => ({ file }) },
    run: async (input, { services, actor }) => services.blueprints.add(filesOf(input), actor),
  },
  'blueprint.remove': {
    name: 'blueprint.remove',
    summary: 'Forgets an uploaded blueprint that the newest revision does not use',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/blueprints/:name/remove' },
    input: object({ name: described(word, 'name@version') }),
    output: view('Blueprint'),
    audit: { input: ({ name }) => ({ name }) },
    run: ({ name }, { services }) => services.blueprints.remove(name),
  },
};
