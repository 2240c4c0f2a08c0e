import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { formatProblems, ShoalError } from '@shoal/common';
import t from 'tap';
import { type AgentConfigSources, readAgentConfig } from './config.js';

t.test('every key has a default', async (t) => {
  const config = await readAgentConfig({ configFile: join(t.testdir({ 'a.yaml': '' }), 'a.yaml') });
  t.match(config, {
    node: { name: hostname().split('.')[0]?.toLowerCase(), site: 'default' },
    dataDir: '/var/lib/shoal/agent',
    gossip: { listen: '0.0.0.0:9896' },
    metrics: { listen: '127.0.0.1:9899' },
    standalone: { spec: '/etc/shoal/local.yaml', secrets: '/etc/shoal/secrets.yaml' },
    spool: { maxBytes: 256 * 1024 * 1024 },
    stats: { intervalMs: 10_000 },
    drift: { intervalMs: 10_000 },
    log: { level: 'info' },
  });
  t.equal(config.cluster, undefined);
});

t.test('flags go before environment, file and defaults', async (t) => {
  const configFile = join(
    t.testdir({
      'a.yaml': 'node: {name: from-file, site: berlin}\nspool: {maxBytes: 2MiB}\nlog: {level: warn}\n',
    }),
    'a.yaml',
  );
  const config = await readAgentConfig({
    configFile,
    env: {
      SHOAL_AGENT_NODE_NAME: 'from-env',
      SHOAL_AGENT_LOG_LEVEL: 'debug',
      SHOAL_AGENT_CLUSTER_CONTROLLER: 'c:9898',
    },
    flags: { 'node.name': 'from-flag' },
  });
  t.match(config, {
    node: { name: 'from-flag', site: 'berlin' },
    log: { level: 'debug' },
    spool: { maxBytes: 2 * 1024 * 1024 },
    cluster: { controller: 'c:9898' },
  });
});

t.test('what is wrong is said with its place, and secrets are not repeated', async (t) => {
  const text = `node:
  nam: n1
dataDir: relative
gossip: {listen: everywhere}
cluster:
  token: [not, a, text]
stats: {interval: soon}
spool: {maxBytes: much}
metrics: {listen: '127.0.0.1:99999'}
`;
  const configFile = join(t.testdir({ 'agent.yaml': text }), 'agent.yaml');
  const problems = formatProblems(await failure({ configFile })).replaceAll(configFile, 'agent.yaml');
  for (const expected of [
    /agent\.yaml:2:3: unknown key "nam" in node; did you mean "name"\?/,
    /agent\.yaml:3:\d+: .*dataDir.*an absolute path.*relative/,
    /agent\.yaml:4:\d+: .*gossip\.listen.*host:port/,
    /agent\.yaml:5:\d+: .*controller/,
    /agent\.yaml:6:\d+: .*cluster\.token/,
    /agent\.yaml:7:\d+: .*stats\.interval/,
    /agent\.yaml:8:\d+: .*spool\.maxBytes.*64MiB/,
    /agent\.yaml:9:\d+: .*metrics\.listen/,
  ]) {
    t.match(problems, expected);
  }
  t.match(await failure({ configFile: '/nowhere/agent.yaml' }), { code: 'not_found' });
  const small = join(t.testdirName, 'small.yaml');
  await writeFile(small, 'spool: {maxBytes: 1KiB}');
  t.match(await failure({ configFile: small }), {
    code: 'invalid_input',
    message: /spool\.maxBytes is too small/,
  });
  await writeFile(small, 'stats: {interval: 10ms}');
  t.match(await failure({ configFile: small }), { message: /stats\.interval is too small/ });
});

t.test('the documented example is a valid configuration', async (t) => {
  const page = await readFile(new URL('../../../docs/configuration-agent.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const configFile = join(t.testdir({ 'a.yaml': example }), 'a.yaml');
  const config = await readAgentConfig({ configFile });
  t.match(config, { cluster: { controller: 'controller.example.com:9898' } });
});

async function failure(sources: AgentConfigSources): Promise<ShoalError> {
  return await readAgentConfig(sources).then(
    () => Promise.reject(new Error('no error')),
    (error: unknown) => ShoalError.from(error),
  );
}
