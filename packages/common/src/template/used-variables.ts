import { loadLiquid } from './liquid.js';

/** A variable that a template takes from its context: `params.port` is `['params', 'port']`, as far as names are written there. */
export interface UsedVariable {
  readonly path: readonly string[];
  /** In the template, from 1. */
  readonly line: number;
  readonly column: number;
}

/** Every variable that a template takes from its context, in all of its branches. None for a faulty template: `checkTemplate` tells what is wrong with it. */
export async function usedVariables(text: string): Promise<UsedVariable[]> {
  if (!/\{[{%]/.test(text)) return [];
  const { engine } = await loadLiquid();
  try {
    const { globals } = await engine.analyze(engine.parse(text), { partials: false });
    return Object.values(globals).flatMap((uses) =>
      uses.map(({ segments, location }) => ({
        path: namesOf(segments),
        line: location.row,
        column: location.col,
      })),
    );
  } catch {
    return [];
  }
}

/** The same of a condition (`when`); its one line begins where the text does. */
export async function usedInCondition(expression: string): Promise<UsedVariable[]> {
  return usedVariables(`{% if ${expression} %}{% endif %}`);
}

/** The names before the first part that only rendering knows (`params[name]`, `list[0]`). */
function namesOf(segments: readonly unknown[]): string[] {
  const end = segments.findIndex((segment) => typeof segment !== 'string');
  return segments.slice(0, end < 0 ? undefined : end).map(String);
}
