/**
 * What is told of the text `lines` in at most `most` characters, in whole lines from its beginning or its end, and whether that
 * is all. Never a part of a line: secrets are taken out of what is told later, and nobody finds one of which a part is gone.
 */
export function wholeLines(
  lines: readonly string[],
  most: number,
  from: 'beginning' | 'end',
): { readonly text: string; readonly all: boolean } {
  const inOrder = from === 'beginning' ? lines : lines.toReversed();
  const kept: string[] = [];
  let length = 0;
  for (const line of inOrder) {
    const told = line.length > most / 2 ? `[a line of ${line.length} characters]` : line;
    length += told.length + 1;
    if (length > most + 1) break;
    kept.push(told);
  }
  const ordered = from === 'beginning' ? kept : kept.toReversed();
  return { text: ordered.join('\n'), all: kept.length === lines.length };
}
