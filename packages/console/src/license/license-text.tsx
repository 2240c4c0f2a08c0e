import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

/** Longest text that is taken, bytes: the controller's own limit. */
const longest = 16 * 1024;

interface LicenseTextProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Asks for a license, pasted or from a file. */
export function LicenseText({ value, onChange }: LicenseTextProps): JSX.Element {
  const id = useId();
  const [error, setError] = useState<string>();
  const take = async (file: File | undefined) => {
    setError(undefined);
    if (file === undefined) return;
    if (file.size > longest) {
      return setError(`${file.name} has ${file.size} bytes; a license has at most ${longest}.`);
    }
    onChange((await file.text()).trim());
  };
  return (
    <>
      <div class="field">
        <label for={`${id}-text`}>License</label>
        <textarea
          id={`${id}-text`}
          rows={5}
          class="license-text"
          value={value}
          spellcheck={false}
          autocomplete="off"
          maxLength={longest}
          onInput={(event) => onChange(event.currentTarget.value)}
          aria-describedby={`${id}-hint`}
        />
        <p id={`${id}-hint`} class="hint">
          One line of text, as the vendor sent it. Nothing is sent to the vendor.
        </p>
      </div>
      <div class="field">
        <label for={`${id}-file`}>Or from a file</label>
        <input
          id={`${id}-file`}
          type="file"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
          aria-describedby={`${id}-error`}
        />
        <p id={`${id}-error`} class="hint error" role="alert">
          {error}
        </p>
      </div>
    </>
  );
}
