import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './repository.mjs';

const inputs = [
  'package.json',
  'package-lock.json',
  'LICENSE',
  'packages',
  'blueprints',
  'deploy',
  'scripts/package',
];
const skipped = new Set(['node_modules', 'dist', '.tap']);

/** A digest of all that goes into the packages: it changes when they have to be made again. */
export function inputsDigest(version) {
  const hash = createHash('sha256').update(`${version} ${process.version} ${process.arch}\n`);
  for (const path of inputs
    .map((name) => join(root, name))
    .filter(existsSync)
    .flatMap(filesBelow)) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => !skipped.has(name) && !name.endsWith('.tsbuildinfo'))
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}
