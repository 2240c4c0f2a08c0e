import { createHash } from 'node:crypto';
import { type License, type LicenseSummaryView, ShoalError } from '@shoal/common';
import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { summaryOf } from './summary.js';

/** Licenses that may be installed at once. */
export const mostLicenses = 10;

/** An installed license, as the store keeps it. */
export interface StoredLicense {
  readonly id: string;
  readonly text: string;
  readonly installedAt: number;
  readonly installedBy: string;
  /** What it was then: a license that is refused later is recognized by it. Absent: an earlier version installed it. */
  readonly known?: LicenseSummaryView;
}

/** Every license that is installed. */
export function readInstalled(store: Store): Promise<readonly StoredLicense[]> {
  return listJson<StoredLicense>(store, keys.licenses);
}

/** A license as it is kept. `text`: as it was given. */
export function toStored(text: string, license: License, at: number, by: string): StoredLicense {
  const known = summaryOf(license);
  return { id: license.id, text: text.trim(), installedAt: at, installedBy: by, known };
}

/** What brings `installed` to be `next` in the store. @throws ShoalError `resource_exhausted` when these are too many */
export function installedWrites(
  installed: readonly StoredLicense[],
  next: readonly StoredLicense[],
): Write[] {
  if (next.length > mostLicenses && next.length > installed.length) {
    throw new ShoalError('resource_exhausted', `${installed.length} licenses are installed already`, {
      hint: 'Remove one that is not needed: shoal license show lists them, shoal license rm ID removes one.',
    });
  }
  const keyOf = ({ text }: StoredLicense) => keys.license(textHash(text));
  const kept = new Set(next.map(keyOf));
  const gone = installed.map(keyOf).filter((key) => !kept.has(key));
  return [
    ...gone.map((key) => ({ type: 'delete', key }) as const),
    ...next.filter((one) => !installed.includes(one)).map((one) => putJson(keyOf(one), one)),
  ];
}

/** Names a license's text. */
export function textHash(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex').slice(0, 32);
}

/**
 * The installed license of this id, every text of it; `id` may be left out when there is one. `file`: of the configuration, which is no installed one.
 *
 * @throws ShoalError `not_found`, `failed_precondition` when it isn't clear which
 */
export function findInstalled(
  installed: readonly StoredLicense[],
  id: string | undefined,
  file: string | undefined,
): readonly StoredLicense[] {
  const ids = [...new Set(installed.map((one) => one.id))];
  const ofFile =
    file === undefined ? '' : ` The one in ${file} is taken out in controller.yaml (license: ...).`;
  if (ids.length === 0) {
    throw new ShoalError('not_found', 'No license is installed', {
      hint: file === undefined ? 'Install one: shoal license install FILE' : ofFile.trim(),
    });
  }
  if (id === undefined && ids.length > 1) {
    throw new ShoalError('failed_precondition', `${ids.length} licenses are installed: ${ids.join(', ')}`, {
      hint: 'Name the one to remove: shoal license rm ID',
    });
  }
  const found = installed.filter((one) => one.id === (id ?? ids[0]));
  if (found.length > 0) return found;
  throw new ShoalError('not_found', `No license "${id}" is installed`, {
    hint: `Installed: ${ids.join(', ')}.${ofFile}`,
  });
}
