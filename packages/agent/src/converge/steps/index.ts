import type { RenderedStep } from '../render/rendered.js';
import type { DirectoryUndo } from './directory.js';
import { directoryHandler } from './directory.js';
import type { ExecUndo } from './exec.js';
import { execHandler } from './exec.js';
import type { FileUndo } from './file.js';
import { fileHandler } from './file.js';
import type { StepHandler } from './handler.js';
import type { PackageUndo } from './package.js';
import { packageHandler } from './package.js';
import type { ServiceUndo } from './service.js';
import { serviceHandler } from './service.js';
import type { UnitUndo } from './unit.js';
import { unitHandler } from './unit.js';

/** What the journal keeps of a step; which one, its type tells. */
export type UndoRecord = DirectoryUndo | FileUndo | PackageUndo | UnitUndo | ExecUndo | ServiceUndo;

const handlers = {
  directory: directoryHandler,
  file: fileHandler,
  package: packageHandler,
  unit: unitHandler,
  exec: execHandler,
  service: serviceHandler,
} as const;

/** The handler of a type of step. The table guarantees that it takes that type's steps, which the compiler can't follow. */
export function handlerOf(type: RenderedStep['type']): StepHandler<RenderedStep, UndoRecord> {
  return handlers[type] as unknown as StepHandler<RenderedStep, UndoRecord>;
}
