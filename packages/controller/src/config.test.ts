import { join } from 'node:path';
import { formatProblems, ShoalError } from '@shoal/common';
import t, { type Test } from 'tap';
import { type ControllerConfigSources, readControllerConfig } from './config.js';

/** The problems of a configuration file, without its directory. */
async function problems(t: Test, yaml: string, more: ControllerConfigSources = {}): Promise<string> {
  const directory = t.testdir({ 'controller.yaml': yaml });
  try {
    await readControllerConfig({ configFile: join(directory, 'controller.yaml'), ...more });
    return 'none';
  } catch (error) {
    return formatProblems(ShoalError.from(error)).replaceAll(`${directory}/`, '');
  }
}

t.test('every key has a default', async (t) => {
  const config = await readControllerConfig({ config: {} });
  t.same(config, {
    cluster: { name: 'shoal' },
    dataDir: '/var/lib/shoal/controller',
    http: { listen: '127.0.0.1:9897', tls: 'auto', advertise: [] },
    grpc: { listen: '0.0.0.0:9898', advertise: [] },
    gossip: { listen: '0.0.0.0:9896', encrypt: true, rotateOnRemoval: true },
    blueprints: [],
    log: { level: 'info' },
    retention: {
      logs: { ageMs: 604_800_000, bytes: 2 * 1024 ** 3 },
      stats: { ageMs: 2_592_000_000, bytes: 1024 ** 3 },
    },
    leaseTtlMs: undefined,
    certificateTtlMs: 7_776_000_000,
  });
});

t.test('flags go before settings, environment, file', async (t) => {
  const directory = t.testdir({
    'controller.yaml': 'dataDir: /file\ngrpc: {listen: "1.1.1.1:1"}\nleaseTtl: 1h30m\nlog: {level: warn}\n',
  });
  const config = await readControllerConfig({
    configFile: join(directory, 'controller.yaml'),
    env: { SHOAL_CONTROLLER_GRPC_LISTEN: '2.2.2.2:2', SHOAL_CONTROLLER_LOG_LEVEL: 'error', OTHER: 'x' },
    config: { log: { level: 'debug' }, retention: { logs: { age: '1d', bytes: '64MiB' } } },
    flags: { dataDir: '/flag' },
  });
  t.match(config, {
    dataDir: '/flag',
    grpc: { listen: '2.2.2.2:2' },
    log: { level: 'debug' },
    leaseTtlMs: 5_400_000,
  });
  t.same(config.retention.logs, { ageMs: 86_400_000, bytes: 64 * 1024 ** 2 });
});

t.test('mistakes are told with their places', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['gosip: {listen: "0.0.0.0:1"}\n', 'controller.yaml:1:1: unknown key "gosip"; did you mean "gossip"?'],
    ['grpc:\n  listn: a:1\n', 'controller.yaml:2:3: unknown key "listn" in grpc; did you mean "listen"?'],
    [
      'http: {tls: yes}\n',
      'controller.yaml:1:13: http.tls: expected one of "auto", "off", found string "yes"',
    ],
    [
      'gossip: {encrypt: 1}\n',
      'controller.yaml:1:19: gossip.encrypt: expected true or false, found number 1',
    ],
    [
      'leaseTtl: soon\n',
      'controller.yaml:1:11: leaseTtl: expected a length of time such as 500ms, 10s, 5m, 24h or 7d, found string "soon"',
    ],
    ['leaseTtl: 1s\n', 'leaseTtl: expected at least 1m, found 1s'],
    ['retention: {logs: {bytes: 10}}\n', 'retention.logs.bytes: expected at least 1MiB, found 10'],
    [
      'grpc: {listen: "0.0.0.0:99999"}\n',
      'controller.yaml:1:16: grpc.listen: expected host:port, found string "0.0.0.0:99999"',
    ],
    [
      'a: [\n',
      'controller.yaml:2:1: YAML syntax: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ];
  for (const [yaml, expected] of table) t.equal(await problems(t, yaml), expected, yaml);
  t.match(
    await problems(t, '', { env: { SHOAL_CONTROLLER_DATADIR: '/x' } }),
    /unknown environment variable SHOAL_CONTROLLER_DATADIR; did you mean "?SHOAL_CONTROLLER_DATA_DIR/,
  );
  await t.rejects(readControllerConfig({ configFile: '/none/controller.yaml' }), { code: 'not_found' });
});
