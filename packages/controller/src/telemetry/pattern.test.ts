import t from 'tap';
import { createMatcher, hasNestedQuantifier } from './pattern.js';

t.test('patterns that people write match', async (t) => {
  const cases: [string, string, boolean][] = [
    ['502', 'GET / 502', true],
    ['^GET', 'POST / GET', false],
    ['" 5\\d\\d ', '"GET /" 503 1', true],
    ['{"level":"error"', '{"level":"error","msg":"x"}', true],
    ['a|b', 'b', true],
    ['(GET|POST) /\\w+', 'POST /x', true],
    ['(?:ab)+c', 'ababc', true],
    ['(\\d{1,3}\\.){3}\\d{1,3}', 'from 10.0.0.1', true],
    ['[(+*]+', '((*', true],
    ['(?i)ERROR', 'an error', true],
    ['\\(a+\\)+', '(a))', true],
    ['🐟+', 'a 🐟', true],
  ];
  for (const [pattern, line, matches] of cases) t.same(createMatcher(pattern)([line]), [matches], pattern);
  t.same(createMatcher('a')(['a', 'b', 'a']), [true, false, true]);
  t.same(createMatcher('a')([]), []);
});

t.test('what could run away is refused beforehand', async (t) => {
  for (const pattern of [
    '(a+)+',
    '(a*)*b',
    '((a+)b)*',
    '(?:x+y+){2,}',
    '(a|b+)*',
    '(?<n>a+)+',
    '(.*a){10,}',
  ]) {
    t.equal(hasNestedQuantifier(pattern), true, pattern);
    t.throws(() => createMatcher(pattern), { code: 'invalid_input', problems: [{ path: '/grep' }] }, pattern);
  }
  for (const pattern of ['(a)\\1', '(?=a)', '(?<!a)b', '(?<n>a)\\k<n>']) {
    t.throws(() => createMatcher(pattern), { message: /back reference or look-around/ }, pattern);
  }
  t.throws(() => createMatcher('a'.repeat(501)), { message: /501 characters/ });
  t.throws(() => createMatcher('(a'), {
    code: 'invalid_input',
    message: /no regular expression: Unterminated group/,
  });
});

t.test('what runs away nevertheless is stopped', async (t) => {
  const before = performance.now();
  const slow = createMatcher('(a|a)(a|ab|b)*(a|aa|aaa)*(a|aa)*$x');
  t.throws(() => slow([`${'a'.repeat(16_000)}b`]), { code: 'invalid_input', message: /takes too long/ });
  t.ok(performance.now() - before < 20_000);
  t.same(createMatcher('a')(['a']), [true], 'the next one runs');
});

t.test('many and long lines are looked at in bounded pieces', async (t) => {
  const lines = Array.from(
    { length: 300 },
    (_, index) => `${'x'.repeat(16_000)}${index % 2 === 0 ? 'a' : ''}`,
  );
  t.same(createMatcher('a$')(lines).filter(Boolean).length, 150);
  t.same(createMatcher('a')([`${'x'.repeat(16_384)}a`]), [false], 'up to 16 KiB');
});
