// What goes where in each package. Each stage fills a directory tree and returns it with the package's name.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.mjs';
import { copyModule } from './native.mjs';
import { nodeNotice, notices } from './notices.mjs';
import { root } from './repository.mjs';

const library = 'usr/lib/shoal';

/** `shoal`: the command, the Node.js runtime for all of Shoal, the list of trusted license keys, the built-in blueprints. */
export async function stageCommand({ directory, version, licenseKeys }) {
  const { tree, put, copy } = emptyTree(directory, 'shoal', version);
  copy(process.execPath, `${library}/node`, 0o755);
  put('usr/bin/shoal', readFileSync(join(root, 'deploy/debian/shoal/shoal.sh')), 0o755);
  const inside = await bundle({
    entry: 'packages/cli/dist/main.js',
    outfile: join(tree, library, 'shoal-program.cjs'),
    separate: { '@shoal/agent': 'shoal-agent', '@shoal/controller': 'shoal-controller' },
  });
  // Beside the bundles: the controller's reads it there as well.
  put(`${library}/trusted-license-keys.json`, licenseKeys);
  put(`${library}/shoal.cjs`, readFileSync(join(root, 'deploy/debian/shoal/shoal.cjs')));
  compileOnce(join(tree, library));
  cpSync(join(root, 'blueprints'), join(tree, 'usr/share/shoal/blueprints'), { recursive: true });
  const completion = bashCompletion(join(tree, library, 'shoal.cjs'));
  if (completion !== undefined) put('usr/share/bash-completion/completions/shoal', completion);
  put('usr/share/doc/shoal/copyright', `${notices(inside)}\n${'-'.repeat(78)}\n\n${nodeNotice()}`);
  cpSync(join(root, 'docs'), join(tree, 'usr/share/doc/shoal/docs'), { recursive: true });
  put('usr/share/doc/shoal/examples/cluster.yaml', readFileSync(join(root, 'deploy/examples/cluster.yaml')));
  return { name: 'shoal', tree };
}

/** `shoal-agent`: the agent's bundle and unit; the state directory holds the node's identity. */
export async function stageAgent({ directory, version }) {
  const { tree, put, unit, stateDirectory } = emptyTree(directory, 'shoal-agent', version);
  const inside = await bundle({
    entry: 'packages/cli/dist/agent-main.js',
    outfile: join(tree, library, 'agent.cjs'),
  });
  unit('shoal-agent.service');
  // Holds a join token, once the operator has put one in.
  put('etc/shoal/agent.yaml', readFileSync(join(root, 'deploy/config/agent.yaml')), 0o600);
  stateDirectory('var/lib/shoal/agent');
  put('usr/share/doc/shoal-agent/copyright', notices(inside));
  return { name: 'shoal-agent', tree };
}

/**
 * `shoal-controller`: the controller's bundle, its store's compiled module beside it, the console's files. Its state
 * directory belongs to a user that the package doesn't know by number: postinst makes it.
 */
export async function stageController({ directory, version }) {
  const { tree, put, unit } = emptyTree(directory, 'shoal-controller', version);
  const inside = await bundle({
    entry: 'packages/controller/dist/index.js',
    outfile: join(tree, library, 'controller.cjs'),
    external: ['lmdb'],
  });
  const native = copyModule('lmdb', join(tree, library));
  const console = join(root, 'packages/console/dist');
  if (!existsSync(join(console, 'index.html')))
    throw new Error('the console is not built: packages/console/dist');
  cpSync(console, join(tree, 'usr/share/shoal/console'), { recursive: true });
  unit('shoal-controller.service');
  put('etc/shoal/controller.yaml', readFileSync(join(root, 'deploy/config/controller.yaml')), 0o640);
  cpSync(join(root, 'deploy/prometheus'), join(tree, 'usr/share/doc/shoal-controller/examples/prometheus'), {
    recursive: true,
  });
  put('usr/share/doc/shoal-controller/copyright', notices([...inside, ...native]));
  return { name: 'shoal-controller', tree };
}

function emptyTree(directory, name, version) {
  const tree = join(directory, name);
  const make = (path, mode = 0o755) => mkdirSync(join(tree, path), { recursive: true, mode });
  const put = (path, content, mode = 0o644) => {
    make(dirname(path));
    writeFileSync(join(tree, path), content, { mode });
  };
  const copy = (from, path, mode) => put(path, readFileSync(from), mode);
  const unit = (file) => copy(join(root, 'deploy/systemd', file), `usr/lib/systemd/system/${file}`, 0o644);
  const stateDirectory = (path) => {
    make(dirname(path));
    make(path, 0o700);
  };
  put(
    `usr/share/doc/${name}/changelog`,
    `${name} (${version}) unstable; urgency=medium\n\n  * See the project's CHANGELOG.md.\n`,
  );
  return { tree, put, copy, unit, stateDirectory };
}

/** Keeps the command's compiled code beside it: a start by the same Node.js doesn't make it again. */
function compileOnce(directory) {
  const program = join(root, 'scripts/package/code-cache.mjs');
  for (const what of ['compiled', 'used once it is compiled']) {
    const { status, stderr } = spawnSync(process.execPath, [program, directory], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the command's code can't be ${what}: ${stderr.trim()}`);
  }
}

/** The completion script that the bundled command prints for bash. */
function bashCompletion(file) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, 'completion', 'bash'], {
    encoding: 'utf8',
  });
  if (status === 0 && stdout !== '') return stdout;
  console.warn(
    `warning: no shell completion: "shoal completion bash" said ${(stderr || stdout || 'nothing').trim()}`,
  );
  return undefined;
}
