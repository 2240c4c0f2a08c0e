import { canonicalJson, type FailureView, type PlanNode } from '@shoal/common';
import type { CompiledManifest } from './compiler.js';

function servicesOf(manifest: CompiledManifest | undefined): Map<string, string> {
  const services = manifest?.manifest.services ?? [];
  return new Map(services.map((service) => [service.name, canonicalJson(service)]));
}

/** What a node said when this content failed there; empty: nothing. `known`: failures of the node with the hash of what failed. */
export function knownRefusal(
  known: readonly { readonly hash: string; readonly failure: FailureView }[],
  hash: string,
): string {
  const failure = known.find((one) => one.hash === hash)?.failure;
  if (failure === undefined) return '';
  const { service, step, message } = failure;
  return `${service === '' ? step : `${service}/${step}`}: ${message}`;
}

/** What a manifest would change on a node: compared with what it shall be now, and with what was measured to run there. */
export function planNode(
  node: string,
  present: CompiledManifest | undefined,
  next: CompiledManifest,
  runningHash: string,
): PlanNode {
  const before = servicesOf(present);
  const after = servicesOf(next);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.filter((name) => before.get(name) !== after.get(name));
  const plan = { node, services: changed, differences: [], note: '', refused: '' };
  if (next.hash === runningHash) return { ...plan, action: 'same', services: [] };
  if (after.size === 0) return { ...plan, action: before.size === 0 ? 'same' : 'remove' };
  if (runningHash === '') return { ...plan, action: 'new', services: [...after.keys()] };
  // It shall be that already, but something else was measured: it is behind.
  if (changed.length === 0) return { ...plan, action: 'change', services: [...after.keys()] };
  return { ...plan, action: changed.every((name) => !after.has(name)) ? 'remove' : 'change' };
}
