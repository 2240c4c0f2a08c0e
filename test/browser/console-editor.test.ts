import { test } from 'tap';
import { loadLogic } from './console-logic.js';

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly selectFrom: number;
  readonly selectTo: number;
}

/** What is tested here of the console: what is typed, and differences of texts. */
interface Logic {
  parseUnifiedDiff(text: string): readonly object[];
  diffPath(text: string): string | undefined;
  passwordStrength(password: string, userName: string): string;
  indentEdit(value: string, start: number, end: number): Edit;
  outdentEdit(value: string, start: number, end: number): Edit;
  newlineEdit(value: string, start: number, end: number): Edit;
  highlightLine(line: string): readonly { kind: string; text: string }[];
}

const logic = await loadLogic<Logic>([
  'lib/unified-diff',
  'lib/password',
  'editor/edit-keys',
  'editor/highlight',
]);

test('a unified diff gets the line numbers of both sides', async (t) => {
  const text = '--- a\n+++ b\n@@ -3,2 +3,3 @@\n same\n-old\n+new\n+--more\n\\ No newline at end of file\n';
  t.match(logic.parseUnifiedDiff(text), [
    { kind: 'hunk' },
    { kind: 'same', before: 3, after: 3, text: 'same' },
    { kind: 'removed', before: 4, after: null, text: 'old' },
    { kind: 'added', before: null, after: 4, text: 'new' },
    { kind: 'added', before: null, after: 5, text: '--more' },
    { kind: 'note', text: 'No newline at end of file' },
  ]);
  t.same(logic.parseUnifiedDiff(''), []);
  t.equal(logic.diffPath(text), undefined);
  t.equal(
    logic.diffPath('===\n--- /etc/a b.conf\n+++ /etc/a b.conf\n@@ -1 +1 @@\n-a\n+--- /b\n'),
    '/etc/a b.conf',
  );
});

test('a password is judged by length first', async (t) => {
  t.equal(logic.passwordStrength('Aa1!Aa1!Aa1', 'admin'), 'too short');
  t.equal(logic.passwordStrength('aaaaaaaaaaaaaaaaaa', 'admin'), 'weak');
  t.equal(logic.passwordStrength('abcdefghijklmnop', 'admin'), 'weak');
  t.equal(logic.passwordStrength('admin-of-the-harbor', 'admin'), 'weak', 'it holds the user name');
  t.equal(logic.passwordStrength('seven herrings in a row', 'admin'), 'strong');
});

test('keys indent as YAML wants it', async (t) => {
  const after = (value: string, { from, to, text }: Edit) => value.slice(0, from) + text + value.slice(to);
  t.equal(after('a:', logic.indentEdit('a:', 1, 1)), 'a :', 'to the next even column');
  const lines = 'a:\nb:\n\nc:\n';
  const edit = logic.indentEdit(lines, 0, 7);
  t.equal(after(lines, edit), '  a:\n  b:\n\nc:\n', 'a selection that ends at a line start leaves that line');
  t.same([edit.selectFrom, edit.selectTo], [2, 11]);
  t.equal(after('    x', logic.outdentEdit('    x', 4, 4)), '  x');
  t.equal(after('x', logic.outdentEdit('x', 0, 0)), 'x');
  t.equal(after('  web:', logic.newlineEdit('  web:', 6, 6)), '  web:\n    ');
  t.equal(after('  port: 80', logic.newlineEdit('  port: 80', 10, 10)), '  port: 80\n  ');
});

test('YAML is colored, and not a character is lost', async (t) => {
  const kinds = (text: string) => logic.highlightLine(text).filter(({ text: part }) => part !== '');
  t.same(kinds('  port: 80 # later'), [
    { kind: 'plain', text: '  ' },
    { kind: 'key', text: 'port:' },
    { kind: 'number', text: ' 80 ' },
    { kind: 'comment', text: '# later' },
  ]);
  t.match(kinds('url: "http://x#y"'), [{ kind: 'key' }, { kind: 'string', text: ' "http://x#y"' }]);
  for (const text of ['- {a: b}', "it's: 'a # b' # c", '# only', 'plain: http://a:1/#x', '\t: odd', '']) {
    t.equal(
      kinds(text)
        .map((token) => token.text)
        .join(''),
      text,
    );
  }
});
