import type { SpecChange } from '@shoal/common';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatValue } from '../lib/format.js';
import { type DiffLine, diffPath, parseUnifiedDiff } from '../lib/unified-diff.js';
import { Scrollable } from './scrollable.js';

const signs: Readonly<Record<DiffLine['kind'], string>> = {
  added: '+',
  removed: '−',
  same: ' ',
  hunk: ' ',
  note: ' ',
};

/** A unified diff, line by line, with the numbers of both sides. */
export function Diff({ text, label }: { text: string; label: string }): JSX.Element {
  const lines = useMemo(() => parseUnifiedDiff(text), [text]);
  if (lines.length === 0) return <p class="muted">The texts are the same.</p>;
  return (
    <Scrollable class="diff" label={label}>
      <table>
        <tbody>
          {lines.map((line, index) => (
            <tr key={index} class={`diff-${line.kind}`}>
              <td class="diff-number">{line.before ?? ''}</td>
              <td class="diff-number">{line.after ?? ''}</td>
              <td class="diff-sign">{signs[line.kind]}</td>
              <td class="diff-text">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrollable>
  );
}

/** What differs in a step: a diff of a file where it holds one, with the file's path, after what else is said of it. */
export function Difference({ text, label }: { text: string; label: string }): JSX.Element {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.startsWith('--- ') || line.startsWith('@@ '));
  if (begin === -1) return <p class="difference-text">{text}</p>;
  const words = lines.slice(0, begin).join('\n');
  const path = diffPath(text);
  return (
    <>
      {words !== '' && <p class="difference-text">{words}</p>}
      {path !== undefined && (
        <p class="difference-text">
          <code>{path}</code>
        </p>
      )}
      <Diff text={lines.slice(begin).join('\n')} label={label} />
    </>
  );
}

/** The changes between two specs, one value a line. */
export function Changes({ changes }: { changes: readonly SpecChange[] }): JSX.Element {
  if (changes.length === 0) return <p class="muted">No value changes.</p>;
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={`${change.kind}${change.path}`} class={`change-${change.kind}`}>
          <span class="change-kind">{change.kind}</span>
          <code>{change.path}</code>
          {change.kind !== 'added' && <del>{formatValue(change.before)}</del>}
          {change.kind === 'changed' && (
            <span class="muted" aria-hidden="true">
              →
            </span>
          )}
          {change.kind !== 'removed' && <ins>{formatValue(change.after)}</ins>}
        </li>
      ))}
    </ul>
  );
}
