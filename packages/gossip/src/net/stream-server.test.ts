import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { encodeStreamMessage } from '../core/index.js';
import { Envelope } from './envelope.js';
import { Keyring } from './keyring.js';
import { StreamServer, type StreamServerOptions } from './stream-server.js';
import { newTraffic } from './traffic.js';

const NONE = new Uint8Array(0);
const PING = encodeStreamMessage({
  type: 'ping',
  seqNo: 1,
  node: '',
  sourceAddr: null,
  sourcePort: 0,
  sourceNode: '',
});
const ACK = encodeStreamMessage({ type: 'ack', seqNo: 1, payload: null });

interface Served {
  server: StreamServer;
  refusals: string[];
  dial(): Promise<Socket>;
}

/** A server on 127.14.1.1 that answers everything with an ack. */
async function serve(t: Test, options: Partial<StreamServerOptions> = {}): Promise<Served> {
  const refusals: string[] = [];
  const server = await StreamServer.listen(
    { host: '127.14.1.1', port: 0 },
    {
      envelope: new Envelope(NONE, new Keyring([])),
      traffic: newTraffic(),
      timeoutMs: 10_000,
      answer: () => ACK,
      refused: (reason) => refusals.push(reason),
      ...options,
    },
  );
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect({ host: '127.14.1.1', port: server.port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { server, refusals, dial };
}

/** Sends a ping and gives the answer. */
async function ping(socket: Socket): Promise<Buffer> {
  socket.write(PING);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer;
}

/** Resolves when the other side has closed or reset the connection. */
async function gone(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed && !socket.readableEnded) {
    await new Promise<void>((resolve) => {
      socket.once('end', resolve);
      socket.once('close', () => resolve());
    });
  }
}

test('dialers that say nothing do not keep others out', async (t) => {
  const { dial, refusals } = await serve(t, { limits: { streams: 8, heldBytes: 1 << 20 } });
  const silent: Socket[] = [];
  for (let i = 0; i < 8; i++) silent.push(await dial());
  t.same(await ping(await dial()), ACK);
  await Promise.all(silent.slice(0, 1).map(gone));
  t.same(refusals, ['too many at a time'], 'the oldest one has made room');
});

test('a request that never ends makes room for others', async (t) => {
  const { dial, refusals } = await serve(t, { limits: { streams: 8, heldBytes: 100_000 } });
  const endless = await dial();
  endless.write(
    Buffer.concat([Buffer.of(8, 0x81), Buffer.from('\xaaUserMsgLen\xce\x00\x98\x96\x80', 'latin1')]),
  );
  const piece = Buffer.alloc(10_000);
  for (let i = 0; i < 20; i++) endless.write(piece);
  await gone(endless);
  t.same(refusals, ['too much unfinished data']);
  t.same(await ping(await dial()), ACK);
});

test('what a dialer sends after its message is not held against others', async (t) => {
  const { dial, refusals } = await serve(t, { limits: { streams: 8, heldBytes: 100_000 } });
  const chatty = await dial();
  t.same(await ping(chatty), ACK);
  for (let i = 0; i < 50; i++) chatty.write(Buffer.alloc(10_000));
  t.same(await ping(await dial()), ACK);
  t.same(refusals, []);
});

test('an answer that is not taken counts as held', async (t) => {
  const large = new Uint8Array(8 << 20);
  const { dial, refusals } = await serve(t, {
    limits: { streams: 8, heldBytes: 20 << 20 },
    answer: () => large,
  });
  const idle: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = await dial();
    socket.pause();
    socket.write(PING);
    idle.push(socket);
  }
  const [first] = idle;
  if (!first) throw new Error('three dialers');
  await gone(first);
  t.same(refusals, ['too much unfinished data']);
});

test('a trickle ends at the deadline', async (t) => {
  const { dial, refusals } = await serve(t, { timeoutMs: 300 });
  const slow = await dial();
  const drip = setInterval(() => slow.write(Buffer.of(0x91)), 20);
  t.teardown(() => clearInterval(drip));
  slow.write(Buffer.of(9));
  await gone(slow);
  t.same(refusals, ['too slow']);
});

test('a reset and a half-open end leave nothing behind', async (t) => {
  const { dial, refusals } = await serve(t, { limits: { streams: 8, heldBytes: 1 << 20 } });
  for (let i = 0; i < 20; i++) {
    const socket = await dial();
    socket.write(PING.subarray(0, 3));
    if (i % 2 === 0) socket.resetAndDestroy();
    else socket.end();
    await gone(socket);
  }
  t.same(await ping(await dial()), ACK);
  t.same(refusals, [], 'none was still counted when the next came');
});
