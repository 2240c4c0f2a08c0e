import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { GatePolicy, Manifest, ManifestService, MemberView, NodeReport, StepEvent } from '@shoal/common';
import { createLogger, manifestHash } from '@shoal/common';
import type { Converger, ObservedService, TemplateFacts } from './converger.js';
import { createConverger } from './create-converger.js';
import type { ConvergerOptions } from './options.js';

/** What a tap test offers that the harness needs. */
export interface TestCase {
  teardown(callback: () => unknown): void;
}

/** A converger with everything that it told. */
export interface TestHost {
  readonly dataDir: string;
  readonly converger: Converger;
  readonly events: StepEvent[];
  readonly observed: (readonly ObservedService[])[];
  readonly output: string[];
  /** What the templates see; tests change it. */
  members: MemberView[];
  membersFrozen: boolean;
  lease: TemplateFacts['lease'];
  offer(manifest: Manifest, retryFailed?: boolean, gate?: GatePolicy): string;
  /** Offers it and waits for its outcome. */
  converge(manifest: Manifest, retryFailed?: boolean): Promise<NodeReport>;
  /** Kinds of events, as `step:kind`. */
  kinds(): string[];
}

/** Polls until the condition gives something; fails with `what` after 30 seconds. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function member(name: string, host: string): MemberView {
  return { name, address: `${host}:9896`, state: 'alive', tags: {}, incarnation: 1, since: 0 };
}

/** What a test's host is made of, besides what a converger is. */
interface TestHostOptions extends Partial<ConvergerOptions> {
  readonly dataDir: string;
  readonly address?: string;
  readonly members?: MemberView[];
  readonly lease?: TemplateFacts['lease'];
  /** Told of the converger before it starts. */
  readonly made?: (converger: Converger) => void;
}

/** Makes and starts a converger; the test's end stops it. */
export async function startHost(t: TestCase, options: TestHostOptions): Promise<TestHost> {
  const { address = '127.40.0.1', members = [member('one', address)], made, ...rest } = options;
  const { lease = { tier: 'enterprise', limits: {} }, ...given } = rest;
  const { dataDir } = given;
  const events: StepEvent[] = [];
  const observed: (readonly ObservedService[])[] = [];
  const output: string[] = [];
  const facts = (): TemplateFacts => ({
    node: { name: 'one', site: 'here', address },
    facts: {},
    members: host.members,
    membersFrozen: host.membersFrozen,
    lease: host.lease,
  });
  const converger = createConverger({
    supervisor: 'process',
    facts,
    logger: createLogger({ name: 'test', level: 'silent' }),
    listener: {
      reportChanged: () => {},
      stepEvent: (event) => events.push(event),
      observedChanged: (services) => observed.push(services),
      processOutput: (_service, line) => output.push(line),
    },
    factsDelayMs: 20,
    ...given,
  });
  const host: TestHost = {
    dataDir,
    converger,
    events,
    observed,
    output,
    members,
    membersFrozen: false,
    lease,
    kinds: () => events.map(({ step, kind }) => `${step}:${kind}`),
    offer: (manifest, retryFailed = false, gate = undefined) => {
      const hash = manifestHash(manifest);
      converger.offer(manifest, hash, { retryFailed, ...(gate === undefined ? {} : { gate }) });
      return hash;
    },
    converge: async (manifest, retryFailed = false) => {
      const hash = host.offer(manifest, retryFailed);
      return until('the attempt to end', () => endedWith(converger.report(), hash));
    },
  };
  t.teardown(() => converger.stop());
  made?.(converger);
  await converger.start();
  return host;
}

function endedWith(report: NodeReport, hash: string): NodeReport | undefined {
  const ended = report.state === 'IDLE' || report.state === 'FAILED';
  return ended && [report.runningHash, report.failedHash].includes(hash) ? report : undefined;
}

export function manifestOf(revision: number, ...services: ManifestService[]): Manifest {
  return { format: 1, clusterId: 'test', node: 'one', revision, services };
}

/** What a toy service is made of. */
export interface Toy {
  readonly name?: string;
  readonly address?: string;
  readonly port: number;
  readonly body: string;
  /** Where the toy's files are and where it notes its starts and reloads. */
  readonly directory: string;
  readonly steps?: ManifestService['steps'];
  readonly validate?: boolean;
  readonly healthPath?: string;
  readonly mode?: string;
}

const toyProgram = `
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [config, notes] = process.argv.slice(2);
const note = (what) => appendFileSync(notes, what + '\\n');
let current = JSON.parse(readFileSync(config, 'utf8'));
note('start ' + process.pid);
console.log('hello from', process.pid);
const server = createServer((request, response) => {
  if (request.url === '/healthz/' + current.digest) return response.end('ok');
  response.statusCode = request.url.startsWith('/healthz') ? 404 : 200;
  response.end(current.body);
});
server.on('error', (error) => { console.error(error.message); process.exit(3); });
server.listen(current.port, current.address);
process.on('SIGHUP', () => { note('reload'); current = JSON.parse(readFileSync(config, 'utf8')); });
process.on('SIGTERM', () => { note('stop'); process.exit(0); });
`;

/** A service of one small process that notes its starts, reloads and stops in \`<name>.notes\`. */
export function toyService(toy: Toy): ManifestService {
  const { name = 'toy', directory, address = '127.40.0.1', port, body } = toy;
  const program = join(directory, 'toy.mjs');
  const config = join(directory, `${name}.json`);
  writeFileSync(program, toyProgram);
  const content = `{ "address": "${address}", "port": ${port}, "body": {{ params.body | json }}, "digest": "{{ digest }}" }\n`;
  const judge =
    'const b = JSON.parse(require("fs").readFileSync(process.argv[1])).body; if (b.includes("bad")) { console.error("line one"); console.error(process.argv[1] + ":1: [error] a bad body"); process.exit(4); }';
  const validate =
    toy.validate === false ? {} : { validate: ['{{ nodeBinary }}', '-e', judge, '{{ staged }}'] };
  return {
    name,
    blueprint: 'toy',
    blueprintVersion: '1.0.0',
    params: { body },
    variables: {},
    steps: [
      ...(toy.steps ?? []),
      {
        type: 'file',
        id: 'config',
        path: config,
        content,
        notify: 'reload',
        ...validate,
        ...(toy.mode === undefined ? {} : { mode: toy.mode }),
      },
      { type: 'service', id: 'run' },
    ],
    process: {
      command: ['{{ nodeBinary }}', program, config, join(directory, `${name}.notes`)],
      reloadSignal: 'SIGHUP',
      stopTimeout: '5s',
    },
    health: {
      url: `http://${address}:${port}${toy.healthPath ?? '/healthz/{{ files.config.digest }}'}`,
      interval: '50ms',
      healthyFor: '100ms',
      deadline: '20s',
    },
    metrics: [],
    logs: [],
  };
}

/** What the toy noted: `start`, `reload`, `stop`. */
export function notesOf(directory: string, name = 'toy'): string[] {
  try {
    const lines = readFileSync(join(directory, `${name}.notes`), 'utf8')
      .trim()
      .split('\n');
    return lines.map((line) => line.split(' ')[0] ?? '');
  } catch {
    return [];
  }
}

/** Body of GET; undefined when nothing answers. */
export function fetchText(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
