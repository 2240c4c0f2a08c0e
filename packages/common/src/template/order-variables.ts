import { ShoalError } from '../errors/shoal-error.js';
import { loadLiquid } from './liquid.js';

/**
 * The names of a blueprint's variables, each after those that its template uses. The order in which they were written doesn't matter, and
 * doesn't survive a manifest's canonical JSON either. Throws `invalid_input` when they use each other in a circle.
 */
export async function orderVariables(variables: Readonly<Record<string, string>>): Promise<string[]> {
  const uses = new Map<string, readonly string[]>();
  for (const [name, text] of Object.entries(variables)) uses.set(name, await usedNames(text));
  const ordered = new Set<string>();
  const visit = (name: string, trail: readonly string[]) => {
    if (ordered.has(name) || !uses.has(name)) return;
    if (trail.includes(name)) {
      const circle = [...trail.slice(trail.indexOf(name)), name].join(' -> ');
      throw new ShoalError('invalid_input', `variables use each other in a circle: ${circle}`);
    }
    for (const used of uses.get(name) ?? []) visit(used, [...trail, name]);
    ordered.add(name);
  };
  for (const name of [...uses.keys()].sort()) visit(name, []);
  return [...ordered];
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
