import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { MemberView, Params } from '@shoal/common';
import { t } from 'tap';
import { ask, Backend } from './backend.test.support.js';
import {
  answering,
  dataDirectory,
  fewer,
  manifest,
  programs,
  serving,
  setMembers,
  without,
} from './balancers.test.support.js';
import {
  member,
  startHost,
  type TestCase,
  type TestHost,
  toyService,
  until,
} from './harness.test.support.js';
import { renderManifest } from './render/render-manifest.js';

// What the blueprint haproxy does beside nginx-lb's doings, with the real program.

const skip = without(...programs.haproxy);

/** Backends that answer, until the test's end. */
async function backends(t: TestCase, addresses: readonly string[], port = 18400): Promise<Backend[]> {
  const started = addresses.map((address) => new Backend(address, port));
  await Promise.all(started.map((backend) => backend.start()));
  t.teardown(() => Promise.all(started.map((backend) => backend.die())));
  return started;
}

interface Balancing {
  readonly host: TestHost;
  readonly url: string;
  readonly base: Params;
}

/** A load balancer on `own`, before these members. */
async function balance(
  t: TestCase,
  own: string,
  members: readonly MemberView[],
  params: Params = {},
): Promise<Balancing> {
  const host = await startHost(t, {
    dataDir: dataDirectory(t),
    address: own,
    members: [member('lb', own), ...members],
  });
  const base: Params = { listenOn: 'node', listenPort: 8080, ...fewer.haproxy };
  const report = await host.converge(manifest('haproxy', 1, { ...base, ...params }));
  if (report.failedHash !== '') throw new Error(JSON.stringify(report.failure));
  return { host, url: `http://${own}:8080/`, base };
}

t.test('a pool that a change gives up serves until haproxy runs with the change', { skip }, async (t) => {
  const own = '127.41.3.9';
  await backends(t, ['127.41.3.1']);
  await backends(t, ['127.41.3.1'], 18401);
  const paths = [{ path: '/other', service: 'other', port: 18401 }];
  const serves = [serving('one', '127.41.3.1', 'gateway:h,other:h')];
  const { host, url, base } = await balance(t, own, serves, { paths });
  t.match(await ask(`${url}other`), { status: 200, body: '127.41.3.1:18401 /other' });

  const statuses = new Set<number>();
  let asking = true;
  const asked = (async () => {
    while (asking) statuses.add((await ask(`${url}other`)).status);
  })();
  const changed = await host.converge(manifest('haproxy', 2, base));
  asking = false;
  await asked;
  t.equal(changed.failedHash, '', changed.failure?.output ?? '');
  t.same([...statuses], [200]);
  t.match(await ask(`${url}other`), { status: 200, body: '127.41.3.1:18400 /other' });
});

t.test('members that the running process was told of are untold with what is undone', { skip }, async (t) => {
  const own = '127.41.6.9';
  const addresses = ['127.41.6.1', '127.41.6.2'];
  const names = addresses.map((address) => `${address}:18400`);
  await backends(t, addresses);
  const both = addresses.map((address, i) => serving(`m${i}`, address));
  const { host, url, base } = await balance(t, own, both);
  const config = readFileSync(join(host.dataDir, 'services/lb/haproxy.cfg'), 'utf8');
  // One leaves, which is noticed with a change that fails behind the load balancer.
  host.members = [member('lb', own), ...both.slice(0, 1)];
  host.events.length = 0;
  const toy = toyService({
    directory: t.testdir(),
    port: 1,
    body: '',
    steps: [{ type: 'exec', id: 'fail', command: ['false'] }],
  });
  const change = manifest('haproxy', 2, base);
  const failed = await host.converge({ ...change, services: [...change.services, toy] });
  t.match(failed.failure, { service: 'toy', undone: true });
  const told = host.events.filter(({ step, kind }) => step === 'tell' && kind === 'output');
  t.match(told.map(({ text }) => text).join('\n'), /gateway_18400\/s2 state maint/);
  t.ok(host.kinds().includes('tell:undone'));
  t.same(await answering(url), names, 'both are in again');
  t.equal(readFileSync(join(host.dataDir, 'services/lb/haproxy.cfg'), 'utf8'), config, 'without a reload');
});

t.test('more members than there are places for are taken in by a reload', { skip }, async (t) => {
  const own = '127.41.4.100';
  const addresses = Array.from({ length: 20 }, (_, i) => `127.41.4.${i + 10}`);
  const names = addresses.map((address) => `${address}:18400`);
  const members = addresses.map((address, i) => serving(`m${i}`, address));
  await backends(t, addresses);
  const { host, url } = await balance(t, own, members.slice(0, 2));
  const config = () => readFileSync(join(host.dataDir, 'services/lb/haproxy.cfg'), 'utf8');
  const before = config();

  // With the load balancer itself fifteen members.
  await setMembers(host, members.slice(0, 14), own);
  t.same(await answering(url, 42), names.slice(0, 14));
  t.equal(config(), before, 'while there are places, nothing is reloaded');

  await setMembers(host, members, own);
  await until('all to be asked', async () => (await answering(url, 60)).length === names.length);
  t.match(config(), '32 places each');

  await setMembers(host, members.slice(-1), own);
  t.same(
    await answering(url),
    names.filter((name) => name === names.at(-1)),
  );
});

const ipv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

t.test(
  'a member with an IPv6 address joins a running process, and leaves it',
  { skip: skip || (ipv6 ? false : 'no IPv6 on this machine') },
  async (t) => {
    const own = '127.41.5.9';
    await backends(t, ['127.41.5.1', '::1']);
    const [old, young] = [serving('old', '127.41.5.1'), serving('young', '::1')] as const;
    const sixth = { ...young, address: '[::1]:9896' };
    const { host, url } = await balance(t, own, [old]);
    const pid = readFileSync(join(host.dataDir, 'run/lb.pid'), 'utf8');
    await setMembers(host, [old, sixth], own);
    await until('both to be asked', async () => (await answering(url)).length === 2);
    t.same(await answering(url), ['127.41.5.1:18400', '::1:18400']);
    host.events.length = 0;
    host.converger.factsChanged();
    await setMembers(host, [sixth], own);
    t.same(await answering(url), ['::1:18400'], 'the other left');
    await setMembers(host, [old], own);
    t.same(await answering(url), ['127.41.5.1:18400']);
    t.equal(readFileSync(join(host.dataDir, 'run/lb.pid'), 'utf8'), pid);
  },
);

/** The file that tells logrotate what to do under systemd. */
async function rotation(): Promise<string> {
  const [service] = await renderManifest(
    manifest('haproxy', 1, {}),
    {
      node: { name: 'lb', site: 'here', address: '10.0.0.1' },
      facts: {},
      members: [],
      lease: { tier: 'free', limits: {} },
    },
    {
      supervisor: 'systemd',
      directoryOf: () => '/var/lib/shoal',
      pools: { last: () => undefined, took: () => {} },
      sizeOf: () => 1,
    },
  );
  const step = service?.steps.find(({ id }) => id === 'log-rotation');
  if (step?.type !== 'file') throw new Error('no such file');
  return step.content;
}

t.test('its access log is rotated under the open file', { skip: without('logrotate') }, async (t) => {
  const directory = t.testdir({ 'access.log': 'first\n' });
  const log = join(directory, 'access.log');
  const text = await rotation();
  t.match(text, '/var/log/haproxy/access.log {');
  const file = join(directory, 'rotation');
  writeFileSync(file, text.replace('/var/log/haproxy/access.log', log), { mode: 0o644 });
  const rotate = () =>
    spawnSync('logrotate', ['--force', '--state', join(directory, 'state'), file], { encoding: 'utf8' });
  t.match(rotate(), { status: 0, stderr: '' });
  t.equal(readFileSync(`${log}.1`, 'utf8'), 'first\n');
  appendFileSync(log, 'second\n');
  t.equal(readFileSync(log, 'utf8'), 'second\n');
  t.match(rotate(), { status: 0, stderr: '' });
  t.equal(readFileSync(`${log}.1`, 'utf8'), 'second\n', 'kept plain once');
});
