import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { createLicenseKey, encodeLicenseKey, parseLicenseKey, parseLicensePublicKey } from './license-key.js';
import {
  addTrustedLicenseKey,
  formatTrustedLicenseKeys,
  loadTrustedLicenseKeys,
  noTrustedLicenseKeys,
  parseTrustedLicenseKeys,
  revokeLicenseKey,
} from './trust-list.js';

const key = await createLicenseKey();
const entry = { kid: key.kid, publicKey: key.publicKey, vendor: 'Acme', addedAt: '2026-01-01T00:00:00Z' };
const revoked = { kid: key.kid, reason: 'laptop lost', at: '2026-02-02T00:00:00Z' };

t.test(
  'a key comes back from its file in both forms, and its id is the thumbprint of RFC 7638',
  async (t) => {
    for (const form of ['pem', 'jwk'] as const) {
      const read = await parseLicenseKey(encodeLicenseKey(key, form), 'vendor.key');
      t.strictSame([read.kid, read.publicKey], [key.kid, key.publicKey], form);
    }
    // The key and thumbprint of RFC 8037, appendices A.2 and A.3.
    const example =
      '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
    t.equal((await parseLicenseKey(example, 'x')).kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  },
);

t.test('what is no key to sign with is refused without being repeated', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const locked = rsa.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });
  for (const [text, message] of [
    ['', 'k holds no private key'],
    ['{"kty":"OKP","crv":"Ed25519","d":"hunter2"}', 'k holds no private key'],
    ['{"kty": hunter2', 'k holds no private key'],
    [spki, 'k holds a public key, signing needs the private one'],
    [pkcs8, 'k holds a private key of the type rsa'],
    [locked.toString(), 'k holds a key that is locked by a passphrase'],
  ] as const) {
    const refused = await parseLicenseKey(text, 'k').catch((error: Error) => error);
    t.match(refused, { code: 'invalid_input', message, hint: /keygen/, cause: undefined });
  }
});

t.test('the public half is read from either half', async (t) => {
  const { kid, publicKey } = key;
  const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }).toString();
  for (const text of [
    pem,
    JSON.stringify(publicKey),
    encodeLicenseKey(key, 'pem'),
    encodeLicenseKey(key, 'jwk'),
  ]) {
    t.strictSame(await parseLicensePublicKey(text, 'k'), { publicKey, kid });
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  for (const [text, message] of [
    ['hunter2', 'k holds no key'],
    ['{"kty": hunter2', 'k holds no key'],
    [rsa.export({ type: 'spki', format: 'pem' }).toString(), 'k holds a key of the type rsa'],
  ] as const) {
    const refused = await parseLicensePublicKey(text, 'k').catch((error: Error) => error);
    t.match(refused, { code: 'invalid_input', message, hint: /keygen/, cause: undefined });
  }
});

t.test('keys are added and revoked once, and the list is the same from its file', async (t) => {
  const list = addTrustedLicenseKey(noTrustedLicenseKeys, entry);
  t.strictSame(await parseTrustedLicenseKeys(formatTrustedLicenseKeys(list), 'list.json'), list);
  t.throws(() => addTrustedLicenseKey(list, entry), {
    code: 'already_exists',
    message: `the list has the key ${key.kid} already`,
  });
  t.throws(() => revokeLicenseKey(list, { ...revoked, kid: 'x' }), {
    code: 'not_found',
    message: 'the list has no key x',
    hint: `it has ${key.kid} (Acme)`,
  });
  const after = revokeLicenseKey(list, revoked);
  t.strictSame(await parseTrustedLicenseKeys(formatTrustedLicenseKeys(after), 'list.json'), after);
  t.throws(() => revokeLicenseKey(after, revoked), {
    code: 'already_exists',
    message: `the key ${key.kid} was revoked at 2026-02-02T00:00:00Z: laptop lost`,
  });
  t.throws(() => addTrustedLicenseKey({ ...after, keys: [] }, entry), {
    code: 'conflict',
    message: `the key ${key.kid} was revoked: make another`,
  });
});

t.test('a list that is wrong says where', async (t) => {
  const other = await createLicenseKey();
  const listOf = (...keys: object[]) => JSON.stringify({ keys, revoked: [] });
  for (const [text, message] of [
    ['{}', /^l\.json:1:1: missing key "keys"/],
    [
      listOf({ ...entry, publicKey: { ...entry.publicKey, d: 'hunter2' } }),
      /unknown key "d" in keys\[0\]\.publicKey/,
    ],
    [listOf({ ...entry, addedAt: 'today' }), /keys\[0\]\.addedAt: expected a time such as/],
    [listOf(entry, entry), /^l\.json:1:\d+: keys\[1\]\.kid: stands there twice/],
    [listOf({ ...entry, publicKey: other.publicKey }), /keys\[0\]\.kid: not the thumbprint of its publicKey/],
  ] as const) {
    const refused = await parseTrustedLicenseKeys(text, 'l.json').catch((error: Error) => error);
    t.match(refused, { code: 'invalid_input', message });
    t.notMatch(String(refused), 'hunter2');
  }
});

t.test('a checkout trusts nobody', async (t) => {
  t.strictSame(await loadTrustedLicenseKeys(), noTrustedLicenseKeys);
});
