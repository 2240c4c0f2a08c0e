import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest, MemberView, Params } from '@shoal/common';
import { compileManifest, loadBlueprints } from '@shoal/common';
import { ask } from './backend.test.support.js';
import { commandEnvironment } from './command.js';
import type { TestCase, TestHost } from './harness.test.support.js';
import { member, until } from './harness.test.support.js';

const blueprints = await loadBlueprints([fileURLToPath(new URL('../../../../blueprints', import.meta.url))]);
/** The blueprints of load balancers. */
export const balancers = ['nginx-lb', 'haproxy'] as const;
/** One of them. */
export type Balancer = (typeof balancers)[number];

/** What the controller makes of a spec with that load balancer alone. */
export function manifest(blueprint: Balancer, revision: number, params: Params): Manifest {
  const service = {
    blueprint,
    nodes: 'all',
    params: { service: 'gateway', port: 18400, ...params },
  } as const;
  const compiled = compileManifest({
    spec: { cluster: 'test', services: { lb: service } },
    blueprints,
    clusterId: 'test',
    node: { name: 'lb', site: 'here' },
    revision,
  });
  // The gate's seconds are no part of what is tried here.
  const quick = { interval: '100ms', healthyFor: '100ms' };
  return {
    ...compiled,
    services: compiled.services.map((s) => ({ ...s, health: s.health && { ...s.health, ...quick } })),
  };
}

/** Why the tests can't run here; false: they can. In CI a missing program is a failure, not a reason. */
export function without(...programs: string[]): string | false {
  const missing = programs.filter((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { env: commandEnvironment(), stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
  return missing.length > 0 && process.env['CI'] !== 'true' ? `${missing.join(', ')} not installed` : false;
}

/** What each of them is made of. */
export const programs: Readonly<Record<Balancer, readonly string[]>> = {
  'nginx-lb': ['nginx'],
  haproxy: ['haproxy', 'socat'],
};

/** A member that runs services; `svc` as it is gossiped. */
export function serving(name: string, host: string, svc = 'gateway:h', drain = ''): MemberView {
  return { ...member(name, host), tags: { svc, ...(drain === '' ? {} : { drain }) } };
}

/** Short, as the paths of sockets must be. */
export function dataDirectory(t: TestCase): string {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-lb-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A certificate for `lb` and its key, in PEM. */
export function certificate(t: TestCase): { certificate: string; key: string } {
  const directory = dataDirectory(t);
  const [key, file] = [join(directory, 'key'), join(directory, 'certificate')];
  const args = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=lb',
    '-days',
    '2',
  ];
  execFileSync('openssl', ['req', '-x509', ...args, '-keyout', key, '-out', file], { stdio: 'ignore' });
  return { certificate: readFileSync(file, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Who answers `count` requests, each once. */
export async function answering(url: string, count = 12): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) seen.add((await ask(url)).body.split(' ')[0] ?? '');
  return [...seen].sort();
}

/** Lets the host, whose address is `own`, see these members, and waits until it has followed. */
export async function setMembers(
  host: TestHost,
  members: readonly MemberView[],
  own = '127.41.0.9',
): Promise<void> {
  host.members = [member('lb', own), ...members];
  host.events.length = 0;
  host.converger.factsChanged();
  const told = () => host.kinds().some((kind) => /^(run|members):done$/.test(kind));
  await until('the change of members to be done', told);
  await until('the end', () => host.converger.report().state === 'IDLE');
}

/** Little is asked of the machine. */
export const fewer: Readonly<Record<Balancer, Params>> = {
  'nginx-lb': { workerProcesses: '1', failTimeout: '1s' },
  haproxy: { threads: 1, maxConnections: 500 },
};
