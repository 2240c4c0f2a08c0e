import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@shoal/common';
import t from 'tap';
import { FakeConverger } from '../testing/fake-converger.js';
import { waitFor } from '../testing/wait.js';
import { Standalone } from './standalone.js';

const blueprint = `name: echo
version: 1.0.0
description: answers
parameters:
  port: {type: integer, description: where it listens, default: 80}
steps:
  - {id: config, type: file, path: /etc/echo.conf, content: "port {{ params.port }}\\n"}
  - {id: service, type: service}
process:
  command: [/bin/echo]
`;

const spec = (port: string, more = '') => `cluster: local
services:
  web:
    blueprint: echo
    nodes: all
    params: {port: ${port}}
${more}`;

t.test('converges to the local spec, and again whenever that file changes', async (t) => {
  const dir = t.testdir({
    blueprints: { echo: { 'blueprint.yaml': blueprint } },
    'local.yaml': spec('8080'),
  });
  const file = join(dir, 'local.yaml');
  const log: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => log.push(line) } });
  const noop = () => undefined;
  const listener = { reportChanged: noop, stepEvent: noop, observedChanged: noop, processOutput: noop };
  const converger = new FakeConverger(listener);
  const start = () => {
    const made = new Standalone({
      file,
      blueprints: [join(dir, 'blueprints')],
      node: { name: 'n1', site: 'default' },
      converger,
      logger,
      pollMs: 20,
      settleMs: 10,
    });
    t.teardown(() => made.stop());
    made.start();
    return made;
  };
  const first = start();
  await waitFor('the first offer', () => converger.offers.length === 1);
  t.match(converger.offers[0], {
    manifest: { revision: 1, node: 'n1', services: [{ name: 'web', params: { port: 8080 } }] },
    retryFailed: false,
  });

  await writeFile(file, spec('"high"', '    extra: 1\n'));
  await waitFor('the complaint', () => log.some((line) => line.includes('the local spec cannot be used')));
  const complaint = log.find((line) => line.includes('the local spec cannot be used')) ?? '';
  t.match((JSON.parse(complaint) as { problems: string }).problems, /local\.yaml:7:5: unknown key "extra"/);
  t.equal(converger.offers.length, 1, 'what runs goes on');

  await writeFile(`${file}.new`, spec('9090'));
  await rename(`${file}.new`, file);
  await waitFor('the second offer', () => converger.offers.length === 2);
  t.match(converger.offers[1], {
    manifest: { revision: 2, services: [{ params: { port: 9090 } }] },
    retryFailed: true,
  });
  await first.stop();

  start();
  await writeFile(file, spec('9090', '# a remark\n'));
  await writeFile(file, spec('9091'));
  await waitFor('the third offer', () => converger.offers.length === 3);
  t.equal(converger.offers[2]?.manifest.revision, 3, 'the same content is not offered again, numbers go on');
});
