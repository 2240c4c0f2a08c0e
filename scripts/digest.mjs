import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What is made and not written. */
const made = new Set(['node_modules', 'dist', '.tap']);

/**
 * A digest of the files at and below `paths`, which are relative to `root`, with their names: the same wherever `root` is. Paths
 * that don't exist count as empty; compiled and installed files are left out. `salt` is whatever else it shall depend on.
 */
export function digestOf(root, paths, salt = '') {
  const hash = createHash('sha256').update(`${salt}\n`);
  const visit = (path) => {
    const place = join(root, path);
    if (!statSync(place).isDirectory()) {
      const content = readFileSync(place);
      hash.update(`${path}\0${content.length}\0`).update(content);
      return;
    }
    for (const name of readdirSync(place).sort()) {
      if (!made.has(name) && !name.endsWith('.tsbuildinfo')) visit(`${path}/${name}`);
    }
  };
  for (const path of paths) if (existsSync(join(root, path))) visit(path);
  return hash.digest('hex');
}
