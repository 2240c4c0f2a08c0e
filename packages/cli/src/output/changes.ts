import type { BlueprintChange, SpecChange } from '@shoal/common';
import type { Palette } from './text.js';
import { printable } from './text.js';

const sign = { added: '+', removed: '-', changed: '~' } as const;

function value(of: unknown): string {
  return printable(JSON.stringify(of) ?? 'nothing');
}

/** What changed between two specs, a line each: `~ services.web.params.port: 8080 -> 8081`. */
export function changeLines(changes: readonly SpecChange[], paint: Palette): string {
  const color = { added: paint.good, removed: paint.bad, changed: paint.warn };
  return changes
    .map((c) => {
      const detail =
        c.kind === 'changed'
          ? `${value(c.before)} -> ${value(c.after)}`
          : value(c.kind === 'added' ? c.after : c.before);
      return `${color[c.kind](`${sign[c.kind]} ${printable(c.path)}`)}: ${detail}\n`;
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
