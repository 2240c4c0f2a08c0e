/** Stands after a line of a redacted diff in which nothing else than a secret's value changed. */
const note = ' (secret changed)';

/**
 * A unified diff whose values were replaced shows a line with a changed secret as removed and added without a difference: here the added one says why.
 * Any other text is left as it is.
 */
export function noteSecretChanges(text: string): string {
  if (!/^@@ /m.test(text)) return text;
  let removed: string[] = [];
  return text
    .split('\n')
    .map((line) => {
      if (line.startsWith('-')) removed.push(line.slice(1));
      else if (line.startsWith('+')) {
        const at = line.includes('[secret ') ? removed.indexOf(line.slice(1)) : -1;
        if (at === -1) return line;
        removed.splice(at, 1);
        return `${line}${note}`;
      } else if (!line.startsWith('\\')) removed = [];
      return line;
    })
    .join('\n');
}
