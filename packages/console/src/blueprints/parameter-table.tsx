import type { ParameterSchema } from '@shoal/common';
import type { JSX } from 'preact';
import { formatValue } from '../lib/format.js';
import { limitWords, typeWords } from '../lib/parameter-words.js';
import { WordBadge } from '../ui/status.js';

/** A blueprint's parameters with their types, limits, defaults and what they mean. */
export function ParameterTable({
  parameters,
}: {
  parameters: Readonly<Record<string, ParameterSchema>>;
}): JSX.Element {
  const all = Object.entries(parameters);
  if (all.length === 0) return <p class="muted">It has no parameters.</p>;
  return (
    <div class="table-frame">
      <table class="table cards parameters">
        <caption class="visually-hidden">Parameters</caption>
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col">Type</th>
            <th scope="col">Default</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {all.map(([name, schema]) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td data-label="Type">{typeWords(schema)}</td>
              <td data-label="Default">
                <Default schema={schema} />
              </td>
              <td class="cell-meaning">
                {schema.description}
                {limitWords(schema).map((words) => (
                  <span key={words} class="hint">
                    {words}
                  </span>
                ))}
                {schema.secret === true && (
                  <span class="hint">
                    a secret: <code>{'{ secret: NAME }'}</code>
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Default({ schema }: { schema: ParameterSchema }): JSX.Element {
  if (schema.default === undefined) return <WordBadge word="required" title="It has no default" />;
  return <code class="default">{schema.default === '' ? '""' : formatValue(schema.default)}</code>;
}
