/** Running totals since the start. */
export interface Counters {
  probes: number;
  probesFailed: number;
  indirectProbes: number;
  /** Probes that only TCP answered. */
  tcpProbes: number;
  /** Probes that say nothing, because this process itself was too slow. */
  probesInconclusive: number;
  nacksMissed: number;
  suspicionsRaised: number;
  suspicionsConfirmed: number;
  suspicionsRefuted: number;
  /** Times that a suspect answered a ping, so that its suspicion began anew. */
  suspicionsPostponed: number;
  /** Times that this node had to refute an accusation of itself. */
  selfRefutations: number;
  failuresDeclared: number;
  malformed: number;
  incompatible: number;
  implausible: number;
  conflicts: number;
  /** Claims and merges that the application refused. */
  vetoed: number;
  userMessages: number;
  syncs: number;
  syncsFailed: number;
  rejoins: number;
}

/** All zero. */
export function newCounters(): Counters {
  return {
    probes: 0,
    probesFailed: 0,
    indirectProbes: 0,
    tcpProbes: 0,
    probesInconclusive: 0,
    nacksMissed: 0,
    suspicionsRaised: 0,
    suspicionsConfirmed: 0,
    suspicionsRefuted: 0,
    suspicionsPostponed: 0,
    selfRefutations: 0,
    failuresDeclared: 0,
    malformed: 0,
    incompatible: 0,
    implausible: 0,
    conflicts: 0,
    vetoed: 0,
    userMessages: 0,
    syncs: 0,
    syncsFailed: 0,
    rejoins: 0,
  };
}
