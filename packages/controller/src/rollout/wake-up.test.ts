import t from 'tap';
import { WakeUp } from './wake-up.js';

const later = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

t.test('what asks for a turn at the same time, or during one, is served together', async (t) => {
  let turns = 0;
  let end: () => void = () => undefined;
  const wakeUp = new WakeUp(
    () => {
      turns += 1;
      return new Promise((resolve) => {
        end = () => resolve(0);
      });
    },
    () => 0,
  );
  t.teardown(() => wakeUp.stop());
  for (let call = 0; call < 1000; call += 1) wakeUp.now();
  await later();
  t.equal(turns, 1);
  for (let call = 0; call < 1000; call += 1) wakeUp.now();
  await later();
  t.equal(turns, 1, 'one turn at a time');
  end();
  await later();
  t.equal(turns, 2);
  end();
  await later();
  t.equal(turns, 2);
  wakeUp.stop();
  wakeUp.now();
  await later();
  t.equal(turns, 2, 'none after the stop');
});

t.test(
  'a long look is followed by a rest of four times its length, a short one is not, whatever was done about it',
  async (t) => {
    let at = 0;
    let lookedMs = 50;
    const begun: number[] = [];
    let told: () => void = () => undefined;
    const wakeUp = new WakeUp(
      async () => {
        begun.push(performance.now());
        at += 500;
        told();
        return lookedMs;
      },
      () => at,
    );
    t.teardown(() => wakeUp.stop());
    wakeUp.now();
    await later();
    lookedMs = 1;
    const second = new Promise<void>((resolve) => {
      told = resolve;
    });
    wakeUp.now();
    await later();
    t.equal(begun.length, 1, 'it rests');
    await second;
    await later();
    t.ok((begun[1] ?? 0) - (begun[0] ?? 0) >= 190);
    at += 1000;
    for (let call = 0; call < 2; call += 1) {
      wakeUp.now();
      await later();
    }
    t.equal(begun.length, 4);
  },
);
