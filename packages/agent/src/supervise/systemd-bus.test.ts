import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { decodeMessage, encodeCall, messageLength } from './bus-message.js';
import { askUnit } from './systemd-bus.js';

const wanted = {
  'org.freedesktop.systemd1.Unit': ['ActiveState', 'NeedDaemonReload', 'ActiveEnterTimestampMonotonic'],
  'org.freedesktop.systemd1.Service': ['NRestarts'],
};

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** An answer to the call with this serial: its body in hex, by its signature. */
function answer(serial: number, signature: string, body: string): Buffer {
  const bytes = hex(body);
  const head = hex('6c 02 01 01 00000000 01000000 0f000000 05 01 75 00 00000000 08 01 67 00 01 00 00 00');
  head.writeUInt32LE(bytes.length, 4);
  head.writeUInt32LE(serial, 20);
  head.write(signature, 29, 'latin1');
  return Buffer.concat([head, bytes]);
}

const failure = (serial: number): Buffer => {
  const message = answer(serial, 's', '01000000 78 00');
  message[1] = 3;
  return message;
};

/** As systemd's socket: whoever comes is let in, then `reply` answers each call by its serial. */
async function serving(t: Test, reply: (serial: number) => Buffer, welcome = 'OK 0123\r\n') {
  // Short, as the paths of sockets must be.
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bus-'));
  const path = join(directory, 's');
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let received = Buffer.alloc(0);
    let isIn = false;
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part]);
      const begin = /^\0AUTH EXTERNAL [0-9a-f]+\r\nBEGIN\r\n/.exec(received.toString('latin1'));
      if (!isIn && begin !== null) {
        isIn = true;
        // As the real one: calls that came along are not looked at.
        received = Buffer.alloc(0);
        socket.write(welcome);
      }
      const answers: Buffer[] = [];
      for (let length = isIn ? messageLength(received) : undefined; length !== undefined; ) {
        if (received.length < length) break;
        answers.push(reply(received.readUInt32LE(8)));
        received = received.subarray(length);
        length = messageLength(received);
      }
      // In two parts, as it may come.
      const bytes = Buffer.concat(answers);
      socket.write(bytes.subarray(0, 9));
      setImmediate(() => socket.write(bytes.subarray(9)));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return path;
}

t.test('a call is what the protocol says, byte for byte', async (t) => {
  const call = { serial: 7, path: '/a', interface: 'b.c', member: 'D', arguments: ['x'] };
  const bytes = encodeCall(call);
  t.equal(
    bytes.toString('hex'),
    hex(`
      6c 01 00 01 06000000 07000000 5f000000
      01 01 6f 00 02000000 2f61 00 0000000000
      02 01 73 00 03000000 622e63 00 00000000
      03 01 73 00 01000000 44 00 000000000000
      06 01 73 00 18000000 6f72672e667265656465736b746f702e73797374656d6431 00 00000000000000
      08 01 67 00 01 73 00 00
      01000000 78 00
    `).toString('hex'),
  );
  t.equal(messageLength(bytes), bytes.length);
  t.equal(messageLength(bytes.subarray(0, 15)), undefined);
});

t.test('answers of the known types are read, others are none', async (t) => {
  const values = [
    ['s', '02000000 6f6b 00', 'ok'],
    ['v', '01 73 00 00 06000000 616374697665 00', 'active'],
    ['v', '01 62 00 00 01000000', true],
    ['v', '01 75 00 00 2a000000', 42],
    ['v', '01 74 00 0000000000 0100000001000000', 4294967297n],
    ['v', '02 6173 00 00000000', undefined],
  ] as const;
  for (const [signature, body, value] of values) {
    t.strictSame(decodeMessage(answer(9, signature, body)), { type: 'return', replySerial: 9, value });
  }
  t.match(decodeMessage(failure(9)), { type: 'error', replySerial: 9, value: undefined });
  t.throws(() => decodeMessage(answer(9, 's', 'ffffff7f 78 00')), RangeError);
  t.throws(() => messageLength(Buffer.alloc(16, 0x42)), /something else/);
  const endless = answer(9, 's', '');
  endless.writeUInt32LE(1 << 30, 4);
  t.throws(() => messageLength(endless), /of \d+ bytes/);
});

t.test('properties are told as systemctl prints them; one that a unit has not is left out', async (t) => {
  const path = await serving(t, (serial) => {
    if (serial === 1) return answer(1, 'o', '02000000 2f75 00');
    if (serial === 2) return answer(2, 'v', '01 73 00 00 06000000 616374697665 00');
    if (serial === 3) return answer(3, 'v', '01 62 00 00 00000000');
    if (serial === 4) return answer(4, 'v', '01 74 00 0000000000 4042 0f00 00000000');
    return failure(serial);
  });
  t.strictSame(await askUnit('x.service', wanted, path), [
    'ActiveState=active',
    'NeedDaemonReload=no',
    'ActiveEnterTimestampMonotonic=1000000',
  ]);
});

t.test('whoever answers otherwise, or not at all, is not asked further', async (t) => {
  await t.rejects(askUnit('x', wanted, join(tmpdir(), 'shoal-no-bus')), { code: 'ENOENT' });
  await t.rejects(askUnit('x', wanted, await serving(t, failure, 'REJECTED\r\n')), /REJECTED/);
  await t.rejects(askUnit('x', wanted, await serving(t, failure)), /doesn't load x/);
  await t.rejects(askUnit('x', wanted, await serving(t, () => Buffer.alloc(40, 1))), /something else/);
});
