import { isIPv4 } from 'node:net';

/** A line of /etc/hosts that a step keeps. */
export interface HostsLine {
  readonly address: string;
  readonly names: readonly string[];
}

/** The text of a line; what follows `#` is how it is found again. */
export function formatLine({ address, names }: HostsLine, marker: string): string {
  return `${address}\t${names.join(' ')}\t${comment(marker)}`;
}

/** The line that the marker's step keeps; undefined: there is none. */
export function markedLine(text: string, marker: string): string | undefined {
  return text.split('\n').find((line) => isMarked(line, marker));
}

/** The text with the marker's line replaced, added at the end, or removed (null). Other lines are left as they are. */
export function withLine(text: string, marker: string, line: string | null): string {
  const lines = text.split('\n');
  const index = lines.findIndex((candidate) => isMarked(candidate, marker));
  const others = lines.filter((candidate, at) => at === index || !isMarked(candidate, marker));
  if (index !== -1) {
    others.splice(index, 1, ...(line === null ? [] : [line]));
    return others.join('\n');
  }
  if (line === null) return text;
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** A line of somebody else's that gives one of these names another address of the same family: which of the two is meant would be left to chance. */
export function contradiction(
  text: string,
  { address, names }: HostsLine,
  marker: string,
): string | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    if (isMarked(line, marker)) continue;
    const [found = '', ...others] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (found === address || isIPv4(found) !== isIPv4(address)) continue;
    const name = others.find((other) => names.includes(other));
    if (name !== undefined) return `line ${index + 1} of it says that ${name} is ${found}, not ${address}`;
  }
  return undefined;
}

function comment(marker: string): string {
  return `# shoal: ${marker}`;
}

function isMarked(line: string, marker: string): boolean {
  return line.endsWith(`\t${comment(marker)}`);
}
