import type {
  GatePolicy,
  LogSource,
  Manifest,
  MemberView,
  MetricSource,
  NodeReport,
  StepDifference,
  StepEvent,
} from '@shoal/common';
import type { Grant } from '../lease/lease-states.js';
import type { SecretValue } from '../secrets/secret-store.js';
import type { Failure } from './state.js';

/** How services' processes are run on this host: by systemd units, or as child processes of the agent. */
export type SupervisorKind = 'systemd' | 'process';

/** What templates see of the host and the cluster, besides the service's own parameters (docs/blueprints.md). */
export interface TemplateFacts {
  readonly node: {
    readonly name: string;
    readonly site: string /** Host part of the gossip address. */;
    readonly address: string;
  };
  readonly facts: Readonly<Record<string, string>>;
  /** Alive members, this node included, sorted by name; never empty. */
  readonly members: readonly MemberView[];
  /** The members are those that were known when the node left the gossip. Default: they are of now. */
  readonly membersFrozen?: boolean;
  readonly lease: Grant;
}

/** How a repair ended: what was put back, or which step failed, so that everything that the repair had changed was undone. */
export interface RepairOutcome {
  readonly repaired: readonly { readonly service: string; readonly step: string }[];
  readonly failure: Failure | null;
}

/** What is to be observed of a service that is in force; all templates rendered. */
export interface ObservedService {
  readonly service: string;
  readonly logs: readonly LogSource[];
  readonly metrics: readonly MetricSource[];
}

/** How a manifest was offered. */
export interface OfferOptions {
  /** It shall be tried although it failed here before. */
  readonly retryFailed: boolean;
  /** The controller's number for this offer, which a failure is reported with. Default 0. */
  readonly attempt?: number;
  /** Values of secrets that the manifest names. Default: none. */
  readonly secrets?: readonly SecretValue[];
  /** How traffic is judged after the change; absent: by the defaults. */
  readonly gate?: GatePolicy;
}

/**
 * Brings this host to what a manifest says and keeps the three hashes. One manifest is worked on at a time; the latest
 * offer replaces an earlier one that wasn't begun. State survives kill -9 at any point: what was begun is on disk with what is
 * needed to undo it, and `start` goes on from there.
 */
export interface Converger {
  /** Reads the state on disk, finishes or undoes an interrupted attempt, starts supervising the services in force, and renders anew what members and lease make different by now. */
  start(): Promise<void>;
  /** Stops supervising. Services under systemd go on; child processes are stopped gracefully. */
  stop(): Promise<void>;
  /**
   * Begins to converge to a manifest whose signature was verified. Nothing happens when it runs already, or when this content
   * failed here before and `retryFailed` isn't set. `acceptedHash`: its content hash.
   */
  offer(manifest: Manifest, acceptedHash: string, options: OfferOptions): void;
  /** The manifest in force, or the one that was offered last, if it has that content hash. */
  held(hash: string): Manifest | undefined;
  /** What converging to it would change; changes nothing. `secrets`: values that the manifest names, default none. */
  check(manifest: Manifest, secrets?: readonly SecretValue[]): Promise<readonly StepDifference[]>;
  /**
   * Puts back once what drifted of a service (empty: of all), whatever the policies say, after what is under way. Resolves when that ended; rejects
   * with `failed_precondition` when it couldn't be begun.
   */
  repair(service: string): Promise<RepairOutcome>;
  /** The full report of what is true now, `full: true`. */
  report(): NodeReport;
  observed(): readonly ObservedService[];
  /** Services that load balancers shall send nothing new to, for the gossip; `*` alone: all of this node's. */
  draining(): readonly string[];
  /** An operator wants these services drained (`*`: all), and no others, until this is called again; whatever happens to agent and controller. */
  drain(services: readonly string[]): Promise<void>;
  /** Membership or lease changed: templates that depend on them are rendered again (debounced) and converged. */
  factsChanged(): void;
}

/** Where a converger tells what happens. All calls are synchronous and must not throw. */
export interface ConvergeListener {
  /** The report changed. */
  reportChanged(report: NodeReport): void;
  stepEvent(event: StepEvent): void;
  observedChanged(services: readonly ObservedService[]): void;
  /** A line of a child process's own output (process supervisor). */
  processOutput(service: string, line: string): void;
}
