import { ShoalError } from '@shoal/common';
import { refuseWhenFull, refuseWhileRunning, withKey, withPrimary } from './machine.js';
import type { KeyObservation, KeyRing } from './ring.js';
import { describeWaits, lackersOf, othersThan, type Wait } from './waits.js';

/** A new key for all to hold. @throws ShoalError `conflict` while a rotation runs, `resource_exhausted` when there are too many */
export function installKey(ring: KeyRing, at: number, newKey: () => string): KeyRing {
  refuseWhileRunning(ring);
  refuseWhenFull(ring);
  return withKey(ring, newKey(), at);
}

/** Which key of the ring is meant: by its fingerprint, or the first digits of it. @throws ShoalError `not_found`, `invalid_input` (several) */
export function findKey({ keys }: KeyRing, digits: string): string {
  const found = keys.map(({ fingerprint }) => fingerprint).filter((key) => key.startsWith(digits));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const hint = 'List them: shoal gossip-key ls';
  if (only === undefined) throw new ShoalError('not_found', `No installed gossip key is ${digits}`, { hint });
  throw new ShoalError('invalid_input', `Several gossip keys begin with ${digits}`, { hint });
}

function refuseFor(waits: readonly Wait[], what: string): void {
  if (waits.length === 0) return;
  const away = waits.find(({ why }) => why === 'away');
  throw new ShoalError('failed_precondition', `${what}: ${describeWaits(waits)}`, {
    hint:
      away === undefined
        ? 'Members follow within seconds; see: shoal gossip-key ls'
        : `Bring ${away.member} back, take it out (shoal node rm ${away.member}), or go on without it: --ignore ${away.member}`,
  });
}

/** All shall encrypt with this key. @throws ShoalError `conflict` while a rotation runs, `failed_precondition` while some member lacks it */
export function useKey(
  ring: KeyRing,
  fingerprint: string,
  seen: KeyObservation,
  ignored: readonly string[],
): KeyRing {
  refuseWhileRunning(ring);
  if (ring.keys[0]?.fingerprint === fingerprint) return ring;
  refuseFor(
    lackersOf(fingerprint, seen, ignored),
    `Not every member could read what key ${fingerprint} encrypts`,
  );
  return withPrimary(ring, fingerprint, seen.at);
}

/**
 * All shall forget this key. @throws ShoalError `conflict` while a rotation runs, `failed_precondition` when it is the primary one, while some member uses another
 * than the primary, or for `settleMs` after that became it
 */
export function removeKey(
  ring: KeyRing,
  fingerprint: string,
  seen: KeyObservation,
  options: { readonly ignored: readonly string[]; readonly settleMs: number },
): KeyRing {
  refuseWhileRunning(ring);
  const [primary] = ring.keys;
  if (primary === undefined || primary.fingerprint === fingerprint) {
    throw new ShoalError(
      'failed_precondition',
      `${fingerprint} is the primary key: members encrypt with it`,
      {
        hint: 'Use another one first: shoal gossip-key use FINGERPRINT',
      },
    );
  }
  refuseFor(othersThan(primary.fingerprint, seen, options.ignored), `Key ${fingerprint} is still needed`);
  const leftMs = (primary.primarySince ?? 0) + options.settleMs - seen.at;
  if (leftMs > 0 && leftMs <= options.settleMs) {
    const seconds = Math.ceil(leftMs / 1000);
    throw new ShoalError('failed_precondition', `Messages encrypted with ${fingerprint} may be under way`, {
      hint: `Try again in ${seconds} s.`,
    });
  }
  return { ...ring, keys: ring.keys.filter((key) => key.fingerprint !== fingerprint) };
}
