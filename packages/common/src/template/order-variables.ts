import { ShoalError } from '../errors/shoal-error.js';
import { loadLiquid } from './liquid.js';

/** Variables that use each other in a circle, the first one again at the end: `[a, b, a]`. Undefined when there is none. */
export async function variableCycle(
  variables: Readonly<Record<string, string>>,
): Promise<string[] | undefined> {
  const { cycle } = await arrange(variables);
  return cycle;
}

/**
 * The names of a blueprint's variables, each after those that its template uses. The order in which they were written doesn't matter, and
 * doesn't survive a manifest's canonical JSON either. Throws `invalid_input` when they use each other in a circle.
 */
export async function orderVariables(variables: Readonly<Record<string, string>>): Promise<string[]> {
  const { ordered, cycle } = await arrange(variables);
  if (cycle === undefined) return ordered;
  throw new ShoalError('invalid_input', `variables use each other in a circle: ${cycle.join(' -> ')}`);
}

async function arrange(
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly ordered: string[]; readonly cycle?: string[] }> {
  const uses = new Map<string, readonly string[]>();
  for (const [name, text] of Object.entries(variables)) uses.set(name, await usedNames(text));
  const ordered = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    if (ordered.has(name) || !uses.has(name)) return undefined;
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    for (const used of uses.get(name) ?? []) {
      const cycle = visit(used, [...trail, name]);
      if (cycle !== undefined) return cycle;
    }
    ordered.add(name);
    return undefined;
  };
  for (const name of [...uses.keys()].sort()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return { ordered: [], cycle };
  }
  return { ordered: [...ordered] };
}

/** Names that a template takes from its context. None for a faulty one: rendering tells what is wrong with it. */
async function usedNames(text: string): Promise<string[]> {
  if (!/\{[{%]/.test(text)) return [];
  const { engine } = await loadLiquid();
  try {
    const { globals } = await engine.analyze(engine.parse(text), { partials: false });
    return Object.keys(globals).sort();
  } catch {
    return [];
  }
}
