import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { waitFor } from './testing/wait.js';

const program = `
  import { runAgent } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
  await runAgent({ configFile: process.argv[1] });
`;

t.test('SIGHUP is logged and ends nothing, SIGTERM ends it', async (t) => {
  const directory = t.testdir();
  const configFile = join(directory, 'agent.yaml');
  await writeFile(
    configFile,
    `dataDir: ${join(directory, 'data')}
supervisor: process
metrics: { listen: "127.0.0.1:0" }
standalone: { spec: ${join(directory, 'local.yaml')}, secrets: ${join(directory, 'secrets.yaml')} }
`,
  );
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, configFile]);
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text));
  await waitFor('the start', () => said.includes('agent started'));
  child.kill('SIGHUP');
  await waitFor('the line', () => said.includes('SIGHUP: going on'));
  child.kill('SIGTERM');
  t.strictSame(await ended, [0, null]);
});
