import type { LogSource, MetricSource } from '@shoal/common';
import type { ProcessSpec } from '../../supervise/supervisor.js';

/** Steps as they are on this host: conditions decided, templates rendered, units of measure resolved. */

/** What every rendered step has. */
interface RenderedBase {
  readonly id: string;
  /** Milliseconds that each of checking, applying and undoing may take; default: no limit beside those of what the step does. */
  readonly timeoutMs?: number;
}

/** What a change asks of the service's process; null: nothing. */
export type Notify = 'reload' | 'restart' | null;

interface Owner {
  readonly owner?: string;
  readonly group?: string;
}

export interface RenderedDirectory extends RenderedBase, Owner {
  readonly type: 'directory';
  readonly path: string;
  readonly mode: number;
}

export interface RenderedFile extends RenderedBase, Owner {
  readonly type: 'file';
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** The file's validation, once it is known where its staged copy is. */
  readonly validate?: ValidateCommand;
  readonly notify: Notify;
}

export interface RenderedLink extends RenderedBase {
  readonly type: 'link';
  readonly path: string;
  readonly target: string;
  readonly notify: Notify;
}

export interface RenderedGroup extends RenderedBase {
  readonly type: 'group';
  readonly name: string;
  readonly gid?: number;
  readonly system: boolean;
}

export interface RenderedUser extends RenderedBase {
  readonly type: 'user';
  readonly name: string;
  readonly uid?: number;
  readonly group?: string;
  readonly groups: readonly string[];
  readonly home?: string;
  readonly shell?: string;
  readonly system: boolean;
}

export interface RenderedPackage extends RenderedBase {
  readonly type: 'package';
  readonly name: string;
  readonly version?: string;
}

export interface RenderedDownload extends RenderedBase, Owner {
  readonly type: 'download';
  /** http or https. */
  readonly url: string;
  /** In hex, lower case. */
  readonly sha256: string;
  readonly path: string;
  readonly mode: number;
  readonly maxBytes: number;
  readonly notify: Notify;
}

export interface RenderedArchive extends RenderedBase, Owner {
  readonly type: 'archive';
  readonly source: string;
  readonly format: 'tar' | 'zip';
  /** Of the source, when a download step of the service says it; null: only the file on the host can tell. */
  readonly sha256: string | null;
  readonly path: string;
  readonly strip: number;
  /** Relative to `path`. */
  readonly creates?: string;
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly notify: Notify;
}

export interface RenderedHosts extends RenderedBase {
  readonly type: 'hosts';
  readonly address: string;
  readonly names: readonly string[];
  /** What the line is known by: service and step. */
  readonly marker: string;
}

export interface RenderedWait extends RenderedBase {
  readonly type: 'wait';
  readonly for: WaitFor;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** What a wait step asks. */
export type WaitFor =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export interface RenderedDropin extends RenderedBase {
  readonly type: 'dropin';
  readonly unit: string;
  /** Of the file; its directory is named after the unit. */
  readonly path: string;
  readonly content: string;
  readonly notify: Notify;
}

export interface RenderedUnit extends RenderedBase {
  readonly type: 'unit';
  readonly unit: string;
  readonly enabled?: boolean;
  readonly state?: 'started' | 'stopped';
}

export interface RenderedExec extends RenderedBase {
  readonly type: 'exec';
  readonly command: readonly string[];
  readonly check?: readonly string[];
  readonly undo?: readonly string[];
  readonly directory?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface RenderedServiceStep extends RenderedBase {
  readonly type: 'service';
  readonly validate?: readonly string[];
}

export type RenderedStep =
  | RenderedArchive
  | RenderedDirectory
  | RenderedDownload
  | RenderedDropin
  | RenderedExec
  | RenderedFile
  | RenderedGroup
  | RenderedHosts
  | RenderedLink
  | RenderedPackage
  | RenderedServiceStep
  | RenderedUnit
  | RenderedUser
  | RenderedWait;

/** Where the files of a service stand while they are validated: step id to path. Those not named are at their own place. */
export type StagedPaths = Readonly<Record<string, string>>;

/** A file's validation command. It names staged copies, so it is rendered when these are there. */
export interface ValidateCommand {
  /** The unrendered words: part of what makes two renderings differ. */
  readonly words: readonly string[];
  render(staged: StagedPaths): Promise<readonly string[]>;
}

export interface RenderedHealth {
  readonly url: string;
  /** Asked during a gate only. */
  readonly probes?: readonly string[];
  /** Milliseconds, all four. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyForMs: number;
  readonly deadlineMs: number;
}

/** How the service is drained before it is disturbed. */
export interface RenderedDrain {
  readonly on: 'restart' | 'change';
  /** Milliseconds, all three. */
  readonly quietMs: number;
  readonly settleMs: number;
  readonly timeoutMs: number;
}

/** One service, ready to be converged. */
export interface RenderedService {
  readonly name: string;
  readonly steps: readonly RenderedStep[];
  readonly process: ProcessSpec;
  readonly health: RenderedHealth | null;
  /** Absent: it isn't. */
  readonly drain?: RenderedDrain;
  readonly logs: readonly LogSource[];
  readonly metrics: readonly MetricSource[];
  /** It has secrets: what stands above may hold their values. */
  readonly confidential: boolean;
  /** SHA-256 over everything else: two renderings with the same digest ask the same of the host. */
  readonly digest: string;
}
