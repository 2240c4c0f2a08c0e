import { spawnSync } from 'node:child_process';
import { test } from 'tap';
import { bytesOfHex, hexOfBytes, knownCases, readCorpus } from './corpus.js';
import type { Door } from './door.js';
import { Fuzzer } from './fuzzer.js';
import { SocketFuzzer } from './socket-fuzzer.js';
import { DOORS, TARGETS, type Target } from './targets.js';
import { tryDoor } from './try-door.js';

/** So many cases take about a second each. */
const CASES: Readonly<Record<Target['name'], number>> = { packets: 2000, streams: 400, state: 80 };

/** A target of one door that does this. */
function targetOf(open: Door['open'], memory = 1 << 30): Target {
  return { name: 'packets', doors: [{ name: 'packet', memory, open }] };
}

test('the corpus does no harm', async (t) => {
  const entries = readCorpus();
  t.ok(entries.length > 200);
  for (const { door: name, what, hex } of entries) {
    const door = DOORS.get(name);
    const trial = door && tryDoor(door, bytesOfHex(hex));
    if (!trial || 'failure' in trial) t.fail(`${name}, ${what}: ${trial?.failure ?? 'no such door'}`);
  }
});

for (const target of TARGETS) {
  test(`a short run finds no crash: ${target.name}`, async (t) => {
    const fuzzer = new Fuzzer(target, 1, knownCases());
    for (let i = 0; i < CASES[target.name]; i++) fuzzer.step();
    t.same(
      fuzzer.crashes.map(({ door, bytes, why }) => `${door} ${why} ${hexOfBytes(bytes)}`),
      [],
    );
    t.equal(fuzzer.tally.cases, CASES[target.name]);
  });
}

test('the same seed feeds the same inputs', async (t) => {
  const fed = (seed: number): string[] => {
    const inputs: string[] = [];
    const target = targetOf((bytes) => {
      inputs.push(hexOfBytes(bytes));
      return bytes.length > 40 ? 'long' : 'short';
    });
    const fuzzer = new Fuzzer(target, seed, []);
    for (let i = 0; i < 50; i++) fuzzer.step();
    return inputs;
  };
  t.same(fed(7), fed(7));
  t.notSame(fed(7), fed(8));
});

test('a fault is found, told once, and made short', async (t) => {
  const faulty = targetOf((bytes) => {
    if (bytes.includes(0xda) && bytes.includes(0x53)) throw new TypeError('planted');
    return 'fine';
  });
  const fuzzer = new Fuzzer(faulty, 1, []);
  for (let i = 0; i < 1000; i++) fuzzer.step();
  t.equal(fuzzer.crashes.length, 1);
  t.match(fuzzer.crashes[0]?.why, 'TypeError: planted');
  t.same([...(fuzzer.crashes[0]?.bytes ?? [])].sort(), [0x53, 0xda].sort());
});

test('a door that takes too long or too much memory has failed', async (t) => {
  const slow = tryDoor(
    {
      name: 'packet',
      memory: 1 << 30,
      open: () => {
        let busy = 0;
        for (const until = process.cpuUsage().user + 70_000; process.cpuUsage().user < until; ) {
          for (let i = 0; i < 100_000; i++) busy += i % 7;
        }
        return `done ${busy > 0}`;
      },
    },
    new Uint8Array(0),
  );
  t.match(slow, { failure: 'takes more than 50 ms' });
  const hungry = tryDoor(
    { name: 'packet', memory: 1 << 20, open: () => `${new Uint8Array(8 << 20).length}` },
    new Uint8Array(0),
  );
  t.match(hungry, { failure: 'takes more than 1 MiB' });
});

test('real members survive a second of attacks, and stop cleanly', async (t) => {
  const sockets = await SocketFuzzer.start(1);
  const crashes = await sockets.slice(1000);
  crashes.push(...(await sockets.stop()));
  t.same(
    crashes.map(({ why }) => why),
    [],
  );
  t.ok(sockets.cases > 50, `${sockets.cases} datagrams and streams`);
});

test('the command says what it takes, and answers with its status', async (t) => {
  const run = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [new URL('main.js', import.meta.url).pathname, ...args], {
      encoding: 'utf8',
    });
  const wrong = run('--target', 'nothing');
  t.equal(wrong.status, 2);
  t.match(wrong.stderr, /packets\|streams\|state\|sockets\|all/);
  const short = run('--target', 'packets', '--seconds', '0.2', '--seed', '3', '--json');
  t.equal(short.status, 0);
  t.match(JSON.parse(`${short.stdout}`), { seed: 3, crashes: 0, cases: { packets: Number } });
});
