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

test('inputs that are kept for mutation take bounded memory', async (t) => {
  let outcomes = 0;
  const door: Door = { name: 'lzw-back', memory: 1 << 30, open: () => `new ${outcomes++}` };
  const fuzzer = new Fuzzer({ name: 'packets', doors: [door] }, 1, []);
  for (let i = 0; i < 3000; i++) fuzzer.step();
  const sizes = [...fuzzer.kept()].map(({ bytes }) => bytes.length);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  t.ok(sizes.length > 50 && Math.max(...sizes) <= 64 << 10, `${Math.max(...sizes)} bytes of one`);
  t.ok(all > 3 << 20 && all <= 4 << 20, `${all} bytes of all`);
});

test('a door that takes too long or too much memory has failed', async (t) => {
  const slow = tryDoor(
    {
      name: 'packet',
      memory: 1 << 30,
      open: () => {
        let busy = 0;
        for (const until = process.cpuUsage().user + 220_000; process.cpuUsage().user < until; ) {
          for (let i = 0; i < 100_000; i++) busy += i % 7;
        }
        return `done ${busy > 0}`;
      },
    },
    new Uint8Array(0),
  );
  t.match(slow, { failure: 'takes more than 200 ms' });
  // Held on to, and more than all that the collector may take away meanwhile: either could hide it.
  const held: Uint8Array[] = [];
  const hungry = tryDoor(
    { name: 'packet', memory: 1 << 20, open: () => `${held.push(new Uint8Array(128 << 20))}` },
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
  for (const [option, value, error] of [
    ['--target', 'nothing', /--target is "nothing", expected packets, streams, state, sockets or all/],
    ['--seconds', 'x', /--seconds is "x", expected a number above 0/],
    ['--replay', '/nope', /--replay can't read \/nope: ENOENT/],
    ['--replay', new URL('main.js', import.meta.url).pathname, /: it is not JSON/],
    ['--sekunds', '3', /Unknown option '--sekunds'/],
  ] as const) {
    const wrong = run(option, value);
    t.equal(wrong.status, 2);
    t.match(wrong.stderr, error);
    t.match(wrong.stderr, /^[^\n]+\n$/, 'in one line');
  }
  const begun = performance.now();
  t.equal(run('--target', 'sockets', '--seconds', '0.5', '--seed', '3').status, 0);
  t.ok(performance.now() - begun < 9000, 'waits for nothing when its time is over');
  const large = run('--target', 'packets', '--seconds', '60', '--memory', '1');
  t.equal(large.status, 1);
  t.match(large.stderr, /ended early: it took more than 1 MiB/);
  const short = run('--target', 'packets', '--seconds', '0.2', '--seed', '3', '--json');
  t.equal(short.status, 0);
  t.match(JSON.parse(`${short.stdout}`), { seed: 3, crashes: 0, cases: { packets: Number } });
});
