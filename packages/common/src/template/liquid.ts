import type { Context, Emitter, Liquid, Template } from 'liquidjs';
import { servingFilter } from './serving-filter.js';

/** Longest template, in characters. */
export const maxTemplateLength: number = 1024 * 1024;
/** Longest text that a template may render to, in characters. */
export const maxOutputLength: number = 4 * 1024 * 1024;
/** Longest time that one rendering may take, in ms: meanwhile nothing else runs in the process. */
export const maxRenderMs: number = 1000;
/** Characters and list entries that filters and ranges may make while rendering. */
const maxAllocation = 4 * 1024 * 1024;

/** Tags that would read other files: a template stands alone. */
const fileTags = ['include', 'render', 'layout', 'block'];

type Module = typeof import('liquidjs');

/** The engine together with the library's module that it came from. */
export interface LiquidEngine {
  readonly module: Module;
  readonly engine: Liquid;
}

let loading: Promise<LiquidEngine> | undefined;

/** The one Liquid engine of the process, loaded at first use: strict variables and filters, limits, no files. */
export function loadLiquid(): Promise<LiquidEngine> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LiquidEngine> {
  const module = await import('liquidjs');
  const engine = new module.Liquid({
    strictVariables: true,
    strictFilters: true,
    // An undefined variable is an error where it is printed; `if` and `default` may ask for it.
    lenientIf: true,
    ownPropertyOnly: true,
    parseLimit: maxTemplateLength,
    renderLimit: maxRenderMs,
    memoryLimit: maxAllocation,
    templates: {},
    timezoneOffset: 0,
    // The same text on every host; and asking for the host's own loads the locales of the whole world (6 MB resident).
    locale: 'en-US',
  });
  for (const tag of fileTags) delete engine.tags[tag];
  // A text has to be the same each time that it is rendered from the same.
  delete engine.filters['sample'];
  engine.registerFilter('serving', servingFilter);
  return { module, engine };
}

/** Renders parsed templates; unlike the library's own `render` it stops as soon as the output is too long. */
export async function renderParsed(
  { module, engine }: LiquidEngine,
  templates: Template[],
  context: object,
): Promise<string> {
  const scope: Context = new module.Context(context, engine.options, {}, { liquid: engine });
  const output = new LimitedOutput();
  await module.toPromise(engine.renderer.renderTemplates(templates, scope, output));
  return output.buffer;
}

class LimitedOutput implements Emitter {
  buffer = '';

  write(value: unknown): void {
    const text = typeof value === 'string' ? value : stringify(value);
    if (this.buffer.length + text.length > maxOutputLength) throw new Error('output limit exceeded');
    this.buffer += text;
  }
}

/** As Liquid prints values: nothing for nil, lists run together. Mappings have no text that anyone could want. */
function stringify(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(stringify).join('');
  if (typeof value === 'object')
    throw new Error('a mapping has no text: print one of its members, or use the filter "json"');
  return String(value);
}
