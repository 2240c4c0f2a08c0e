import t from 'tap';
import { canonicalJson } from './canonical-json.js';
import { encodeJoinToken, hashSecret, parseJoinToken } from './join-token.js';
import { createSigningKey, signDocument, verifyDocument } from './signing.js';

t.test('canonical JSON: the examples of RFC 8785', async (t) => {
  // Section 3.2.2 and 3.2.3.
  const sample = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  );
  t.equal(
    canonicalJson(sample),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
  // Section 3.2.3: sorted by UTF-16 code units, so the emoji (a surrogate pair) stands before U+FB33.
  const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
  const sorted = Object.keys(
    JSON.parse(canonicalJson(Object.fromEntries(names.map((name) => [`k${name}`, 0])))),
  );
  t.strictSame(sorted, ['k\r', 'k1', 'k\u0080', 'k\u00f6', 'k\u20ac', 'k\u{1f600}', 'k\ufb33']);
  // Appendix B.
  const numbers: readonly (readonly [string, string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555555', '333333333.3333333'],
  ];
  for (const [bits, text] of numbers)
    t.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text, bits);
});

t.test('canonical JSON refuses what JSON cannot hold', async (t) => {
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    () => {},
    undefined,
    [undefined],
    '\ud800',
    { '\udc00': 1 },
  ]) {
    t.throws(() => canonicalJson(value), { code: 'internal' });
  }
  t.equal(canonicalJson({ b: undefined, a: new Date(0) }), '{"a":"1970-01-01T00:00:00.000Z"}');
});

t.test('a signed document is believed only as it was signed', async (t) => {
  const key = createSigningKey();
  const signed = signDocument({ b: [1, 'ü'], a: null }, key.privateKeyPem);
  t.equal(signed.payload.toString(), '{"a":null,"b":[1,"ü"]}');
  t.equal(signed.signature.length, 64);
  t.strictSame(verifyDocument(signed, key.publicKeyPem, 'manifest'), { a: null, b: [1, 'ü'] });
  const refused = { code: 'permission_denied', message: "manifest signature doesn't verify" };
  const flip = (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)]);
  const faulty = [
    { ...signed, payload: flip(signed.payload) },
    { ...signed, signature: flip(signed.signature) },
    { ...signed, signature: signed.signature.subarray(0, 63) },
    { ...signed, signature: Buffer.alloc(0) },
    { ...signed, payload: Buffer.from('{') },
  ];
  for (const document of faulty)
    t.throws(() => verifyDocument(document, key.publicKeyPem, 'manifest'), refused);
  t.throws(
    () => verifyDocument(signed, createSigningKey().publicKeyPem, 'manifest'),
    refused,
    "another cluster's key",
  );
});

t.test('a join token survives copying, and tells what happened to it when it did not', async (t) => {
  const token = { clusterId: 'c-1', caFingerprint: 'ab'.repeat(32), id: 't7', secret: 'S3cret-value' };
  const text = encodeJoinToken(token);
  t.match(text, /^shoal1\.[\w-]+\.[0-9a-f]{12}$/);
  t.strictSame(parseJoinToken(`  ${text}\n`), token);
  const truncated = 'join token is truncated';
  const altered = "join token was altered: its checksum doesn't match";
  for (let length = 'shoal1'.length; length < text.length; length++) {
    t.throws(() => parseJoinToken(text.slice(0, length)), { code: 'invalid_input', message: truncated });
  }
  const at = text.indexOf('.') + 5;
  const swapped = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  const table: readonly (readonly [string, string])[] = [
    [swapped, altered],
    [`${text}0`, altered],
    [`${text}.x`, altered],
    [text.replace('shoal1', 'shoal2'), 'join token has the format shoal2, this version knows shoal1'],
    ['', 'join token: expected a text that begins with "shoal1.", found nothing'],
    [
      token.secret,
      `join token: expected a text that begins with "shoal1.", found ${token.secret.length} other characters`,
    ],
  ];
  for (const [faulty, message] of table)
    t.throws(() => parseJoinToken(faulty), { code: 'invalid_input', message });
  t.equal(hashSecret('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
