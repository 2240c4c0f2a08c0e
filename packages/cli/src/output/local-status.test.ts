import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentStatus } from '@shoal/agent';
import { test } from 'tap';
import { localStatusText } from './local-status.js';
import { palette } from './text.js';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const day = 24 * hour;
const cluster = {
  ...{ id: 'c1', name: 'shop', controller: 'ctl:9898', lastError: '' },
  certificateExpiresAt: now + 30 * day,
};
const status: AgentStatus = {
  ...{ node: 'gw-1', site: 'berlin', version: '0.1.0', startedAt: now - 3 * hour, mode: 'clustered' },
  cluster: { ...cluster, link: 'connected' },
  tier: 'premium',
  lease: {
    ...{ state: 'active', tier: 'premium', limits: { requestsPerSecond: 500 }, serial: 7 },
    ...{ expiresAt: now + 6.9 * day, graceEndsAt: now + 7.9 * day },
    ...{ licenseId: 'lic-1', licenseExpiresAt: now + 20.5 * day, trustedTime: now, clockAheadMs: 0 },
    ...{ detail: 'the lease grants the tier premium', warnings: [] },
  },
  requestsRefused: 0,
  members: { alive: 9, suspect: 0, dead: 0, left: 1 },
  pools: { state: 'live', nodes: 8 },
  report: {
    ...{ runningRevision: 12, runningHash: 'abcdef0123456789', state: 'IDLE' },
    services: [
      { service: 'web', process: 'running', health: 'healthy', restarts: 0 },
      { service: 'edge', process: 'running', health: 'healthy', restarts: 2 },
    ],
  },
  problems: [],
  spool: { bytes: 1000, waiting: 0, hasRoom: true },
};

/** What is told of that node, or one that differs in `part`. */
function textOf(part: Partial<AgentStatus> = {}): string {
  const plain = palette({ isTTY: false }, {});
  return localStatusText({ ...status, ...part }, plain, now);
}

test('a node that is well has a line for each thing, and no warning', async (t) => {
  const text = textOf();
  for (const line of [
    /^node {8}gw-1 \(site berlin\)$/m,
    /^agent {7}0\.1\.0, up for 3h$/m,
    /^cluster {5}shop \(c1\)$/m,
    /^controller {2}ctl:9898, connected$/m,
    /^tier {8}premium, license lic-1 until .* \(20d left\)$/m,
    /^lease {7}active, until .* \(6d left\)$/m,
    /^limits {6}requestsPerSecond 500 \(of each service here\)$/m,
    /^revision {4}12 \(abcdef012345\), converged$/m,
    /^members {5}9 alive, 1 left$/m,
    /^services {4}web running, healthy\n {12}edge running, healthy, restarts 2$/m,
  ])
    t.match(text, line);
  t.notMatch(text, /problem|warning|pools|undefined|null/);
});

test('what is wrong on a node that is cut off stands there in words', async (t) => {
  const { lease, report } = status;
  const over = { expiresAt: now - 2 * day, graceEndsAt: now - day, detail: 'over', warnings: ['it is over'] };
  const text = textOf({
    cluster: { ...cluster, link: 'waiting', lastError: 'refused\u001b[2J' },
    lease: { ...lease, ...over, state: 'degraded', tier: 'free', limits: { requestsPerSecond: 100 } },
    requestsRefused: 12,
    members: null,
    pools: { state: 'frozen', nodes: 8 },
    report: {
      ...report,
      ...{ state: 'FAILED', failedRevision: 13, draining: ['web'] },
      failure: { service: 'web', step: 'check', message: 'port is taken' },
      services: [{ service: 'web', process: 'running', health: 'unhealthy', detail: 'HTTP 500' }],
      drifts: { found: [{ service: 'web', step: 'config' }] },
    },
    spool: { bytes: 1000, waiting: 10, hasRoom: false },
  });
  for (const line of [
    /^controller {2}ctl:9898, not connected: refused\\x1b\[2J$/m,
    /^tier {8}free, since the lease ended \(license lic-1 isn't in force here\)$/m,
    /^lease {7}degraded, ended /m,
    /^limits {6}requestsPerSecond 100 \(of each service here\), 12 requests refused since \S/m,
    /^revision {4}12 \(abcdef012345\), revision 13 failed$/m,
    /^members {5}out of the gossip\npools {7}frozen: load balancers here keep the 8 nodes that were known last$/m,
    /^services {4}web running, unhealthy, draining$/m,
    /^warning {5}it is over\nwarning {5}revision 13 failed at web\/check: port is taken\nwarning {5}web is unhealthy: HTTP 500$/m,
    /^warning {5}1 step in force no longer holds: see shoal drift$/m,
    /^warning {5}the spool is full/m,
  ])
    t.match(text, line);
  const grace = { ...lease, state: 'expired', graceEndsAt: now + 5 * hour, expiresAt: now - hour } as const;
  t.match(textOf({ lease: grace }), /^lease {7}expired, in its grace until .* \(5h left\)$/m);
  t.match(textOf({ pools: { state: 'kept', nodes: 1 } }), /^pools .* for want of a lease, 1 node in all$/m);
  t.match(
    textOf({ report: { ...report, state: 'CONVERGING', convergingHash: '0123456789abcdef' } }),
    /^revision .*, converging \(0123456789ab\)$/m,
  );
});

test('a host in no cluster lacks nothing', async (t) => {
  const none = { expiresAt: null, graceEndsAt: null, licenseId: null, licenseExpiresAt: null, serial: null };
  const free = { tier: 'free', limits: { requestsPerSecond: 100 }, state: 'degraded' } as const;
  const lease = { ...status.lease, ...none, ...free };
  const alone = { cluster: null, members: null, spool: null, lease, report: {} };
  const text = textOf({ ...alone, mode: 'standalone', pools: { state: 'frozen', nodes: 1 } });
  t.match(text, /^cluster {5}none: standalone, by a local spec\ntier {8}free, no license\nlease {7}none\n/m);
  t.match(text, /^revision {4}none yet\nservices {4}none$/m);
  t.notMatch(text, /controller|members|pools|warning/);
  t.match(textOf({ ...alone, mode: 'enrolling' }), /^cluster {5}not joined yet$.*^lease {7}none yet$/ms);
  t.match(
    textOf({ ...alone, mode: 'enrolling', problems: ['joining the cluster: no room\u001b[2J'] }),
    /^problem {5}joining the cluster: no room\\x1b\[2J$/m,
  );
  t.match(textOf({ mode: 'removed' }), /^cluster {5}none: the controller removed this node\ntier/m);
});

test('status --local asks by the data directory or the socket, and gives all of it as JSON', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const server = createServer((_, response) => response.end(JSON.stringify(status)));
  t.teardown(() => server.close());
  const socket = join(directory, 'agent.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const shoal = (...args: string[]) =>
    new Promise<string>((resolve) => {
      const command = join(import.meta.dirname, '../../bin/shoal.js');
      execFile(process.execPath, [command, ...args], (_, out, error) => resolve(out + error));
    });
  t.match(await shoal('status', '--local', directory), /^node {8}gw-1 /);
  t.strictSame(JSON.parse(await shoal('--json', 'status', '--local', socket)), status);
  t.match(
    await shoal('status', '--local', '/nonexistent'),
    /No agent answers at \/nonexistent: .*--local DIR/s,
  );
  t.match(await shoal('status', '--credentials', '/nonexistent/x'), /`shoal status --local`/);
});
