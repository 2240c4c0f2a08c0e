import type { BlueprintDetail, BlueprintView, ParameterSchema, Step } from '@shoal/common';
import { formatTable } from '../output/table.js';
import { printable, shortHash } from '../output/text.js';

/** Blueprints as a table. */
export function blueprintTable(blueprints: readonly BlueprintView[]): string {
  const notes = blueprints
    .filter(({ note }) => note !== '')
    .map(({ name, version, note }) => `${name}@${version}: ${printable(note)}\n`);
  const table = formatTable(blueprints, [
    { heading: 'NAME', cell: (b) => b.name },
    { heading: 'VERSION', cell: (b) => `${b.version}${b.newest ? '' : ' (older)'}` },
    { heading: 'SOURCE', cell: (b) => b.source },
    { heading: 'USED BY', cell: (b) => b.usedBy.join(', ') || '-' },
    { heading: 'DESCRIPTION', cell: (b) => printable(b.description) },
  ]);
  return table + notes.join('');
}

/** One blueprint: what can be set, and what it does on a host. */
export function blueprintText(detail: BlueprintDetail): string {
  const { name, version, description, source, place, hash, usedBy, note, blueprint } = detail;
  const where = place === '' ? source : `${source}, ${place}`;
  const head = [
    `${name}@${version} (${where}): ${printable(description)}`,
    `content ${shortHash(hash)}, used by ${usedBy.join(', ') || 'no service'}`,
    ...(blueprint.feature === undefined ? [] : [`needs the licensed feature "${blueprint.feature}"`]),
    ...(note === '' ? [] : [printable(note)]),
  ];
  const parameters = formatTable(Object.entries(blueprint.parameters), [
    { heading: 'PARAMETER', cell: ([parameter]) => parameter },
    { heading: 'TYPE', cell: ([, schema]) => typeOf(schema) },
    {
      heading: 'DEFAULT',
      cell: ([, schema]) =>
        schema.default === undefined ? '(required)' : printable(JSON.stringify(schema.default)),
    },
    { heading: 'DESCRIPTION', cell: ([, schema]) => printable(schema.description) },
  ]);
  const steps = formatTable(blueprint.steps, [
    { heading: 'STEP', cell: (step) => step.id },
    { heading: 'TYPE', cell: (step) => step.type },
    { heading: 'WHAT', cell: (step) => printable(whatOf(step)) },
    { heading: 'WHEN', cell: (step) => step.when ?? '' },
  ]);
  return `${head.join('\n')}\n\n${parameters}\n${steps}`;
}

/** `integer 1..65535`, `all | node`, `list of string`. */
function typeOf(schema: ParameterSchema): string {
  const choices = schema['enum'];
  const { minimum, maximum, items } = schema as {
    minimum?: number;
    maximum?: number;
    items?: { type?: unknown };
  };
  if (Array.isArray(choices)) return choices.map(String).join(' | ');
  const bounds = minimum === undefined && maximum === undefined ? '' : ` ${minimum ?? ''}..${maximum ?? ''}`;
  const members = schema.type === 'array' ? `list of ${String(items?.type ?? 'anything')}` : schema.type;
  return `${members}${bounds}${schema.secret === true ? ', secret' : ''}`;
}

/** The one thing that tells a step from others of its type. */
function whatOf(step: Step): string {
  const { path, unit, name, command, url, address, port } = step as object as Partial<
    Record<string, unknown>
  >;
  const said = path ?? unit ?? name ?? command ?? url ?? address ?? port ?? '';
  return Array.isArray(said) ? said.join(' ') : String(said);
}
