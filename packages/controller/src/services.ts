import type {
  AddedBlueprint,
  ApplyResult,
  BlueprintDetail,
  BlueprintFiles,
  BlueprintList,
  BlueprintView,
  ClusterEvent,
  DriftView,
  GossipKeysView,
  InstalledLicenseView,
  LicenseView,
  LogLine,
  LogRecord__Output,
  MemberView,
  NodeView,
  Plan,
  RevisionDetail,
  RevisionDiff,
  RevisionView,
  RolloutRequestView,
  RolloutStrategy,
  RolloutView,
  SecretView,
  StatSample__Output,
  StatSeries,
  StatusView,
  StepEventView,
  TokenView,
} from '@shoal/common';

/** Who asks, and by which door; what audit records name. */
export interface Actor {
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly door: 'grpc' | 'http';
}

/** What an operator asks of a rollout. */
export interface RolloutRequest {
  readonly what: RolloutRequestView['what'];
  /** The rollout that is meant; refused with `conflict` when it isn't the newest. Default: the newest. */
  readonly revision?: number;
  /** With `abort`: nodes stay as they are. Default false. */
  readonly keep?: boolean;
}

export interface LogQuery {
  readonly node?: string;
  readonly service?: string;
  readonly source?: string;
  readonly grep?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
}

export interface StatQuery {
  readonly node?: string;
  readonly metrics?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly points?: number;
}

/** Append-only storage of log lines by node, with retention by age and bytes. The link appends, operations search and follow. */
export interface LogStorage {
  /**
   * Appends the records of one batch that aren't held yet, and resolves once they are durable. Sequence numbers at or below what
   * is held of this (node, spool) are dropped: nothing appears twice, also after a crash between append and acknowledgment.
   * Returns the highest sequence number held.
   */
  append(node: string, spoolId: string, records: readonly LogRecord__Output[]): Promise<number>;
  search(query: LogQuery): Promise<{ lines: readonly LogLine[]; truncated: boolean }>;
  follow(query: LogQuery & { readonly backlog?: number }, signal: AbortSignal): AsyncIterable<LogLine>;
}

/** The same for samples. */
export interface StatStorage {
  append(node: string, spoolId: string, samples: readonly StatSample__Output[]): Promise<number>;
  query(query: StatQuery): Promise<readonly StatSeries[]>;
  latest(node?: string): readonly { node: string; at: number; values: Readonly<Record<string, number>> }[];
}

/** What the controller can do, as the table of operations calls it. Failures are ShoalErrors. */
export interface ControllerServices {
  status(): Promise<StatusView>;
  readonly license: {
    view(): LicenseView;
    /** @throws ShoalError that names why it is refused, and what to do */
    install(text: string, actor: Actor): Promise<InstalledLicenseView>;
    /** What `install` would answer; changes nothing. @throws ShoalError as `install` */
    preview(text: string): Promise<InstalledLicenseView>;
    /** `id` may be left out when one is installed. @throws ShoalError `not_found`, `failed_precondition` */
    remove(id: string | undefined, actor: Actor): Promise<LicenseView>;
  };
  readonly tokens: {
    create(options: { ttlMs: number; uses: number }, actor: Actor): Promise<TokenView & { token: string }>;
    list(): Promise<readonly TokenView[]>;
    revoke(id: string): Promise<TokenView>;
  };
  readonly nodes: {
    list(): readonly NodeView[];
    /** `not_found` with the nearest name as hint. */
    get(name: string): NodeView;
    /** Drains the node, or with `service` that one of its services. */
    drain(name: string, service: string | undefined, actor: Actor): Promise<NodeView>;
    /** Takes `drain` back. */
    undrain(name: string, service?: string): Promise<NodeView>;
    /** Gives whether a rotation of the gossip key follows, or was queued: the node knows the keys. */
    remove(
      name: string,
      actor: Actor,
      options?: { readonly keepGossipKey?: boolean },
    ): Promise<{ readonly isRotating: boolean }>;
  };
  /** What no longer holds on nodes. */
  readonly drifts: {
    /** Of all nodes or of one (`not_found`), by node. */
    list(node?: string): readonly (DriftView & { readonly node: string })[];
    /** Resolves when the node is done. `step_failed` when a step failed, `unavailable` without a link. */
    repair(
      node: string,
      service: string | undefined,
    ): Promise<readonly { readonly service: string; readonly step: string }[]>;
  };
  /** The gossip keys by their fingerprints, and their rotation; `ignored` names nodes not to wait for while they are away or silent. */
  readonly gossipKeys: {
    view(): GossipKeysView;
    rotate(ignored: readonly string[], actor: Actor): Promise<GossipKeysView>;
    ignore(nodes: readonly string[]): Promise<GossipKeysView>;
    abort(): Promise<GossipKeysView>;
    /** These three answer the key that was meant, too. */
    install(): Promise<GossipKeysView & { readonly fingerprint: string }>;
    use(
      fingerprint: string,
      ignored: readonly string[],
    ): Promise<GossipKeysView & { readonly fingerprint: string }>;
    remove(
      fingerprint: string,
      ignored: readonly string[],
    ): Promise<GossipKeysView & { readonly fingerprint: string }>;
  };
  readonly members: {
    /** The controller's own view, or that of a node, asked over its link (`unavailable` when it isn't connected). */
    list(node?: string): Promise<readonly MemberView[]>;
  };
  readonly specs: {
    plan(input: { spec: string; file: string; onNodes: boolean; nodes?: readonly string[] }): Promise<Plan>;
    apply(
      input: { spec: string; file: string; reason: string; basedOn?: number; strategy?: RolloutStrategy },
      actor: Actor,
    ): Promise<ApplyResult>;
    /** Commits an earlier revision's spec, with the blueprints that it had, as a new one. */
    restore(
      input: { revision: number; reason?: string; basedOn?: number; strategy?: RolloutStrategy },
      actor: Actor,
    ): Promise<ApplyResult>;
  };
  /** Secrets without their values, and a way to give them one. */
  readonly secrets: {
    set(name: string, value: string, actor: Actor): Promise<SecretView>;
    list(): Promise<readonly SecretView[]>;
    /** Gives the revisions that need it. */
    remove(name: string, force: boolean, actor: Actor): Promise<readonly number[]>;
  };
  readonly blueprints: {
    list(): Promise<BlueprintList>;
    /** @throws ShoalError `not_found` with the nearest name */
    get(name: string): Promise<BlueprintDetail>;
    /** @throws ShoalError `invalid_input` with every problem, `already_exists` for a version with other content */
    add(files: BlueprintFiles, actor: Actor): Promise<AddedBlueprint>;
    /** @throws ShoalError `not_found`, `failed_precondition` while it is used or isn't an uploaded one */
    remove(nameAtVersion: string): Promise<BlueprintView>;
  };
  readonly revisions: {
    list(limit: number): Promise<readonly RevisionView[]>;
    get(number?: number): Promise<RevisionDetail>;
    diff(from?: number, to?: number): Promise<RevisionDiff>;
  };
  readonly rollouts: {
    get(revision?: number): Promise<RolloutView & { events: readonly StepEventView[] }>;
    list(limit: number): Promise<readonly RolloutView[]>;
    /** What an operator asks of the newest rollout; audited with the change itself. */
    request(request: RolloutRequest, actor: Actor): Promise<RolloutView>;
  };
  readonly logs: LogStorage;
  readonly stats: StatStorage;
  /** Every change from now on, until `signal` aborts. A consumer that lags by more than 1000 events is ended (it reads the lists again). */
  events(signal: AbortSignal): AsyncIterable<ClusterEvent>;
}
