/** Least time of a suspicion, ms: grows with the logarithm of the number of nodes. */
export function suspicionTimeout(mult: number, nodes: number, intervalMs: number): number {
  const scale = Math.trunc(1000 * Math.max(1, Math.log10(Math.max(1, nodes))));
  return (mult * scale * intervalMs) / 1000;
}

/** How long a suspicion still lasts in all, ms, after `confirmations` of the `expected` came in. */
export function suspicionDuration(confirmations: number, expected: number, min: number, max: number): number {
  if (expected < 1) return min;
  const share = Math.log(confirmations + 1) / Math.log(expected + 1);
  return Math.max(min, Math.floor(max - (max - min) * share));
}

/**
 * How often one update is put into packets by one node. memberlist sends half as much below 10 nodes, and then each
 * of them misses an update in about e^-4, 1.8 %, of cases, until the next push-pull.
 */
export function retransmitLimit(mult: number, nodes: number): number {
  return mult * Math.max(2, Math.ceil(Math.log10(nodes + 1)));
}

/** Time between push-pulls, ms: above 32 nodes it grows, so that their number per second stays bearable. */
export function pushPullInterval(intervalMs: number, nodes: number): number {
  if (nodes <= 32) return intervalMs;
  return intervalMs * (Math.ceil(Math.log2(nodes) - Math.log2(32)) + 1);
}
