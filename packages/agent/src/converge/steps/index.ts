import type { RenderedStep } from '../render/rendered.js';
import type { ArchiveUndo } from './archive.js';
import { archiveHandler } from './archive.js';
import type { DirectoryUndo } from './directory.js';
import { directoryHandler } from './directory.js';
import { downloadHandler } from './download.js';
import type { DropinUndo } from './dropin.js';
import { dropinHandler } from './dropin.js';
import type { ExecUndo } from './exec.js';
import { execHandler } from './exec.js';
import { fileHandler } from './file.js';
import type { GroupUndo } from './group.js';
import { groupHandler } from './group.js';
import type { StepHandler } from './handler.js';
import type { HostsUndo } from './hosts.js';
import { hostsHandler } from './hosts.js';
import { linkHandler } from './link.js';
import type { PackageUndo } from './package.js';
import { packageHandler } from './package.js';
import type { Replacement } from './replace.js';
import type { ServiceUndo } from './service.js';
import { serviceHandler } from './service.js';
import type { UnitUndo } from './unit.js';
import { unitHandler } from './unit.js';
import type { UserUndo } from './user.js';
import { userHandler } from './user.js';
import { waitHandler } from './wait.js';

/** What the journal keeps of a step; which one, its type tells. */
export type UndoRecord =
  | ArchiveUndo
  | DirectoryUndo
  | DropinUndo
  | ExecUndo
  | GroupUndo
  | HostsUndo
  | PackageUndo
  | Replacement
  | ServiceUndo
  | UnitUndo
  | UserUndo
  | Readonly<Record<string, never>>;

const handlers = {
  archive: archiveHandler,
  directory: directoryHandler,
  download: downloadHandler,
  dropin: dropinHandler,
  exec: execHandler,
  file: fileHandler,
  group: groupHandler,
  hosts: hostsHandler,
  link: linkHandler,
  package: packageHandler,
  service: serviceHandler,
  unit: unitHandler,
  user: userHandler,
  wait: waitHandler,
} as const;

/** The handler of a type of step. The table guarantees that it takes that type's steps, which the compiler can't follow. */
export function handlerOf(type: RenderedStep['type']): StepHandler<RenderedStep, UndoRecord> {
  return handlers[type] as unknown as StepHandler<RenderedStep, UndoRecord>;
}
