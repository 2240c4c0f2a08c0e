import { createServer } from 'node:net';
import { test } from 'tap';
import { type ExchangeResult, encodeStream } from '../core/index.js';
import { Envelope } from './envelope.js';
import { Keyring } from './keyring.js';
import { StreamClient } from './stream-client.js';
import { newTraffic } from './traffic.js';

const PING = { type: 'ping', seqNo: 1, node: 'x', sourceAddr: null, sourcePort: 0, sourceNode: '' } as const;

/** Sends a ping over TCP. */
function dial(host: string, port: number, timeoutMs: number): Promise<ExchangeResult> {
  const client = new StreamClient(new Envelope(new Uint8Array(0), new Keyring([])), newTraffic());
  return client.exchange(encodeStream(PING, false), { host, port }, timeoutMs);
}

test('a host that refuses is told apart from one that is silent and one that hangs up', async (t) => {
  const host = '127.44.1.1';
  const hangsUp = createServer((socket) => socket.resume().end());
  const silent = createServer((socket) => socket.resume());
  const ports: number[] = [];
  for (const server of [hangsUp, silent]) {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    ports.push(typeof address === 'object' && address ? address.port : 0);
  }
  const [hangsUpPort = 0, silentPort = 0] = ports;
  for (const [port, timeoutMs] of [
    [hangsUpPort, 5000],
    [silentPort, 200],
  ] as const) {
    const result = await dial(host, port, timeoutMs);
    t.ok(!result.ok && !result.refused);
  }
  await Promise.all([hangsUp, silent].map((server) => new Promise((resolve) => server.close(resolve))));
  t.match(await dial(host, silentPort, 5000), { ok: false, refused: true });
});
