import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './repository.mjs';

/** The `copyright` file of a package: Shoal's license, then those of the npm packages (by directory) inside it. */
export function notices(directories) {
  const own = readFileSync(join(root, 'LICENSE'), 'utf8');
  const others = [...new Set(directories)].sort().map(notice);
  return [own, ...others].join(`\n${'-'.repeat(78)}\n\n`);
}

/** The license of the Node.js runtime that is running this, where its installation has one. */
export function nodeNotice() {
  const prefix = dirname(dirname(process.execPath));
  const found = [join(prefix, 'LICENSE'), join(prefix, 'share', 'doc', 'nodejs', 'LICENSE')].find(existsSync);
  const text =
    found === undefined
      ? 'See https://github.com/nodejs/node/blob/main/LICENSE\n'
      : readFileSync(found, 'utf8');
  return `Node.js ${process.version}\n\n${text}`;
}

function notice(directory) {
  const path = join(root, directory);
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text =
    file === undefined ? `License: ${license ?? 'not stated'}\n` : readFileSync(join(path, file), 'utf8');
  return `${name} ${version}\n\n${text}`;
}
