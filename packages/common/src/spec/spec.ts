/** A parameter's value as it stands in a spec. */
export type ParamValue =
  | string
  | number
  | boolean
  | null
  | readonly ParamValue[]
  | { readonly [key: string]: ParamValue };

/** Parameter name to value. */
export type Params = Readonly<Record<string, ParamValue>>;

/** Which nodes run a service: every node, those named, or those that stand at a site. */
export type NodeSelector = 'all' | readonly string[] | { readonly site: string };

/** What agents do when something of a service no longer holds on its host: tell it, or put it back. */
export type DriftPolicy = 'report' | 'repair';

/** One service of the spec. */
export interface ServiceSpec {
  /** Name of the blueprint, optionally `name@version`. */
  readonly blueprint: string;
  readonly nodes: NodeSelector;
  /** Services that come before it: on its nodes they are converged first, and nodes that run them are changed first. */
  readonly needs?: readonly string[];
  /** Default `report`. */
  readonly drift?: DriftPolicy;
  /** Values for the blueprint's parameters, for every node. */
  readonly params?: Params;
  /** Values that replace those of `params` on the nodes of one site. */
  readonly perSite?: Readonly<Record<string, Params>>;
  /** Values that replace those of `params` and `perSite` on one node. */
  readonly perNode?: Readonly<Record<string, Params>>;
}

/**
 * The order in which nodes get a change: `one-by-one`; `batches`, each once the one before it has succeeded; `canary`, a first batch that is looked
 * at, then batches; `all-at-once`.
 */
export type RolloutStrategy = 'one-by-one' | 'batches' | 'canary' | 'all-at-once';

/** A number of nodes, or a share of the nodes that the change touches (`25%`, rounded down, at least one). */
export type NodeCount = number | string;

/** The first batch of strategy `canary`. */
export interface CanaryPolicy {
  /** How many, what share, or which. Default 1. */
  readonly nodes?: NodeCount | readonly string[];
  /** `manual`: it waits for `rollout.promote`; a length of time: it goes on by itself after that time in which the canary stayed healthy. Default `manual`. */
  readonly promote?: 'manual' | Duration;
}

/** What a node's own traffic must be like after a change, compared with before it; judged on the node. */
export interface RolloutGate {
  /** How long traffic is watched. Default `5s` for services that are drained, else `0s` (it isn't). */
  readonly observe?: Duration;
  /** Share of failed requests that may be added to that before, 0 to 1. Default 0.01. */
  readonly maxErrorRateIncrease?: number;
  /** Part of the 95th percentile of the time to answer that may be added to that before: 0.5 allows half as much again. Default 0.5. */
  readonly maxLatencyIncrease?: number;
  /** Fewer requests than that are no evidence. Default 20. */
  readonly minRequests?: number;
}

/** How a change is brought to the nodes. */
export interface RolloutPolicy {
  /** Default `one-by-one`. */
  readonly strategy?: RolloutStrategy;
  /** Size of a batch, with strategy `batches` and after a canary. Default 25%. */
  readonly batch?: NodeCount;
  readonly canary?: CanaryPolicy;
  /**
   * Upper bound of nodes under way at once. Where it is given, nodes that run what the change touches and are down or unhealthy count as well.
   * Default: the batch.
   */
  readonly maxUnavailable?: NodeCount;
  /** Sites whose nodes come first, in this order. */
  readonly order?: readonly string[];
  /** How long a node may take from offer to healthy before it counts as failed. Default `5m`. */
  readonly nodeDeadline?: Duration;
  /** How long the whole rollout may take before it counts as failed; time in which it is paused doesn't count. Default: none. */
  readonly deadline?: Duration;
  /** What follows when a node fails: every node that the rollout changed goes back to what it ran before, or nothing more is done. Default `undo`. */
  readonly onFailure?: 'undo' | 'stop';
  /** Default: as its parts have it. */
  readonly gate?: RolloutGate;
}

/** A length of time as people write it: `500ms`, `10s`, `5m`, `24h`, `7d`. */
export type Duration = string;

/** `cluster.yaml`: which services run on which nodes with which parameters. Desired state, whole. */
export interface Spec {
  /** Name of the cluster that this spec is for; a spec for another cluster is refused. */
  readonly cluster: string;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly rollout?: RolloutPolicy;
}
