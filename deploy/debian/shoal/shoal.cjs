// Starts the command. Its program is compiled once, when the package is made, by the very Node.js that the package brings: a start then reads the compiled
// code instead of making it again. Whatever doesn't fit (another Node.js, an upgrade half done) is compiled anew.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { join } = require('node:path');
const { Script, constants } = require('node:vm');

const program = join(__dirname, 'shoal-program.cjs');
const digestBytes = 32;

/** The program with its compiled code, if there is any for just this program. V8 itself looks at its version, its flags and the length alone. */
function load() {
  const source = readFileSync(program);
  const digest = createHash('sha256').update(source).digest();
  const script = new Script(wrap(source.toString('latin1')), {
    filename: program,
    cachedData: compiledFor(digest),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return { script, digest };
}

function compiledFor(digest) {
  try {
    const kept = readFileSync(`${program}.code`);
    return kept.subarray(0, digestBytes).equals(digest) ? kept.subarray(digestBytes) : undefined;
  } catch {
    return undefined;
  }
}

const { script, digest } = load();
/** For the packaging: what it keeps once the program has run (with all functions that were needed for that), and whether this start had it already. */
module.exports = {
  compiled: () => Buffer.concat([digest, script.createCachedData()]),
  wasCompiled: script.cachedDataRejected === false,
};
const inner = { exports: {} };
script.runInThisContext()(inner.exports, require, inner, program, __dirname);
