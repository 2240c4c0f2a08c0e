import { problemsError } from '../config/problems.js';
import type { Problem } from '../errors/shoal-error.js';
import { loadLiquid, renderParsed } from './liquid.js';
import { templateProblem, undefinedVariable } from './template-problem.js';

/**
 * The text of a Liquid template over `context`. Undefined variables (but in `if` and before `default`) and unknown filters are errors, as is
 * more than 1 s, 4 Mi characters and list entries made on the way, or 4 Mi characters of output; no other file can be read. Throws `invalid_input` with the place:
 * `nginx.conf:12:5: undefined variable params.prot; did you mean "port"?`. `name` is the template's, for messages.
 */
export async function renderTemplate(text: string, name: string, context: object): Promise<string> {
  const liquid = await loadLiquid();
  try {
    return await renderParsed(liquid, liquid.engine.parse(text, name), context);
  } catch (thrown) {
    throw problemsError([templateProblem(thrown, name, context)], 'invalid_input', { cause: thrown });
  }
}

/**
 * What is wrong with a template, found without rendering it: its syntax, unknown tags and filters and, when `parameters` is given, uses of
 * `params.NAME` for a parameter that isn't declared. Empty when it is sound.
 */
export async function checkTemplate(
  text: string,
  name: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<Problem[]> {
  const { engine } = await loadLiquid();
  try {
    const parsed = engine.parse(text, name);
    if (parameters === undefined) return [];
    const { globals } = await engine.analyze(parsed, { partials: false });
    return (globals['params'] ?? []).flatMap(({ segments, location }) => {
      const [, parameter] = segments;
      if (typeof parameter !== 'string' || parameter in parameters) return [];
      const message = undefinedVariable(`params.${parameter}`, { params: parameters });
      return [{ message, position: { file: name, line: location.row, column: location.col } }];
    });
  } catch (thrown) {
    return [templateProblem(thrown, name)];
  }
}
