import { createCipheriv, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { commandLines, run, shoal, startDemo, temporaryDirectory } from '../demo.js';
import { until } from '../until.js';

/** Of this run alone: services of a run that was killed go on. */
const network = `127.74.${process.pid % 250}`;

/** memberlist's sealed packet, version 1: version, nonce, text, tag. */
function seal(key: Buffer, text: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([Buffer.from([1]), nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

async function sendUdp(packets: readonly Buffer[], hosts: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const [i, packet] of packets.entries()) {
    await new Promise<void>((sent) => socket.send(packet, 9896, hosts[i % hosts.length], () => sent()));
  }
  socket.close();
}

function sendTcp(host: string, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket = connect(9896, host, () => socket.end(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => done());
    socket.resume();
    socket.setTimeout(5000, () => socket.destroy());
  });
}

async function figures(url: string, bearer = ''): Promise<Record<string, number>> {
  const text = await (await fetch(url, { headers: { authorization: `Bearer ${bearer}` } })).text();
  const lines = text
    .split('\n')
    .filter((line) => /gossip_(packets_refused|streams_refused|malformed)/.test(line));
  return Object.fromEntries(
    lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name.replace(/^.*gossip_/, ''), Number(value)]),
  );
}

test('what is no good from others is refused, and disturbs nobody', async (t) => {
  const cwd = await temporaryDirectory(t);
  const state = join(cwd, '.shoal-demo');
  await startDemo(t, cwd, network);

  await t.test('bad gossip packets are counted, and change nothing', async (t) => {
    const hosts = [1, 2, 3, 4].map((n) => `${network}.${n}`);
    const identity = JSON.parse(await readFile(join(state, 'node-2/identity.json'), 'utf8')) as {
      gossipKeys: string[];
    };
    const key = Buffer.from(identity.gossipKeys[0] ?? '', 'base64');
    const kinds: readonly (() => Buffer)[] = [
      () => seal(key, Buffer.from([0, 0x85])).subarray(0, 20),
      () => seal(key, Buffer.from([3, 0xdf, 0xff, 0xff, 0xff, 0xff])),
      () => randomBytes(60_000),
      () => seal(randomBytes(32), Buffer.from([0, 0x80])),
      () => Buffer.from([0, 0x80]),
      () => seal(key, Buffer.from([200, 1, 2, 3])),
      () => seal(key, Buffer.from([7, 255, 255, 255, 255])),
    ];
    const token = (await readFile(join(state, 'controller/metrics-token'), 'utf8')).trim();
    const doors = [
      () => figures(`http://${network}.2:9899/metrics`),
      () => figures(`http://${network}.1:9897/metrics`, token),
    ];
    const before = await Promise.all(doors.map((read) => read()));
    for (const kind of kinds) await sendUdp(Array.from({ length: 200 }, kind), hosts);
    const huge = Buffer.concat([Buffer.from([10, 0xff, 0xff, 0xff, 0xff]), randomBytes(100)]);
    for (const host of hosts) {
      for (const bytes of [huge, Buffer.from([6, 0x83]), randomBytes(3000), huge.subarray(0, 3)])
        await sendTcp(host, bytes);
    }
    for (const [i, read] of doors.entries()) {
      await until('the counters', async () => {
        const now = await read();
        return ['packets_refused_total', 'streams_refused_total', 'malformed_total'].every(
          (name) => (now[name] ?? 0) > (before[i]?.[name] ?? Number.NaN),
        );
      });
    }
    let members: { name: string; state: string }[] = [];
    // A machine that is busy with all this may suspect someone for a moment.
    await until('nobody in doubt', async () => {
      members = JSON.parse((await shoal(cwd, 'members', '--json')).stdout);
      return members.every(({ state }) => state === 'alive');
    });
    t.same(members.map(({ name }) => name).sort(), ['controller', 'node-1', 'node-2', 'node-3']);
  });

  await t.test('tokens that are no good, and credentials of another cluster', async (t) => {
    const good = JSON.parse((await shoal(cwd, 'token', 'create', '--json')).stdout) as { token: string };
    const used = (await readFile(join(state, 'node-2.token'), 'utf8')).trim();
    const cases: readonly (readonly [string, string])[] = [
      [used, 'is used up (1 of 1 uses)'],
      [
        `${good.token.slice(0, 50)}${good.token[50] === 'A' ? 'B' : 'A'}${good.token.slice(51)}`,
        'was altered',
      ],
      [good.token.slice(0, 90), 'is truncated'],
    ];
    for (const [i, [token, expected]] of cases.entries()) {
      await writeFile(join(cwd, `t${i}`), token, { mode: 0o600 });
      const agent = run(t, cwd, ...agentArguments(i), '--set', `cluster.tokenFile=${join(cwd, `t${i}`)}`);
      await until(expected, () => agent.output().includes(expected));
      t.notMatch(agent.output(), token);
    }
    const other = run(t, cwd, 'controller', 'run', ...controllerArguments(7));
    const file = join(cwd, 'controller-7/admin-credentials.json');
    await until('another cluster', () => other.output().includes('firstRunUrl'));
    const theirs = JSON.parse(await readFile(file, 'utf8')) as object;
    const ours = JSON.parse(await readFile(join(state, 'controller/admin-credentials.json'), 'utf8')) as {
      server: string;
      caPem: string;
    };
    await writeFile(join(cwd, 'a.json'), JSON.stringify({ ...theirs, server: ours.server }));
    await writeFile(
      join(cwd, 'b.json'),
      JSON.stringify({ ...theirs, server: ours.server, caPem: ours.caPem }),
    );
    t.match(await shoal(cwd, '--credentials', 'a.json', 'status'), {
      code: 3,
      stderr: /of another CA than these credentials/,
    });
    t.match(await shoal(cwd, '--credentials', 'b.json', 'status'), {
      code: 3,
      stderr: /No client certificate of this cluster's CA/,
    });
  });

  await t.test('an address that is taken is named by its key', async (t) => {
    const takenBy: readonly (readonly [string, string])[] = [
      ['http.listen', `${network}.1:9897`],
      ['grpc.listen', `${network}.1:9898`],
      ['gossip.listen', `${network}.4:9896`],
    ];
    for (const [key, address] of takenBy) {
      const { code, stderr } = await shoal(
        cwd,
        'controller',
        'run',
        ...controllerArguments(8),
        '--set',
        `${key}=${address}`,
      );
      t.equal(code, 5, stderr);
      t.match(stderr, new RegExp(`error: ${key.replace('.', '\\.')}.*${address}.*(taken|in use)`));
    }
    const demo = await shoal(cwd, 'demo', '--dir', 'second', '--network', network);
    t.match(demo, { code: 5, stderr: `error: gossip.listen: TCP ${network}.4:9896 is in use` });
    const metrics = await shoal(cwd, ...agentArguments(8), '--set', `metrics.listen=${network}.2:9899`);
    t.match(metrics, { code: 5, stderr: `metrics on ${network}.2:9899: it is taken` });
    const second = await shoal(cwd, 'agent', 'run', '--config', join(state, 'node-2.yaml'));
    t.match(second, { code: 5, stderr: /data directory .*node-2 is in use by process \d+/ });
  });

  await t.test('no secret is in a log, in the store of the audit, or among the processes', async (t) => {
    const secrets = [1, 2, 3].flatMap((n) => {
      const token = readFileSync(join(state, `node-${n}.token`), 'utf8').trim();
      const fields = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as string[];
      return [token, fields[3] ?? ''];
    });
    secrets.push(readFileSync(join(state, 'controller/metrics-token'), 'utf8').trim());
    const { keyPem, gossipKeys } = JSON.parse(readFileSync(join(state, 'node-2/identity.json'), 'utf8')) as {
      keyPem: string;
      gossipKeys: string[];
    };
    const logs = ['controller', 'node-1', 'node-2', 'node-3'].map((name) =>
      readFileSync(join(state, `${name}.log`), 'utf8'),
    );
    const places = [
      ...logs,
      ...commandLines(),
      readFileSync(join(state, 'controller/store/data.mdb'), 'latin1'),
    ];
    for (const secret of secrets) t.notOk(places.some((text) => text.includes(secret)));
    for (const secret of [keyPem.split('\n')[1] ?? '', ...gossipKeys])
      t.notOk(logs.some((text) => text.includes(secret)));
  });

  function agentArguments(n: number): string[] {
    const settings = [
      `node.name=x${n}`,
      `dataDir=${cwd}/agent-${n}`,
      'supervisor=process',
      `gossip.listen=${network}.9:989${n}`,
    ];
    const all = [...settings, 'metrics.listen=off', `cluster.controller=${network}.1:9898`];
    return ['agent', 'run', ...all.flatMap((setting) => ['--set', setting])];
  }

  function controllerArguments(n: number): string[] {
    const listen = ['http:9897', 'grpc:9898', 'gossip:9896'].map((part) =>
      part.replace(':', `.listen=${network}.1${n}:`),
    );
    return [`dataDir=${cwd}/controller-${n}`, ...listen].flatMap((setting) => ['--set', setting]);
  }
});
