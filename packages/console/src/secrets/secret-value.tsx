import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Field } from '../ui/field.js';

/** Longest file that is taken, in bytes: the controller's own limit of a value. */
const longestFile = 64 * 1024;

interface SecretValueProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Asks for a secret's value: typed unseen on one line, or taken from a file where it has several. */
export function SecretValue({ value, onChange }: SecretValueProps): JSX.Element {
  const id = useId();
  const [file, setFile] = useState<string>();
  const [error, setError] = useState<string>();
  const take = async (chosen: File | undefined) => {
    setFile(undefined);
    setError(undefined);
    onChange('');
    if (chosen === undefined) return;
    if (chosen.size > longestFile) {
      return setError(`${chosen.name} has ${chosen.size} bytes; a secret may have ${longestFile}.`);
    }
    try {
      onChange(new TextDecoder('utf-8', { fatal: true }).decode(await chosen.arrayBuffer()));
      setFile(chosen.name);
    } catch {
      setError(`${chosen.name} isn’t text. Encode it, for example as base64.`);
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (!/\S\s*\n\s*\S/.test(event.clipboardData?.getData('text') ?? '')) return;
    event.preventDefault();
    setError('What you pasted has several lines, which this field would join. Take it from a file.');
  };
  return (
    <div class="secret-value" onPaste={onPaste}>
      {file === undefined ? (
        <Field
          label="Value"
          name="value"
          type="password"
          autocomplete="new-password"
          value={value}
          onInput={(typed) => {
            setError(undefined);
            onChange(typed);
          }}
          error={error}
          hint="At least 4 characters. No page or command shows it again."
        />
      ) : (
        <p>
          The text of <code>{file}</code>, {value.length} characters.
        </p>
      )}
      <div class="field">
        <label for={id}>{file === undefined ? 'Or from a file' : 'From a file'}</label>
        <input id={id} type="file" onChange={(event) => void take(event.currentTarget.files?.[0])} />
      </div>
    </div>
  );
}
