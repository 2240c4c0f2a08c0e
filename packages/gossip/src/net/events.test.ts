import { test } from 'tap';
import { Listeners } from './events.js';
import { silentLogger } from './log.js';

test('what an asynchronous listener throws is logged as of any other, and the next ones are called', async (t) => {
  const errors: unknown[] = [];
  const listeners = new Listeners({
    ...silentLogger,
    error: (fields) => errors.push(...Object.values(fields)),
  });
  const heard = new Promise<void>((resolve) => {
    listeners.add('message', async () => {
      throw new Error('thrown later');
    });
    listeners.add('message', () => resolve());
  });
  listeners.emit('message', () => [{ body: new Uint8Array(0), reliable: false }]);
  await heard;
  await new Promise(setImmediate);
  t.match(errors, [new Error('thrown later'), 'message']);
});

test('an unknown event is refused with the list of those that there are', async (t) => {
  const listeners = new Listeners(silentLogger);
  const message = "event is 'joined', expected change, message, remoteState, conflict, roundTrip, keyring";
  const event = 'joined' as 'change';
  t.throws(() => listeners.add(event, () => undefined), { code: 'INVALID_OPTION', message });
  t.throws(() => listeners.remove(event, () => undefined), { code: 'INVALID_OPTION', message });
  t.throws(() => listeners.add('change', undefined as unknown as () => void), {
    code: 'INVALID_OPTION',
    message: 'listener is undefined, expected a function',
  });
});
