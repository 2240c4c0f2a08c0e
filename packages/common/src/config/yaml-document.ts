import type { Alias, Document, LineCounter, Node, Pair, YAMLError } from 'yaml';
import type { Problem, SourcePosition } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { loadYaml } from './lazy.js';
import { problemsError } from './problems.js';

/** Segments from the root of a document to a value in it. */
export type DocumentPath = readonly (string | number)[];

/** A parsed YAML text that knows where each of its values stands. */
export interface YamlDocument {
  readonly file: string;
  readonly text: string;
  /** The document as plain JavaScript values; null for an empty text. */
  readonly value: unknown;
  /**
   * Where a value stands, or its nearest ancestor that is in the text. `'key'`: where its key stands, when it is a mapping's
   * member. Never fails; the start of the text is the last resort.
   */
  positionOf(path: DocumentPath, part?: 'key' | 'value'): SourcePosition;
}

/** Largest YAML text that is read, in bytes. */
export const maxYamlBytes: number = 4 * 1024 * 1024;
/** How often a document's aliases may be expanded in all: above that it is taken for an alias bomb. */
const maxAliasCount = 100;

/**
 * Parses one YAML 1.2 document. Throws `invalid_input` with every problem and its position: syntax errors, duplicate keys,
 * unknown tags, several documents, more than 4 MiB, aliases that multiply.
 */
export function parseYaml(text: string, file: string): YamlDocument {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxYamlBytes) {
    throw new ShoalError('invalid_input', `${file}: ${bytes} bytes, expected at most ${maxYamlBytes}`);
  }
  const yaml = loadYaml();
  const lines = new yaml.LineCounter();
  try {
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const found = [...document.errors, ...document.warnings];
    if (found.length > 0) throw problemsError(syntaxProblems(found, text, file, lines));
    const stray = strayAlias(document);
    if (stray !== undefined)
      throw problemsError([
        { message: `unknown alias *${stray.source}`, position: at(file, lines, startOf(stray) ?? 0) },
      ]);
    const value: unknown = document.toJS({ maxAliasCount });
    const positionOf = (path: DocumentPath, part: 'key' | 'value' = 'value') =>
      at(file, lines, offsetOf(document, path, part));
    return { file, text, value, positionOf };
  } catch (thrown) {
    if (ShoalError.is(thrown)) throw thrown;
    const start = { file, line: 1, column: 1 };
    throw problemsError([{ message: describeFailure(thrown), position: start }], 'invalid_input', {
      cause: thrown,
    });
  }
}

/** The same interface for values that come from no text: positions are those of the file's start. */
export function documentOfValue(value: unknown, file: string): YamlDocument {
  return { file, text: '', value, positionOf: () => ({ file, line: 1, column: 1 }) };
}

function describeFailure(thrown: unknown): string {
  if (thrown instanceof RangeError) return 'nested too deeply';
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  if (reason.includes('Excessive alias'))
    return `aliases expand to too much: at most ${maxAliasCount} are resolved`;
  return `YAML syntax: ${reason}`;
}

/** An alias of an anchor that isn't there. */
function strayAlias(document: Document.Parsed): Alias | undefined {
  let stray: Alias | undefined;
  const { visit } = loadYaml();
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      stray = alias;
      return visit.BREAK;
    },
  });
  return stray;
}

/** Every duplicate key, but of the syntax errors the first alone: those after it are mostly its echo. */
function syntaxProblems(
  errors: readonly YAMLError[],
  text: string,
  file: string,
  lines: LineCounter,
): Problem[] {
  const tooDeep = errors.find(({ message }) => message.startsWith('Maximum call stack'));
  if (tooDeep !== undefined)
    return [{ message: 'nested too deeply', position: at(file, lines, tooDeep.pos[0]) }];
  const syntax = errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  const [first] = syntax.sort((a, b) => a.pos[0] - b.pos[0]);
  const duplicates = errors.filter(
    ({ code, pos }) => code === 'DUPLICATE_KEY' && pos[0] < (first?.pos[0] ?? Infinity),
  );
  const shown = first === undefined ? duplicates : [...duplicates, first];
  return shown.map((error) => syntaxProblem(error, text, file, lines));
}

function syntaxProblem(error: YAMLError, text: string, file: string, lines: LineCounter): Problem {
  const position = at(file, lines, error.pos[0]);
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^:\n]*/.exec(text.slice(error.pos[0]))?.[0]?.trim() ?? '';
    return { message: `duplicate key "${key.replace(/^(["'])(.*)\1$/, '$2')}"`, position };
  }
  if (error.code === 'MULTIPLE_DOCS') return { message: 'expected one document, found several', position };
  return { message: `YAML syntax: ${error.message.split('\n')[0]}`, position };
}

function at(file: string, lines: LineCounter, offset: number): SourcePosition {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

/** Walks the syntax tree as far as the path goes and gives the offset of what was reached last. */
function offsetOf(document: Document.Parsed, path: DocumentPath, part: 'key' | 'value'): number {
  const { isAlias, isMap, isScalar, isSeq } = loadYaml();
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    let key: unknown;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(segment),
      );
      if (pair === undefined) return offset;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
    } else return offset;
    const wantsKey = part === 'key' && depth === path.length - 1;
    const valueOffset = startOf(node);
    offset = (wantsKey ? startOf(key) : undefined) ?? valueOffset ?? startOf(key) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
