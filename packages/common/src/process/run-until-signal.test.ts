import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'tap';

const module = new URL('./run-until-signal.js', import.meta.url).href;

/** A process that prints "starting", starts when its standard input says so, and prints what happens to it. */
function program(stop: string): string {
  return `
    import { runUntilSignal } from ${JSON.stringify(module)};
    await runUntilSignal(async () => {
      console.log('starting');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      process.stdin.destroy();
      console.log('started');
      return {
        reload: async () => console.log('reloading'),
        stop: async () => { console.log('stopping'); ${stop} },
      };
    }, (running) => running.reload());
    console.log('over');
  `;
}

function run(stop = '') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(stop)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  const said = (word: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (output.includes(word)) resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, output }));
  return { child, said, ended };
}

test('a signal stops what runs, and the process ends by itself', async (t) => {
  const { child, said, ended } = run();
  await said('starting');
  child.stdin.write('go\n');
  await said('started');
  child.kill('SIGTERM');
  t.same(await ended, { code: 0, output: 'starting\nstarted\nstopping\nover\n' });
});

test('a signal during the start waits for it, and then stops', async (t) => {
  const { child, said, ended } = run();
  await said('starting');
  child.kill('SIGINT');
  child.stdin.write('go\n');
  t.same(await ended, { code: 0, output: 'starting\nstarted\nstopping\nover\n' });
});

test('a second signal ends a stop that hangs', async (t) => {
  const { child, said, ended } = run('await new Promise(() => {});');
  await said('starting');
  child.stdin.write('go\n');
  await said('started');
  child.kill('SIGTERM');
  await said('stopping');
  child.kill('SIGTERM');
  t.match(await ended, { code: 1 });
});

test('SIGHUP reloads what runs, one that comes during the start after it', async (t) => {
  const { child, said, ended } = run();
  await said('starting');
  child.kill('SIGHUP');
  child.stdin.write('go\n');
  await said('reloading');
  child.kill('SIGHUP');
  await said('reloading\nreloading');
  child.kill('SIGTERM');
  t.same(await ended, { code: 0, output: 'starting\nstarted\nreloading\nreloading\nstopping\nover\n' });
});
