import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly name?: string;
  /** Default `text`. */
  readonly type?: 'text' | 'password' | 'number';
  readonly autocomplete?: HTMLInputElement['autocomplete'];
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
}

/** A labelled input with a hint and, when it isn't right, why. */
export function Field({
  label,
  value,
  onInput,
  hint,
  error,
  type = 'text',
  ...input
}: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...input}
        // The attribute types have a variant per type of input; all of these share the attributes used here.
        type={type as 'text'}
        id={id}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={`${id}-hint`}
        aria-invalid={error !== undefined}
      />
      <p id={`${id}-hint`} class={error === undefined ? 'hint' : 'hint error'}>
        {error ?? hint}
      </p>
    </div>
  );
}
