import {
  type LicenseContext,
  type LicenseSummaryView,
  readLicenseFile,
  type TrustedLicenseKeys,
} from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { textHash } from './installed-licenses.js';
import { judgeText, problemOf } from './judge.js';
import type { JudgedLicense } from './standing.js';
import { summaryOf } from './summary.js';

/** What was good last in the file, as the store keeps it. */
interface KnownFile {
  readonly path: string;
  /** Of its text. */
  readonly hash: string;
  readonly known: LicenseSummaryView;
}

/** The license file that the configuration names: read again at each look, and remembered, so that it can be named when it is refused later. */
export class LicenseFile {
  readonly path: string;
  #known: KnownFile | undefined;

  private constructor(path: string, known: KnownFile | undefined) {
    this.path = path;
    this.#known = known;
  }

  static async open(store: Store, path: string): Promise<LicenseFile> {
    const known = (await getJson<KnownFile>(store, keys.licenseFile))?.value;
    return new LicenseFile(path, known?.path === path ? known : undefined);
  }

  /** Reads and judges it; a file that can't be read is a problem like another. `writes`: what is to be kept of it. */
  async judge(
    trust: TrustedLicenseKeys,
    context: LicenseContext,
  ): Promise<{ readonly judged: JudgedLicense; readonly writes: readonly Write[] }> {
    const { path } = this;
    let text: string;
    try {
      text = await readLicenseFile(path);
    } catch (thrown) {
      return { judged: { source: path, problem: this.#replaced(problemOf(path, thrown, null)) }, writes: [] };
    }
    const hash = textHash(text);
    const isSame = this.#known?.hash === hash;
    const judged = await judgeText(
      { source: path, text, known: isSame ? (this.#known?.known ?? null) : null },
      trust,
      context,
    );
    const { license, problem } = judged;
    if (problem !== undefined)
      return { judged: isSame ? judged : { ...judged, problem: this.#replaced(problem) }, writes: [] };
    if (license === undefined || isSame) return { judged, writes: [] };
    this.#known = { path, hash, known: summaryOf(license) };
    return { judged, writes: [putJson(keys.licenseFile, this.#known)] };
  }

  /** Another text than the one that counted last. */
  #replaced(problem: NonNullable<JudgedLicense['problem']>): NonNullable<JudgedLicense['problem']> {
    const known = this.#known?.known ?? null;
    if (known === null || problem.licenseId === known.licenseId) return problem;
    return {
      ...problem,
      known,
      message: `${problem.message}; the last one that was good there is ${known.licenseId} (${known.tier})`,
    };
  }
}
