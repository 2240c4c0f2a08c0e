import { Metadata, status } from '@grpc/grpc-js';
import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { formatAddress, parseAddress } from './address.js';
import { errorMetadataKey, fromServiceError, toServiceError } from './service-error.js';

t.test('addresses', async (t) => {
  const table: readonly (readonly [string, number | undefined, string, number])[] = [
    ['localhost:80', undefined, 'localhost', 80],
    ['10.0.0.1', 9898, '10.0.0.1', 9898],
    ['10.0.0.1:0', 9898, '10.0.0.1', 0],
    ['[::1]:80', undefined, '::1', 80],
    ['[fe80::1%eth0]', 9898, 'fe80::1%eth0', 9898],
    ['::1', 9898, '::1', 9898],
  ];
  for (const [text, port, host, expected] of table)
    t.strictSame(parseAddress(text, port), { host, port: expected }, text);
  for (const text of [
    '',
    'host',
    ':80',
    'host:',
    'host:x',
    'host:65536',
    'http://host:80',
    'a b:80',
    '::1',
  ]) {
    t.throws(
      () => parseAddress(text),
      { code: 'invalid_input', message: /^address: expected host:port, found "/ },
      text,
    );
  }
  t.equal(formatAddress({ host: '::1', port: 1 }), '[::1]:1');
  t.equal(formatAddress({ host: 'h', port: 1 }), 'h:1');
});

t.test('an error crosses gRPC whole', async (t) => {
  const error = new ShoalError('conflict', 'revision 4 is newer', {
    hint: 'plan again',
    problems: [{ message: 'ü', path: '/a', position: { file: 'c.yaml', line: 1, column: 2 } }],
    cause: new Error('secret detail'),
  });
  const sent = toServiceError(error);
  t.match(sent, { code: status.ABORTED, details: 'revision 4 is newer' });
  t.notMatch(String(sent.metadata.get(errorMetadataKey)[0]), /secret detail/);
  t.strictSame(fromServiceError(sent).toJSON(), error.toJSON());
  t.equal(fromServiceError(error), error);
});

t.test('an error of many problems is cut to what trailers can hold', async (t) => {
  const problems = Array.from({ length: 500 }, (_, i) => ({ message: `problem ${i} ${'x'.repeat(60)}` }));
  const sent = toServiceError(new ShoalError('invalid_input', 'y'.repeat(5000), { problems }));
  const bytes = sent.metadata.get(errorMetadataKey)[0];
  t.ok(Buffer.isBuffer(bytes) && bytes.length <= 6 * 1024);
  const received = fromServiceError(sent);
  t.ok(received.problems.length > 30);
  t.strictSame(received.problems[0], problems[0]);
});

t.test('errors that are not ours', async (t) => {
  t.match(toServiceError('boom'), { code: status.INTERNAL, details: 'boom' });
  const metadata = new Metadata();
  const table: readonly (readonly [unknown, string, string])[] = [
    [{ code: status.UNAVAILABLE, details: 'no connection', metadata }, 'unavailable', 'no connection'],
    [{ code: status.CANCELLED, details: '', metadata }, 'unavailable', 'gRPC status 1'],
    [new Error('plain'), 'internal', 'plain'],
    [undefined, 'internal', 'undefined'],
  ];
  for (const [thrown, code, message] of table) t.match(fromServiceError(thrown), { code, message });
  metadata.set(errorMetadataKey, Buffer.from('{"code":"no such"}'));
  t.match(fromServiceError({ code: status.NOT_FOUND, details: 'gone', metadata }), {
    code: 'not_found',
    message: 'gone',
  });
});
