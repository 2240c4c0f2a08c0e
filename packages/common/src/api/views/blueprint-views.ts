import type { Blueprint } from '../../blueprint/blueprint.js';
import type { Problem } from '../../errors/shoal-error.js';

/** Where a blueprint came from. */
export type BlueprintSource = 'built-in' | 'directory' | 'uploaded';

/** One version of a blueprint that specs can name. */
export interface BlueprintView {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly source: BlueprintSource;
  /** Folder or archive on the controller's host; empty for one that was uploaded. */
  readonly place: string;
  /** SHA-256 of its content, hex. */
  readonly hash: string;
  /** It is what `blueprint: NAME` without a version means now. */
  readonly newest: boolean;
  /** Services of the newest revision that run this very content. */
  readonly usedBy: readonly string[];
  /** What an operator should know of it, e.g. that it stands before another one of the same version; empty: nothing. */
  readonly note: string;
  /** When and by whom it was uploaded; null for one on disk. */
  readonly uploaded: { readonly at: number; readonly by: string } | null;
}

/** One blueprint with what it is made of. */
export interface BlueprintDetail extends BlueprintView {
  /** The whole definition, template files inlined. */
  readonly blueprint: Blueprint;
}

/** All that specs can name, and what stands in the way of others. */
export interface BlueprintList {
  /** By name, then version, rising. */
  readonly blueprints: readonly BlueprintView[];
  /** Faults of blueprints on the controller's disk: until they are mended no spec can be applied. */
  readonly problems: readonly Problem[];
}

/** What an uploaded blueprint became. */
export interface AddedBlueprint {
  readonly blueprint: BlueprintView;
  /** False: this very content was there already. */
  readonly added: boolean;
}
