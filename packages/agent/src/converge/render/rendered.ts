import type { LogSource, MetricSource } from '@shoal/common';
import type { ProcessSpec } from '../../supervise/supervisor.js';

/** Steps as they are on this host: conditions decided, templates rendered, units of measure resolved. */

export interface RenderedDirectory {
  readonly type: 'directory';
  readonly id: string;
  readonly path: string;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

export interface RenderedFile {
  readonly type: 'file';
  readonly id: string;
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
  /** The file's validation, once it is known where its staged copy is. */
  readonly validate?: ValidateCommand;
  readonly notify: 'reload' | 'restart' | null;
}

export interface RenderedPackage {
  readonly type: 'package';
  readonly id: string;
  readonly name: string;
  readonly version?: string;
}

export interface RenderedUnit {
  readonly type: 'unit';
  readonly id: string;
  readonly unit: string;
  readonly enabled?: boolean;
  readonly state?: 'started' | 'stopped';
}

export interface RenderedExec {
  readonly type: 'exec';
  readonly id: string;
  readonly command: readonly string[];
  readonly check?: readonly string[];
  readonly undo?: readonly string[];
  readonly directory?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface RenderedServiceStep {
  readonly type: 'service';
  readonly id: string;
  readonly validate?: readonly string[];
}

export type RenderedStep =
  | RenderedDirectory
  | RenderedFile
  | RenderedPackage
  | RenderedUnit
  | RenderedExec
  | RenderedServiceStep;

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
