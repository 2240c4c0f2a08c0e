import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { t } from 'tap';
import { manifestOf, notesOf, startHost, toyService } from './harness.test.support.js';

t.test('a dry run tells what would change and changes nothing', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const toy = { directory, port: 18112 };
  const fresh = await host.converger.check(manifestOf(1, toyService({ ...toy, body: 'one' })));
  t.match(fresh, [
    { service: 'toy', step: 'config', difference: /^new file/ },
    { service: 'toy', step: 'run', difference: /^start toy/ },
  ]);
  t.notOk(existsSync(join(directory, 'toy.json')));
  await host.converge(manifestOf(1, toyService({ ...toy, body: 'one' })));
  const same = await host.converger.check(manifestOf(1, toyService({ ...toy, body: 'one' })));
  t.same(same, []);
  const bad = await host.converger.check(manifestOf(2, toyService({ ...toy, body: 'bad' })));
  t.match(bad.at(-1), { step: 'config', problem: /is refused: .*\nline one\n.*a bad body/s });
  const gone = await host.converger.check(manifestOf(3));
  t.match(gone, [{ service: 'toy', step: 'remove' }]);
  const faulty = { ...toyService({ ...toy, body: 'x' }), variables: { params: 'x' } };
  t.match(await host.converger.check(manifestOf(4, faulty)), [{ step: 'variables', problem: /built in/ }]);
  t.same(notesOf(directory), ['start']);
});

t.test('dry runs at the same time do not disturb each other', async (t) => {
  const directory = t.testdir();
  const host = await startHost(t, { dataDir: join(directory, 'data') });
  const toy = { directory, port: 18119 };
  const bodies = ['one', 'two', 'three', 'four'];
  const checks = await Promise.all(
    bodies.map((body) => host.converger.check(manifestOf(1, toyService({ ...toy, body })))),
  );
  for (const differences of checks)
    t.same(
      differences.map(({ step }) => step),
      ['config', 'run'],
    );
});
