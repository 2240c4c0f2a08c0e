import type { Problem } from '@shoal/common';
import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { type Edit, indentEdit, newlineEdit, outdentEdit } from './edit-keys.js';
import { highlightLine } from './highlight.js';

interface SpecEditorProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Lines with a position are marked. */
  readonly problems: readonly Problem[];
  readonly onPlan: () => void;
}

/** Texts longer than this are edited without colors. */
const highlightLimit = 100_000;

/**
 * A text field over a drawing of the same text with colors, line numbers and marks. The field itself is a plain
 * `textarea`: selection, undo, search, screen readers and input methods are the browser's own.
 */
export function SpecEditor({ value, onChange, problems, onPlan }: SpecEditorProps): JSX.Element {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  /** After Escape the next Tab leaves the editor. */
  const leaving = useRef(false);
  const marked = useMemo(
    () =>
      new Map(
        problems.flatMap(({ position, message }) =>
          position === undefined ? [] : [[position.line, message]],
        ),
      ),
    [problems],
  );
  const lines = useMemo(() => value.split('\n'), [value]);
  const width = useMemo(() => Math.max(...lines.map((line) => line.length)), [lines]);
  const first = problems.find(({ position }) => position !== undefined)?.position;
  useEffect(() => {
    if (first !== undefined && field.current !== null) goTo(field.current, first.line, first.column);
  }, [first]);
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onPlan();
      return;
    }
    const edit = leaving.current || event.isComposing ? undefined : editOf(event, event.currentTarget);
    leaving.current = event.key === 'Escape' || (leaving.current && event.key === 'Shift');
    if (edit === undefined) return;
    event.preventDefault();
    apply(event.currentTarget, edit);
  };
  return (
    <div class="editor-frame">
      <div class="editor">
        <div class="editor-lines" aria-hidden="true">
          {lines.map((_, index) => (
            <span
              key={index}
              class={marked.has(index + 1) ? 'marked' : ''}
              title={marked.get(index + 1) ?? ''}
            >
              {index + 1}
            </span>
          ))}
        </div>
        <div class="editor-text">
          <pre class="editor-drawing" aria-hidden="true">
            <Drawing lines={lines} marked={marked} plain={value.length > highlightLimit} />
          </pre>
          <textarea
            ref={field}
            class="editor-field"
            aria-label="Spec (YAML)"
            aria-describedby={id}
            aria-invalid={problems.length > 0}
            value={value}
            cols={width + 1}
            rows={lines.length}
            wrap="off"
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            onInput={(event) => onChange(event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
        </div>
      </div>
      <p id={id} class="hint">
        Tab indents; Escape, then Tab leaves the editor; Ctrl+Enter plans.
      </p>
    </div>
  );
}

function Drawing(props: {
  lines: readonly string[];
  marked: ReadonlyMap<number, string>;
  plain: boolean;
}): JSX.Element {
  const { lines, marked, plain } = props;
  const drawn = useMemo(
    () =>
      lines.map((line) =>
        plain
          ? line
          : highlightLine(line).map(({ kind, text }) =>
              kind === 'plain' ? text : <span class={`yaml-${kind}`}>{text}</span>,
            ),
      ),
    [lines, plain],
  );
  return (
    <>
      {drawn.map((line, index) => (
        <span key={index} class={marked.has(index + 1) ? 'editor-line marked' : 'editor-line'}>
          {line}
          {'\n'}
        </span>
      ))}
    </>
  );
}

function editOf(event: KeyboardEvent, field: HTMLTextAreaElement): Edit | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const { value, selectionStart, selectionEnd } = field;
  if (event.key === 'Tab')
    return (event.shiftKey ? outdentEdit : indentEdit)(value, selectionStart, selectionEnd);
  return event.key === 'Enter' ? newlineEdit(value, selectionStart, selectionEnd) : undefined;
}

/** By the browser's own command, so that it can be undone. */
function apply(field: HTMLTextAreaElement, edit: Edit): void {
  if (field.value.slice(edit.from, edit.to) === edit.text) return;
  field.setSelectionRange(edit.from, edit.to);
  const done =
    edit.text === '' ? document.execCommand('delete') : document.execCommand('insertText', false, edit.text);
  if (!done) {
    field.setRangeText(edit.text, edit.from, edit.to);
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
  field.setSelectionRange(edit.selectFrom, edit.selectTo);
}

/** Puts the caret at a place and brings it into view. */
function goTo(field: HTMLTextAreaElement, line: number, column: number): void {
  const lines = field.value.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const position = Math.min(before + column - 1, field.value.length);
  field.focus({ preventScroll: true });
  field.setSelectionRange(position, position);
  const scroller = field.closest('.editor');
  const height = field.offsetHeight / Math.max(lines.length, 1);
  if (scroller !== null) scroller.scrollTop = Math.max(0, (line - 4) * height);
}
