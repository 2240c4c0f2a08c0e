import { test } from 'tap';
import { Gossip } from './gossip.js';
import { KEY, membersOn } from './members.test-support.js';
import type { GossipOptions } from './options.js';

const member = membersOn(7);

test('options that cannot work are refused before anything is opened', async (t) => {
  const bind = { host: '127.11.7.250', port: 0 };
  const good = { name: 'x', bind, tags: {} };
  const refused = async (options: Partial<GossipOptions>, want: object): Promise<void> => {
    await t.rejects(Gossip.start({ ...good, ...options }), { name: 'GossipError', ...want });
  };
  await refused(
    { keys: [new Uint8Array(10)] },
    { code: 'INVALID_OPTION', message: 'key 1 has 10 bytes, expected 16, 24 or 32' },
  );
  await refused({ name: '' }, { code: 'INVALID_OPTION', message: /name has 0 bytes/ });
  await refused({ name: 'n'.repeat(129) }, { code: 'INVALID_OPTION', message: /name has 129 bytes/ });
  await refused({ label: 'l'.repeat(256) }, { code: 'INVALID_OPTION', message: /label has 256 bytes/ });
  await refused(
    { overrides: { probeTimeoutMs: 5000 } },
    { code: 'INVALID_OPTION', message: /probeTimeoutMs is 5000/ },
  );
  await refused(
    { bind: { host: '127.11.7.250', port: 70_000 } },
    { code: 'INVALID_OPTION', message: /port is 70000/ },
  );
  await refused(
    { bind: { host: 'localhost', port: 0 } },
    { code: 'BAD_ADDRESS', message: /expected a numeric address/ },
  );
  await refused(
    { bind: { host: '203.0.113.9', port: 9896 } },
    { code: 'ADDRESS_UNAVAILABLE', message: /203.0.113.9:9896/ },
  );
  await refused(
    { advertise: { host: 'no such host' } },
    { code: 'BAD_ADDRESS', message: /cannot be resolved/ },
  );
  const wrong = (options: object): Partial<GossipOptions> => options as Partial<GossipOptions>;
  const faults: [Partial<GossipOptions>, RegExp][] = [
    [wrong({ name: 7 }), /^name is a number, expected a string$/],
    [wrong({ tags: { n: 7 } }), /^tag 'n' is a number, expected a string$/],
    [wrong({ tags: null }), /^tags is null, expected an object of strings$/],
    [wrong({ tags: ['a', 'b'] }), /^tags is an array, expected an object of strings$/],
    [wrong({ tags: new Map([['a', 'b']]) }), /^tags is a Map, expected an object of strings$/],
    [wrong({ keys: ['0123456789abcdef'] }), /^key 1 is a string, expected a Uint8Array$/],
    [wrong({ profile: 'moon' }), /^profile is 'moon', expected lan, wan, local$/],
    [wrong({ plaintext: 'yes' }), /^plaintext is 'yes', expected refuse, accept, send$/],
    [wrong({ acceptMerge: true }), /^acceptMerge is a boolean, expected a function$/],
    [wrong({ tag: {} }), /^tag is no option$/],
    [wrong({ overrides: { probeInterval: 1 } }), /^overrides.probeInterval is no field of the profile$/],
    [wrong({ overrides: { compress: 'no' } }), /^compress is a string, expected a boolean$/],
    [wrong({ overrides: { delegateVersions: null } }), /^delegateVersions is null, expected \[min, max/],
    [wrong({ overrides: { delegateVersions: 2 } }), /^delegateVersions is a number, expected/],
    [{ incarnation: -1 }, /^incarnation is -1, expected 0 to 4294967295$/],
    [{ advertise: { port: -1 } }, /^advertise.port is -1, expected 0 to 65535$/],
    [{ overrides: { delegateVersions: [2, 5, 6] } }, /^delegateVersions is \[2,5,6\], expected/],
    [{ overrides: { udpBytes: 1100 }, label: 'l'.repeat(100) }, /^udpBytes is 1100, expected at least 1126/],
    [{ name: 'a\nb' }, /^name is 'a\\u\{a\}b', expected no control or format characters$/],
    [wrong({ bind: undefined }), /^bind is undefined, expected an object$/],
    [wrong({ bind: '127.0.0.1:9896' }), /^bind is a string, expected an object$/],
    [wrong({ bind: { port: 9896 } }), /^bind.host is undefined, expected a numeric address$/],
    [
      wrong({ bind: { ...bind, port: '9896' } }),
      /^bind.port is a string, expected a number from 0 to 65535$/,
    ],
    [wrong({ bind: { host: bind.host } }), /^bind.port is undefined, expected a number from 0 to 65535$/],
    [wrong({ advertise: '203.0.113.7' }), /^advertise is a string, expected an object$/],
    [wrong({ advertise: { host: 7 } }), /^advertise.host is a number, expected an address or a host name$/],
    [wrong({ logger: {} }), /^logger.debug is undefined, expected a function$/],
    [wrong({ logger: { ...console, error: 'no' } }), /^logger.error is a string, expected a function$/],
    [wrong({ logger: null }), /^logger is null, expected an object$/],
    [wrong({ keys: KEY }), /^keys is a Uint8Array, expected a list of Uint8Arrays$/],
    [wrong({ allowedNetworks: '' }), /^allowedNetworks is a string, expected a list of networks$/],
    [wrong({ allowedNetworks: [7] }), /^allowedNetworks holds a number, expected a network like/],
    [wrong({ overrides: null }), /^overrides is null, expected an object$/],
    [wrong({ profile: null }), /^profile is null, expected lan, wan, local$/],
    [wrong({ incarnation: '1' }), /^incarnation is a string, expected 0 to 4294967295$/],
  ];
  for (const [options, message] of faults) await refused(options, { code: 'INVALID_OPTION', message });
  for (const nothing of [undefined, null, 'node-1', []]) {
    await t.rejects(Gossip.start(nothing as unknown as GossipOptions), {
      code: 'INVALID_OPTION',
      message: /^options is (undefined|null|a string|an array), expected an object$/,
      hint: /name.*bind/,
    });
  }
  const big = { big: 'x'.repeat(600) };
  await refused(
    { tags: big },
    { code: 'TAGS_TOO_LARGE', message: /609 bytes; largest: big 603; at most 512/ },
  );
  const running = await member(t, 'running');
  t.throws(() => running.setTags(big), { code: 'TAGS_TOO_LARGE' });
  const list = wrong({ tags: ['a'] }).tags ?? {};
  t.throws(() => running.setTags(list), { code: 'INVALID_OPTION', message: /^tags is an array/ });
  t.same(running.self.tags, { id: 'running' }, 'and the old tags stay');
});

test('a name and an address are enough for a member', async (t) => {
  const gossip = await Gossip.start({ name: 'plain', bind: { host: '127.11.7.220', port: 0 } });
  t.teardown(() => gossip.stop());
  t.same(gossip.self.tags, {});
  gossip.setTags({ site: 'lyon' });
  t.same(gossip.self.tags, { site: 'lyon' });
});
