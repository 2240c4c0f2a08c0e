import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { shoal, startDemo, temporaryDirectory } from '../demo.js';

const base = `cluster: demo
services:
  app:
    blueprint: gateway
    nodes: [node-1]
`;

test('an uploaded blueprint runs, and its versions stay what they are', async (t) => {
  const cwd = await temporaryDirectory(t);
  await startDemo(t, cwd, '127.83.0');
  const file = join(cwd, 'gw/blueprint.yaml');
  const change = async (before: string, after: string) =>
    await writeFile(file, (await readFile(file, 'utf8')).replace(before, after));
  const gateway = `  gw: { blueprint: gw, nodes: all, needs: [app], params: { port: 18081 } }\n`;
  await writeFile(join(cwd, 'gw.yaml'), base + gateway);

  await shoal(cwd, 'blueprint', 'new', 'gw');
  t.match(await shoal(cwd, 'blueprint', 'add', 'gw'), { code: 0, stdout: 'gw@0.1.0 added\n' });
  const applied = await shoal(cwd, 'apply', 'gw.yaml');
  t.equal(applied.code, 0, applied.stdout + applied.stderr);
  // The demo's nodes share this host: each one's server listens on that node's address alone.
  for (const n of [1, 2, 3]) t.equal(await (await fetch(`http://127.83.0.${n}:18081/`)).text(), 'hello\n');

  await change('to begin with', 'to go on with');
  t.match(await shoal(cwd, 'blueprint', 'add', 'gw'), {
    code: 5,
    stderr: /gw@0.1.0 is there already \(uploaded\), with other content\n.*give the blueprint a new one/,
  });
  await change('version: 0.1.0', 'version: 0.2.0');
  t.match(await shoal(cwd, 'blueprint', 'add', 'gw'), { code: 0, stdout: 'gw@0.2.0 added\n' });
  t.match(
    (await shoal(cwd, 'blueprint', 'ls')).stdout,
    /gw +0\.1\.0 \(older\) +uploaded +gw .*\ngw +0\.2\.0 +uploaded +- /,
  );
  t.match(await shoal(cwd, 'plan', 'gw.yaml'), {
    code: 0,
    stdout: /^~ blueprint of gw: gw@0.1.0 -> gw@0.2.0$/m,
  });
  t.match(await shoal(cwd, 'blueprint', 'rm', 'gw@0.1.0'), {
    code: 5,
    stderr: /gw@0.1.0 is in use by the newest revision: gw/,
  });
  const circle = base.replace('[node-1]', '[node-1]\n    needs: [gw]') + gateway;
  await writeFile(join(cwd, 'circle.yaml'), circle);
  t.match(await shoal(cwd, 'plan', 'circle.yaml'), {
    code: 2,
    stderr: /circle.yaml:6:13: services need each other in a circle: app -> gw -> app/,
  });
  await writeFile(join(cwd, 'app.yaml'), base);
  const { code, stdout, stderr } = await shoal(cwd, 'apply', 'app.yaml');
  t.equal(code, 0, stdout + stderr);
  t.match(await shoal(cwd, 'blueprint', 'rm', 'gw@0.1.0'), { code: 0, stdout: 'removed gw@0.1.0\n' });
});
