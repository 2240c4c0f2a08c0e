import type { SpecChange } from '../api/views.js';
import { formatPath } from '../config/describe-mistake.js';
import { canonicalJson } from '../identity/canonical-json.js';
import type { Spec } from './spec.js';

/**
 * What changes from one spec to another, value by value: mappings are compared key by key, lists as a whole. A service that
 * comes or goes is one change. Keys in the order of `before`, then new ones in the order of `after`; empty when nothing changes.
 */
export function diffSpecs(before: Spec | undefined, after: Spec): SpecChange[] {
  return diffValues(before ?? {}, after, []);
}

function diffValues(before: unknown, after: unknown, path: readonly string[]): SpecChange[] {
  // The mappings that hold specs together are walked even when one side is missing, so that each service is a change of its own.
  const walkAlways = path.length === 0 || (path.length === 1 && path[0] === 'services');
  const from = before === undefined && walkAlways ? {} : before;
  const to = after === undefined && walkAlways ? {} : after;
  if (isMapping(from) && isMapping(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => diffValues(from[key], to[key], [...path, key]));
  }
  const where = formatPath(path);
  if (before === undefined) return after === undefined ? [] : [{ kind: 'added', path: where, after }];
  if (after === undefined) return [{ kind: 'removed', path: where, before }];
  return canonicalJson(before) === canonicalJson(after)
    ? []
    : [{ kind: 'changed', path: where, before, after }];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
