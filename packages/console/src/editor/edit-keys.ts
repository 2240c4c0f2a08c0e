/** What a key does to the text of the editor: the stretch from `from` to `to` becomes `text`, then `selectFrom`..`selectTo` is selected. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly selectFrom: number;
  readonly selectTo: number;
}

const indent = '  ';

/** Tab: to the next even column, or with lines selected all of them further in. */
export function indentEdit(value: string, start: number, end: number): Edit {
  if (!value.slice(start, end).includes('\n')) {
    const column = start - lineStart(value, start);
    const text = ' '.repeat(indent.length - (column % indent.length));
    return { from: start, to: end, text, selectFrom: start + text.length, selectTo: start + text.length };
  }
  return changeLines(value, start, end, (line) => (line === '' ? line : indent + line));
}

/** Shift+Tab: the lines of the selection further out. */
export function outdentEdit(value: string, start: number, end: number): Edit {
  return changeLines(value, start, end, (line) => line.replace(/^ {1,2}/, ''));
}

/** Enter: the next line begins where this one does, deeper after a key that opens a block. */
export function newlineEdit(value: string, start: number, end: number): Edit {
  const line = value.slice(lineStart(value, start), start);
  const deeper = /:\s*$/.test(line) ? indent : '';
  const text = `\n${/^ */.exec(line)?.[0] ?? ''}${deeper}`;
  return { from: start, to: end, text, selectFrom: start + text.length, selectTo: start + text.length };
}

function lineStart(value: string, position: number): number {
  return value.lastIndexOf('\n', position - 1) + 1;
}

function changeLines(value: string, start: number, end: number, change: (line: string) => string): Edit {
  const from = lineStart(value, start);
  // A selection that ends at a line's start doesn't mean that line.
  const last = end > start && value[end - 1] === '\n' ? end - 1 : end;
  const newline = value.indexOf('\n', last);
  const to = newline === -1 ? value.length : newline;
  const before = value.slice(from, to).split('\n');
  const after = before.map(change);
  const text = after.join('\n');
  const firstMoved = (after[0] ?? '').length - (before[0] ?? '').length;
  const selectFrom = Math.max(from, start + firstMoved);
  return { from, to, text, selectFrom, selectTo: Math.max(selectFrom, end + text.length - (to - from)) };
}
