/** A line of a unified diff with its numbers in both texts. */
export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'hunk' | 'note';
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

const hunkHeader = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/;

/** Takes a unified diff apart; file headers before the first hunk are left out. */
export function parseUnifiedDiff(text: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let before = 0;
  let after = 0;
  let inHunk = false;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const header = hunkHeader.exec(line);
    if (header !== null) {
      inHunk = true;
      before = Number(header[1]);
      after = Number(header[2]);
      lines.push({ kind: 'hunk', before: null, after: null, text: line });
    } else if (!inHunk) {
      // A file header.
    } else if (line.startsWith('+')) {
      lines.push({ kind: 'added', before: null, after: after++, text: line.slice(1) });
    } else if (line.startsWith('-')) {
      lines.push({ kind: 'removed', before: before++, after: null, text: line.slice(1) });
    } else if (line.startsWith('\\')) {
      lines.push({ kind: 'note', before: null, after: null, text: line.slice(2) });
    } else {
      lines.push({ kind: 'same', before: before++, after: after++, text: line.slice(1) });
    }
  }
  return lines;
}

/** The path of the file that a unified diff is of; undefined: it names none. */
export function diffPath(text: string): string | undefined {
  const [head = ''] = text.split(/^@@ /m);
  return /^(?:---|\+\+\+) (\/[^\t\n]*)/m.exec(head)?.[1];
}
