import type { BlueprintFiles } from './blueprint-files.js';
import type { LoadedBlueprint } from './blueprint-set.js';
import { parseBlueprint } from './parse-blueprint.js';

/** So many places at most; beyond that all are judged anew. */
const mostPlaces = 1000;

interface Remembered {
  readonly texts: BlueprintFiles['texts'];
  readonly blueprint: LoadedBlueprint;
}

/**
 * A `parseBlueprint` that judges a place's files only when their texts aren't those of the last time: compiling a blueprint's schemas and templates takes a
 * hundred times as long as reading it. What was refused is judged each time.
 */
export function rememberBlueprints(): (files: BlueprintFiles) => Promise<LoadedBlueprint> {
  const known = new Map<string, Remembered>();
  return async (files) => {
    const before = known.get(files.place);
    if (before !== undefined && areSame(before.texts, files.texts)) return before.blueprint;
    known.delete(files.place);
    const blueprint = await parseBlueprint(files);
    if (known.size >= mostPlaces) known.clear();
    known.set(files.place, { texts: files.texts, blueprint });
    return blueprint;
  };
}

function areSame(one: BlueprintFiles['texts'], other: BlueprintFiles['texts']): boolean {
  return one.size === other.size && [...one].every(([name, text]) => other.get(name) === text);
}
