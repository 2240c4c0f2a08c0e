import { stat } from 'node:fs/promises';
import type { BlueprintFiles, Finding, Problem, YamlDocument } from '@shoal/common';
import {
  formatProblem,
  lintBlueprint,
  readBlueprintArchive,
  readBlueprintFolder,
  ShoalError,
} from '@shoal/common';

/** A blueprint's files from its folder or its archive. @throws ShoalError `not_found`, `invalid_input` */
export async function readFiles(path: string): Promise<BlueprintFiles> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new ShoalError('not_found', `There is no folder or archive ${path}`, {
      hint: 'Begin one with: shoal blueprint new NAME',
    });
  });
  // A trailing slash would stand twice in every message.
  const place = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return found.isDirectory() ? readBlueprintFolder(place) : readBlueprintArchive(place);
}

/** Everything that is wrong with a blueprint, or could be better: in its files, and when it is rendered for a made-up host. In the order of their places. */
export async function lint(files: BlueprintFiles): Promise<readonly Finding[]> {
  const { blueprint, document, findings } = await lintBlueprint(files);
  if (blueprint === undefined || document === undefined) return findings.toSorted(byPlace);
  // The renderer is the agent's own: what passes here renders there. By itself: the agent may not be installed.
  const { trialRender } = await import('@shoal/agent/trial-render');
  const trials: Finding[] = [];
  for (const { supervisor, step, problems } of await trialRender(blueprint)) {
    for (const problem of problems) {
      const told = { severity: 'error' as const, ...placed(problem, step, files, document) };
      const message = `${told.message} (rendered for ${supervisor}, with sample parameters)`;
      const twin = trials.some(({ position }) => samePlace(position, told.position));
      if (!twin) trials.push({ ...told, message });
    }
  }
  return [...findings, ...trials].toSorted(byPlace);
}

/** A problem of rendering names a template; its place is that file, or the step in `blueprint.yaml`. */
function placed(problem: Problem, step: string, files: BlueprintFiles, document: YamlDocument): Problem {
  const file = problem.position?.file;
  if (file !== undefined && files.texts.has(`templates/${file}`)) {
    return {
      ...problem,
      position: { ...problem.position, file: `${files.place}/templates/${file}` } as Finding['position'] &
        object,
    };
  }
  const steps = (document.value as { steps: readonly { id: string }[] }).steps;
  const index = steps.findIndex(({ id }) => id === step);
  const path = index < 0 ? [step] : ['steps', index];
  return { message: `${file ?? step}: ${problem.message}`, position: document.positionOf(path, 'key') };
}

function samePlace(a: Finding['position'], b: Finding['position']): boolean {
  return a?.file === b?.file && a?.line === b?.line && a?.column === b?.column;
}

function byPlace(a: Finding, b: Finding): number {
  const file = (a.position?.file ?? '').localeCompare(b.position?.file ?? '');
  if (file !== 0) return file;
  return (
    (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0)
  );
}

/** A finding as a line: `gw/blueprint.yaml:3:5: error: unknown key "stepz"`. */
export function findingLine(finding: Finding): string {
  const { severity, message, position } = finding;
  return formatProblem({
    message: `${severity}: ${message}`,
    ...(position === undefined ? {} : { position }),
  });
}
