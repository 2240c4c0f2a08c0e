import type { LogLine } from '@shoal/common';
import t, { type Test } from 'tap';
import type { LogQuery } from '../services.js';
import { logRecords } from './fixtures.test.support.js';
import { type OpenLogStorage, openLogStorage } from './log-storage.js';

const now = 5_000_000;

async function open(t: Test, segmentBytes?: number): Promise<OpenLogStorage> {
  const retention = { ageMs: 1e12, bytes: 1e9 };
  const size = segmentBytes === undefined ? {} : { segmentBytes };
  const storage = await openLogStorage({ dir: t.testdir({}), retention, now: () => now, ...size });
  t.teardown(() => storage.close());
  return storage;
}

t.test('search', async (t) => {
  // Small segments, so that a search crosses many.
  const storage = await open(t, 2000);
  for (let from = 1; from <= 481; from += 20) {
    await storage.append('web1', 'a', logRecords(from, from + 19, { stepMs: 10 }));
    await storage.append(
      'web2',
      'b',
      logRecords(from, from + 19, { startAt: 1_000_005, stepMs: 10, service: 'cache', source: 'stdout' }),
    );
  }
  const fields = { status: '502', path: '/a"b' };
  await storage.append(
    'web1',
    'a',
    logRecords(501, 501, { atMs: 1_002_000, line: 'GET /x 502', source: 'error', fields }),
  );
  const find = async (query: LogQuery) => {
    const { lines, truncated } = await storage.search(query);
    return { lines: lines.map(({ node, line }) => `${node} ${line}`), truncated };
  };

  await t.test('gives the newest of all nodes, oldest first', async (t) => {
    t.same(await find({ limit: 3 }), {
      lines: ['web2 line 499', 'web1 line 500', 'web2 line 500'],
      truncated: true,
    });
    const all = await storage.search({ limit: 10_000 });
    t.equal(all.lines.length, 1001);
    t.equal(all.truncated, false);
    const sorted = [...all.lines].sort((a, b) => a.at - b.at);
    t.same(
      all.lines.map(({ at }) => at),
      sorted.map(({ at }) => at),
    );
    t.equal(new Set(all.lines.map(({ cursor }) => cursor)).size, 1001, 'cursors are unique');
  });
  await t.test('by node, service, source and time', async (t) => {
    t.same(await find({ node: 'web1', limit: 1 }), { lines: ['web1 line 500'], truncated: true });
    t.same((await find({ service: 'cache', limit: 10_000 })).lines.length, 500);
    t.same(await find({ source: 'error' }), { lines: ['web1 GET /x 502'], truncated: false });
    t.same(await find({ since: 1_001_000, until: 1_001_010 }), {
      lines: ['web1 line 100', 'web2 line 100', 'web1 line 101'],
      truncated: false,
    });
    t.same(await find({ node: 'nowhere' }), { lines: [], truncated: false });
    t.same(await find({ until: 1 }), { lines: [], truncated: false });
  });
  await t.test('by pattern', async (t) => {
    t.same((await find({ grep: '^line 1?7$' })).lines, [
      'web1 line 7',
      'web2 line 7',
      'web1 line 17',
      'web2 line 17',
    ]);
    t.same((await find({ grep: 'get /X' })).lines, []);
    t.same((await find({ grep: '(?i)get /X' })).lines, ['web1 GET /x 502']);
    await t.rejects(storage.search({ grep: '(a+)+b' }), { code: 'invalid_input' });
  });
  await t.test('by pattern, of an access log as it is shown and as it is written', async (t) => {
    const access = (sequence: number, status: string, id: string) => {
      const fields = { status, method: 'GET', path: '/', id };
      const options = { atMs: 1, service: 'api', source: 'json', line: JSON.stringify(fields), fields };
      return storage.append('web3', 'c', logRecords(sequence, sequence, options));
    };
    await access(1, '500', 'a1');
    await access(2, '200', 'b500');
    const ids = async (grep: string) =>
      (await storage.search({ node: 'web3', grep })).lines.map(({ fields }) => fields['id']);
    t.same(await ids('^500 GET'), ['a1'], 'as it is shown');
    t.same(await ids('"id":"b500"'), ['b500'], 'as it is written');
    t.same(await ids('500'), ['a1', 'b500']);
    t.same(await ids('501'), []);
  });
  await t.test('gives lines whole', async (t) => {
    const { lines } = await storage.search({ source: 'error' });
    const cursor = lines[0]?.cursor ?? '';
    const whole = {
      node: 'web1',
      service: 'web',
      source: 'error',
      at: 1_002_000,
      line: 'GET /x 502',
      fields,
      cursor,
    };
    t.same(lines, [whole]);
    t.match(cursor, /@web1$/);
  });
});

t.test('any text is a line', async (t) => {
  const storage = await open(t);
  const texts = ['', 'a\nb', '"quoted"\\', '\u2028', 'ünï ✓ 🐟', '\u0000', 'x'.repeat(70_000)];
  for (const [index, line] of texts.entries()) {
    await storage.append('web1', 'a', logRecords(index + 1, index + 1, { line }));
  }
  const { lines } = await storage.search({});
  t.same(
    lines.map(({ line }) => line),
    [...texts.slice(0, -1), 'x'.repeat(65_536)],
    'the too long one is cut',
  );
});

t.test('a line without a sane time gets that of its coming', async (t) => {
  const storage = await open(t);
  await storage.append('web1', 'a', logRecords(1, 1, { atMs: Number.NaN }));
  await storage.append('web1', 'a', logRecords(2, 2, { atMs: 0 }));
  t.same(
    (await storage.search({})).lines.map(({ at }) => at),
    [now, now],
  );
});

t.test('follow', async (t) => {
  const storage = await open(t);
  await storage.append('web1', 'a', logRecords(1, 30));
  const follow = (query: Parameters<OpenLogStorage['follow']>[0]) => {
    const abort = new AbortController();
    const lines = storage.follow(query, abort.signal)[Symbol.asyncIterator]();
    return { abort, take: (count: number) => take(lines, count), lines };
  };
  await t.test('begins with the last lines and goes on', async (t) => {
    const { abort, take, lines } = follow({ backlog: 2 });
    t.same(await take(2), ['line 29', 'line 30']);
    await storage.append('web1', 'a', logRecords(31, 33));
    await storage.append('web1', 'a', logRecords(31, 34));
    t.same(await take(4), ['line 31', 'line 32', 'line 33', 'line 34'], 'each once');
    const last = lines.next();
    abort.abort();
    t.equal((await last).done, true);
  });
  await t.test('misses and doubles nothing while the backlog is read', async (t) => {
    const { take } = follow({ backlog: 5 });
    const first = take(8);
    await storage.append('web1', 'a', logRecords(35, 40));
    const told = await first;
    const from = Number(told[0]?.slice(5));
    t.same(
      told,
      Array.from({ length: 8 }, (_, index) => `line ${from + index}`),
    );
  });
  await t.test('tells what fits only', async (t) => {
    const { take } = follow({ backlog: 0, source: 'error', grep: 'emerg' });
    const first = take(1);
    await storage.append('web1', 'a', logRecords(41, 41, { source: 'error', line: 'warn' }));
    await storage.append('web1', 'a', logRecords(42, 42, { line: 'emerg' }));
    await storage.append('web2', 'a', logRecords(1, 1, { source: 'error', line: '[emerg] x' }));
    t.same(await first, ['[emerg] x']);
  });
  await t.test('ends one that lags too far, not the append', async (t) => {
    const { lines } = follow({ backlog: 1 });
    await lines.next();
    t.equal(await storage.append('web3', 'a', logRecords(1, 10_001)), 10_001);
    await t.rejects(lines.next(), { code: 'resource_exhausted' });
  });
  await t.test('ends when the storage closes', async (t) => {
    const { lines } = follow({ backlog: 1 });
    await lines.next();
    const last = lines.next();
    await storage.close();
    t.equal((await last).done, true);
  });
});

async function take(lines: AsyncIterator<LogLine>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await lines.next();
    if (done === true) break;
    taken.push((value as LogLine).line);
  }
  return taken;
}
