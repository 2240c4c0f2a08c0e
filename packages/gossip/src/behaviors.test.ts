import { existsSync, readFileSync } from 'node:fs';
import { test } from 'tap';

const LIST = new URL('../testdata/upstream-behaviors.md', import.meta.url);
const SOURCES = new URL('../src/', import.meta.url);
const REPOSITORY = new URL('../../../', import.meta.url);

/** A line of the list. */
interface Behavior {
  topic: string;
  what: string;
  /** The test of ours that shows it. */
  shownBy: { file: string; title: string } | undefined;
  remark: string;
}

/** Reads the tables of the list. */
function readList(text: string): Behavior[] {
  let topic = '';
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('## ')) topic = line.slice(3);
    const cells = /^\| (.+) \| (.*)\| (.*)\|$/
      .exec(line)
      ?.slice(1)
      .map((cell) => cell.trim());
    const [what = '', shown = '', remark = ''] = cells ?? [];
    if (what === '' || what === 'behavior' || what === '---') return [];
    const [, file, title] = /^`(.+)` › (.+)$/.exec(shown) ?? [];
    if (shown !== '' && (!file || !title)) throw new Error(`no test is named by '${shown}'`);
    return { topic, what, shownBy: file && title ? { file, title } : undefined, remark };
  });
}

const titles = new Map<string, ReadonlySet<string>>();

/** The titles of the tests in a file; `…` stands for what a title is composed of. */
function titlesIn(file: string): ReadonlySet<string> {
  const known = titles.get(file);
  if (known) return known;
  const url = new URL(file, file.startsWith('test/') ? REPOSITORY : SOURCES);
  const source = existsSync(url) ? readFileSync(url, 'utf8') : '';
  const calls = source.matchAll(/^ *test\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm);
  const found = new Set(
    [...calls].map(([, , title = '']) => title.replace(/\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1')),
  );
  titles.set(file, found);
  return found;
}

test('each behavior of memberlist and Serf has a test of ours, or a reason why not', async (t) => {
  const list = readList(readFileSync(LIST, 'utf8'));
  t.ok(list.length > 150, `${list.length} behaviors`);
  for (const { topic, what, shownBy, remark } of list) {
    if (!shownBy)
      t.ok(/\w/.test(remark) && !/not yet/.test(remark), `upstream ${topic}: ${what} — no test: ${remark}`);
    else {
      const { file, title } = shownBy;
      t.ok(titlesIn(file).has(title), `upstream ${topic}: ${what} — ${file}: ${title}`);
    }
  }
});
