import type { JSX } from 'preact';
import { Field } from './field.js';

/** Asks why a revision is committed. */
export function ReasonField({
  value,
  onInput,
}: {
  value: string;
  onInput: (value: string) => void;
}): JSX.Element {
  return (
    <Field
      label="Reason"
      name="reason"
      value={value}
      maxLength={1000}
      onInput={onInput}
      autocomplete="off"
      hint="For those who read the history later"
    />
  );
}
