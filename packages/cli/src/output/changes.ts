import type { BlueprintChange, SecretChange, SpecChange } from '@shoal/common';
import { stringify } from 'yaml';
import type { Palette } from './text.js';
import { printable, shortHash } from './text.js';

const sign = { added: '+', removed: '-', changed: '~' } as const;

function value(of: unknown): string {
  return printable(JSON.stringify(of) ?? 'nothing');
}

/** Longest value that stands in its change's line; longer ones follow as a spec would have them, characters. */
const longestInLine = 60;

/** A value that came or went, after its path. */
function detailOf(of: unknown): string {
  const inLine = value(of);
  if (inLine.length <= longestInLine || typeof of !== 'object') return ` ${inLine}`;
  const block = stringify(of, { lineWidth: 0, flowCollectionPadding: false });
  return `\n${printable(block.trimEnd()).replace(/^/gm, '    ')}`;
}

/** What changed between two specs: `~ services.web.params.port: 8080 -> 8081`; what came or went, and is large, as YAML below its path. */
export function changeLines(changes: readonly SpecChange[], paint: Palette): string {
  const color = { added: paint.good, removed: paint.bad, changed: paint.warn };
  return changes
    .map((c) => {
      const detail =
        c.kind === 'changed'
          ? ` ${value(c.before)} -> ${value(c.after)}`
          : detailOf(c.kind === 'added' ? c.after : c.before);
      return `${color[c.kind](`${sign[c.kind]} ${printable(c.path)}`)}:${detail}\n`;
    })
    .join('');
}

/** Which services get another blueprint, a line each: `~ blueprint of web: nginx@1.0.0 -> nginx@1.1.0`. */
export function blueprintLines(changes: readonly BlueprintChange[], paint: Palette): string {
  return changes
    .map(({ service, before, after }) => {
      const detail = before === after ? `${before}, with other content` : `${before} -> ${after}`;
      return `${paint.warn(`~ blueprint of ${service}`)}: ${detail}\n`;
    })
    .join('');
}

/** Secrets with another value, a line each: `~ secret backend-key: changed (gw), version 1f -> 2e`; the values are in nothing that the controller tells. */
export function secretLines(changes: readonly SecretChange[], paint: Palette): string {
  return changes
    .map(({ name, services, before, after }) => {
      const used = services.length === 0 ? '' : ` (${services.map(printable).join(', ')})`;
      const versions = `version ${shortHash(before)} -> ${shortHash(after)}`;
      return `${paint.warn(`~ secret ${printable(name)}`)}: changed${used}, ${versions}\n`;
    })
    .join('');
}

/** A unified diff with its lines in their colors. */
export function diffText(text: string, paint: Palette): string {
  return text
    .split('\n')
    .map((line) => {
      const shown = printable(line);
      if (line.startsWith('+')) return paint.good(shown);
      if (line.startsWith('-')) return paint.bad(shown);
      return line.startsWith('@@') ? paint.dim(shown) : shown;
    })
    .join('\n');
}
