import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const command = join(import.meta.dirname, '../../packages/cli/bin/shoal.js');

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `shoal` to its end, in the directory that holds the demo's state. */
export function shoal(cwd: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { cwd, timeout: 90_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** Gives a demo that isn't started yet a spec, and a controller with blueprints from this directory: it keeps what is there. Resolves with the directory of its state. */
export async function prepareDemo(
  cwd: string,
  { network, blueprints, spec }: { network: string; blueprints: string; spec: string },
): Promise<string> {
  const state = join(cwd, '.shoal-demo');
  await mkdir(state);
  await writeFile(
    join(state, 'controller.yaml'),
    `cluster: { name: demo }
dataDir: ${state}/controller
http: { listen: "${network}.1:9897" }
grpc: { listen: "${network}.1:9898" }
gossip: { listen: "${network}.4:9896" }
blueprints: [${blueprints}]
`,
  );
  await writeFile(join(state, 'cluster.yaml'), spec);
  return state;
}

/** Starts `shoal demo` in a directory, on a loopback network of its own; resolves with what it printed once it serves. It is stopped when the test ends. */
export async function startDemo(
  t: Test,
  cwd: string,
  network: string,
): Promise<{ demo: ChildProcess; welcome: string }> {
  const demo = spawn(process.execPath, [command, 'demo', '--network', network], { cwd });
  t.teardown(async () => {
    if (demo.exitCode !== null || demo.signalCode !== null) return;
    const gone = ended(demo);
    demo.kill('SIGINT');
    await gone;
  });
  let output = '';
  const welcome = await new Promise<string>((resolve, reject) => {
    const take = (text: Buffer): void => {
      output += text;
      if (output.includes('Ctrl-C stops everything')) resolve(output);
    };
    demo.stdout.on('data', take);
    demo.stderr.on('data', take);
    demo.once('exit', (code) => reject(new Error(`the demo ended with code ${code}:\n${output}`)));
  });
  return { demo, welcome };
}

/** Starts one of the demo's agents, as a user would; `started` resolves once it runs. */
export function startAgent(
  cwd: string,
  configFile: string,
): { readonly child: ChildProcess; readonly started: Promise<void> } {
  const child = spawn(process.execPath, [command, 'agent', 'run', '--config', configFile], { cwd });
  let output = '';
  const started = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      output += text;
      if (output.includes('"agent started"')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the agent ended with code ${code}:\n${output}`)));
  });
  return { child, started };
}

/** Resolves with the exit code when a process ends. */
export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

/** A directory below the system's temporary one, removed when the test ends. Its path is short enough for a unix socket (107 bytes, unix(7)), which tap's own fixtures aren't. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a `shoal` that runs on; gives it and what it printed. It is stopped when the test ends. */
export function run(t: Test, cwd: string, ...args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [command, ...args], { cwd });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = ended(child);
    child.kill('SIGTERM');
    await gone;
  });
  return { child, output: () => output };
}

/** All processes, with their command lines, words separated by spaces. */
export function processes(): { readonly pid: number; readonly line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      const pid = Number(name);
      try {
        return { pid, line: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() };
      } catch {
        return { pid, line: '' };
      }
    });
}

/** Command lines of all processes. */
export function commandLines(): string[] {
  return processes().map(({ line }) => line);
}
