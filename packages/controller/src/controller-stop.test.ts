import { connect, createServer, type Socket } from 'node:net';
import { parseAddress } from '@shoal/common';
import t, { type Test } from 'tap';
import { admin, fixture, start, until } from './controller.test.support.js';
import { enroll, FakeAgent } from './link/fake-agent.js';

interface Cable {
  readonly address: string;
  cut(): void;
  /** Whether nothing is open any more at the far end; what is sent there is refused then. */
  isClosed(): boolean;
}

/** A way to an address that can be cut, as a pulled cable does it: nothing more passes, and neither end is told. */
async function cable(t: Test, address: string): Promise<Cable> {
  const ends = new Set<Socket>();
  const farEnds: Socket[] = [];
  const { host, port } = parseAddress(address);
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host, port, allowHalfOpen: true });
    farEnds.push(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('error', () => undefined);
      from.on('data', (data) => to.write(data));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.teardown(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  const bound = server.address();
  return {
    address: `${host}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`,
    cut: () => {
      for (const end of ends) end.pause();
    },
    isClosed: () => {
      for (const far of farEnds) far.write('x');
      return farEnds.length > 0 && farEnds.every(({ destroyed }) => destroyed);
    },
  };
}

t.test('stops within seconds while a linked agent, and a host that says nothing, are cut off', async (t) => {
  const controller = await start(t, fixture(t));
  const { grpc } = controller.addresses;
  const { token } = await controller.services.tokens.create({ ttlMs: 60_000, uses: 1 }, admin);
  const way = await cable(t, grpc);
  const agent = new FakeAgent(way.address, await enroll(grpc, token, 'a'));
  t.teardown(() => agent.close());
  await agent.connect();
  await until('the link', () => controller.services.nodes.list().some(({ connected }) => connected));
  const { host, port } = parseAddress(way.address);
  const silent = connect({ host, port });
  t.teardown(() => silent.destroy());
  await new Promise<void>((resolve) => silent.once('connect', resolve));
  way.cut();
  const began = performance.now();
  await controller.stop();
  const took = performance.now() - began;
  t.ok(took < 10_000, `it took ${Math.round(took)} ms`);
  await until('nothing is open that could keep the process from its end', () => way.isClosed());
});
