/** A stretch of one line and what it is. */
export interface Token {
  readonly kind: 'key' | 'comment' | 'string' | 'number' | 'plain';
  readonly text: string;
}

const keyLine = /^(\s*(?:- +)*)((?:"[^"]*"|'[^']*'|[^\s#:"'[{&*!|>%@][^#:]*?)\s*:)(?=\s|$)(.*)$/;
const literal = /^\s*(?:-?\d[\d_]*(?:\.\d+)?|true|false|null|~)\s*$/;

/** Rough coloring of a line of YAML; the controller's parser alone decides what it means. */
export function highlightLine(line: string): readonly Token[] {
  const key = keyLine.exec(line);
  if (key === null) return highlightValue(line);
  const [, before = '', name = '', rest = ''] = key;
  return [{ kind: 'plain', text: before }, { kind: 'key', text: name }, ...highlightValue(rest)];
}

function highlightValue(text: string): readonly Token[] {
  const comment = commentStart(text);
  const value = text.slice(0, comment);
  const kind = /^\s*(?:- +)*["']/.test(value) ? 'string' : literal.test(value) ? 'number' : 'plain';
  const tokens: Token[] = [{ kind, text: value }];
  if (comment < text.length) tokens.push({ kind: 'comment', text: text.slice(comment) });
  return tokens;
}

/** Where a comment begins: at a `#` at the start or after a blank, outside quotes. */
function commentStart(text: string): number {
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") {
      if (index === 0 || /[\s[{,:-]/.test(text[index - 1] ?? '')) quote = character;
    } else if (character === '#' && (index === 0 || /\s/.test(text[index - 1] ?? ''))) {
      return index;
    }
  }
  return text.length;
}
