import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './repository.mjs';

/**
 * Bundles one compiled package with all that it needs into one CommonJS file.
 *
 * @param {object} options
 * @param {string} options.entry - compiled file to start from, relative to the root
 * @param {string} options.outfile
 * @param {string[]} [options.external] - modules that are installed beside the bundle instead
 * @param {Record<string, string>} [options.separate] - module name → Debian package: bundles of their own, which are
 *   loaded from beside this one when they are installed, and named in the error when not
 * @returns the directories of the npm packages that went in
 */
export async function bundle({ entry, outfile, external = [], separate = {} }) {
  const result = await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.20',
    format: 'cjs',
    // Names stay readable in stack traces; white space and syntax are what takes the room.
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: false,
    legalComments: 'none',
    external,
    plugins: [separateBundles(separate)],
    metafile: true,
    write: false,
    logLevel: 'warning',
    // A CommonJS file has no import.meta; what code asks it for lies beside the bundle.
    define: {
      'import.meta.url': '__shoalUrl',
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
    },
    banner: { js: 'const __shoalUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  for (const { path, text } of result.outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, asciiOnly(text));
  }
  return packageDirectories(Object.keys(result.metafile.inputs));
}

/**
 * Escapes what isn't ASCII; esbuild leaves it in regular expressions. V8 holds a source file in memory for as long as the
 * process lives, at one byte a character when all are ASCII and else at two.
 */
function asciiOnly(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function separateBundles(separate) {
  const namespace = 'separate-bundle';
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@shoal\// }, ({ path }) =>
        Object.hasOwn(separate, path) ? { path, namespace } : undefined,
      );
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: loaderOf(path, separate[path]),
      }));
    },
  };
}

/**
 * Source of a module that stands for a separate bundle. CommonJS, so that it only runs when it is asked for. The error
 * is one of Shoal's by its brand: importing the class here would keep esbuild from leaving out unused parts of it all.
 */
function loaderOf(module, debianPackage) {
  const file = `${module.replace('@shoal/', '')}.cjs`;
  const error = {
    name: 'ShoalError',
    code: 'failed_precondition',
    hint: `apt install ${debianPackage}`,
    problems: [],
  };
  return `
    const file = __dirname + ${JSON.stringify(`/${file}`)};
    if (!require('node:fs').existsSync(file)) {
      const error = new Error(${JSON.stringify(`the package ${debianPackage} isn't installed on this host (no ${file})`)});
      throw Object.assign(error, ${JSON.stringify(error)}, { [Symbol.for('shoal.error')]: true });
    }
    module.exports = module.require(file);
  `;
}

/** `node_modules/a/b.js` and `node_modules/@c/d/node_modules/e/f.js` → their packages' own directories. */
function packageDirectories(files) {
  const found = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(found.filter((directory) => directory !== undefined))].sort();
}
