import { createLogger, type StepEventView } from '@shoal/common';
import t from 'tap';
import { MemoryStore } from '../store/memory-store.js';
import { StepEvents } from './step-events.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const event = (revision: number, text: string): StepEventView => ({
  node: 'a',
  revision,
  service: 'web',
  step: 's',
  kind: 'output',
  text,
  at: 1,
});

t.test('events of a rollout are kept in order, over restarts', async (t) => {
  const store = new MemoryStore();
  const first = new StepEvents(store, logger);
  for (const text of ['1', '2']) first.append(event(7, text));
  first.append(event(8, 'other'));
  t.same(
    (await first.list(7)).map(({ text }) => text),
    ['1', '2'],
    'before they are written',
  );
  await first.stop();
  const second = new StepEvents(store, logger);
  t.teardown(() => second.stop());
  second.append(event(7, 'x'.repeat(9000)));
  await second.flush();
  const texts = (await second.list(7)).map(({ text }) => text);
  t.same(
    texts.map((text) => text.length),
    [1, 1, 8192],
    'long texts are cut',
  );
});

t.test('a rollout that tells too much is cut, and says so', async (t) => {
  const store = new MemoryStore();
  const events = new StepEvents(store, logger);
  t.teardown(() => events.stop());
  for (let count = 0; count < 6000; count += 1) {
    events.append(event(1, `${count} ${'x'.repeat(100)}`));
    if (count % 1000 === 0) await events.flush();
  }
  while ((await store.list('rollout-events/')).length < 8) await events.flush();
  const kept = await events.list(1);
  t.equal(kept.length, 5001);
  t.equal(kept.at(-1)?.text, '(more is not kept)');
  t.equal(events.append(event(1, 'late')), undefined);
});
