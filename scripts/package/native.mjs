import { cpSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { root } from './repository.mjs';

// What a module brings for building or reading it, and for platforms and Nodes that are not this one.
const unwanted = /\.(map|ts|cts|mts|c|cc|cpp|h|gyp|md)$|\.musl\.node$/;
const forOneNode = /\.abi(\d+)\./;
const unwantedDirectories = new Set(['dependencies', 'src', 'test', 'tests', 'node_modules', 'benchmarks']);

/**
 * Copies an installed npm module and all that it needs at run time to `target/node_modules`: for modules with
 * compiled parts, which can't be bundled. Optional dependencies come along when they are installed here.
 * @returns the directories copied from, relative to the root
 */
export function copyModule(name, target) {
  const copied = new Map();
  collect(name, join(root, 'packages', 'controller', 'package.json'), copied);
  for (const [module, from] of copied) {
    cpSync(from, join(target, 'node_modules', module), {
      recursive: true,
      filter: (path) => wanted(path, from),
    });
  }
  return [...copied.values()].map((path) => relative(root, path));
}

function collect(name, importer, copied) {
  const manifest = find(name, importer);
  if (manifest === undefined) return false;
  const directory = dirname(manifest);
  const known = copied.get(name);
  // The copy is flat: one version of each.
  if (known !== undefined && known !== directory)
    throw new Error(`two versions of ${name}: ${known}, ${directory}`);
  if (known !== undefined) return true;
  copied.set(name, directory);
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const dependency of Object.keys(dependencies)) {
    if (dependency === 'node-addon-api') continue;
    if (!collect(dependency, manifest, copied) && !Object.hasOwn(optionalDependencies, dependency)) {
      throw new Error(`${name} needs ${dependency}, which isn't installed; run npm ci`);
    }
  }
  for (const dependency of Object.keys(optionalDependencies)) collect(dependency, manifest, copied);
  return true;
}

function find(name, importer) {
  for (const directory of createRequire(importer).resolve.paths(name) ?? []) {
    const manifest = join(directory, name, 'package.json');
    if (existsSync(manifest)) return realpathSync(manifest);
  }
  return undefined;
}

function wanted(path, from) {
  const inside = relative(from, path);
  const abi = forOneNode.exec(path)?.[1];
  if (abi !== undefined && abi !== process.versions.modules) return false;
  return !unwanted.test(path) && !unwantedDirectories.has(inside.split('/')[0] ?? '');
}
