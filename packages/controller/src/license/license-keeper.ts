import { createHash } from 'node:crypto';
import { type LicenseView, type Logger, ShoalError, type TrustedLicenseKeys } from '@shoal/common';
import { auditWrite } from '../operations/audit.js';
import type { Actor } from '../services.js';
import type { NodePlace } from '../spec/manifests.js';
import { getJson, listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { sitesOf } from './growth.js';
import { judgeFile, judgeText, verifyNew } from './judge.js';
import type { KeptClock } from './kept-clock.js';
import { leaseTermMs } from './leases.js';
import { licenseView } from './license-view.js';
import {
  decideStanding,
  installedSource,
  type JudgedLicense,
  type LicenseStanding,
  nameOf,
} from './standing.js';
import { licenseWarnings, reachedWarnDay } from './warnings.js';

/** How often licenses are looked at, at the least, ms: their file may have changed. */
const checkMs = 30_000;
/** Licenses that may be installed at once. */
const mostLicenses = 10;
/** Ids of licenses that were installed once; the oldest are forgotten. */
const mostSeen = 500;
/** What the clock's leaps are judged by while there is no license, ms. */
const unlicensedTermMs = 7 * 86_400_000;

/** An installed license, as the store keeps it. */
interface StoredLicense {
  readonly id: string;
  readonly text: string;
  readonly installedAt: number;
  readonly installedBy: string;
}

/** What the keeper needs of the rest. */
export interface LicenseKeeperComponents {
  readonly store: Store;
  readonly clusterId: string;
  readonly trust: TrustedLicenseKeys;
  /** Path of a license file that the configuration names. */
  readonly file?: string;
  readonly clock: KeptClock;
  /** Longest term of leases, as the configuration has it, ms. */
  readonly leaseTtlMs: number | undefined;
  /** Every node that is enrolled. */
  readonly places: () => readonly NodePlace[];
  readonly logger: Logger;
}

/** The cluster's licenses: which one counts, looked at again and again; nothing of it needs a restart, a network or a vendor. */
export class LicenseKeeper {
  readonly #parts: LicenseKeeperComponents;
  readonly #listeners: (() => void)[] = [];
  readonly #refusedMoves = new Map<string, string>();
  #installed: readonly StoredLicense[];
  #standing: LicenseStanding = decideStanding([]);
  #said = '';
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(parts: LicenseKeeperComponents, installed: readonly StoredLicense[]) {
    this.#parts = parts;
    this.#installed = installed;
  }

  /** Looks at what there is. A license that doesn't count is no reason not to start. */
  static async open(parts: LicenseKeeperComponents): Promise<LicenseKeeper> {
    const keeper = new LicenseKeeper(parts, await listJson<StoredLicense>(parts.store, keys.licenses));
    await keeper.check();
    return keeper;
  }

  get standing(): LicenseStanding {
    return this.#standing;
  }

  /** What allows, or doesn't: `the license lic-7 (premium)`. */
  get name(): string {
    return nameOf(this.#standing);
  }

  /** Trusted time, ms since the epoch. */
  now(): number {
    return this.#parts.clock.tick(this.#termMs());
  }

  /** What the license grants changed. Listeners must not throw. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Begins to look at the licenses by itself. */
  start(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#checkByItself(), this.#nextCheckMs()).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#queue;
    this.now();
    await this.#keep([this.#parts.clock.write()]);
  }

  /** What counts is decided; a store that can't be written changes nothing of that. */
  async #keep(writes: readonly Write[]): Promise<void> {
    const { store, logger } = this.#parts;
    await store.transact({ writes }).catch((error: unknown) => {
      logger.error({ err: error }, 'time of licenses not stored');
    });
  }

  async #checkByItself(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'licenses not checked');
    }
    // Also when the look failed.
    this.start();
  }

  /** At the next moment at which something begins or ends, but soon. */
  #nextCheckMs(): number {
    const { status } = this.#standing;
    const now = this.#parts.clock.now;
    const moments = status === null ? [] : [status.expiresAt, status.graceEndsAt];
    const next = Math.min(...moments.filter((at) => at > now).map((at) => at - now + 1));
    return Math.max(10, Math.min(checkMs, next));
  }

  /** Looks at all licenses now. */
  check(): Promise<void> {
    return this.#exclusive(() => this.#check());
  }

  /** `asked`: an operator did it, which is recorded as such. */
  async #check(asked = false): Promise<void> {
    const now = this.now();
    const judged = await this.#judgeAll(
      this.#installed.map(({ text }) => text),
      now,
    );
    const { clock } = this.#parts;
    for (const { license, problem } of judged)
      if (license !== undefined && problem === undefined) clock.attest(license.issuedAt);
    const before = this.#standing;
    this.#standing = decideStanding(judged);
    const writes = [clock.write(), ...this.#say(before, asked)];
    if (granted(before) !== granted(this.#standing)) for (const listener of this.#listeners) listener();
    await this.#keep(writes);
    if (this.#timer !== undefined) this.start();
  }

  /** Installed licenses, and the one of the configuration's file. */
  async #judgeAll(installed: readonly string[], now: number): Promise<JudgedLicense[]> {
    const { file, trust, clusterId } = this.#parts;
    const judged = await Promise.all(installed.map((text) => this.#judge(installedSource, text, now)));
    return file === undefined ? judged : [...judged, await judgeFile(file, trust, { clusterId, now })];
  }

  #judge(source: string, text: string, now: number): Promise<JudgedLicense> {
    const { clusterId, trust } = this.#parts;
    return judgeText(source, text, trust, { clusterId, now });
  }

  /** Logs what changed since the last time, once; gives the audit record of another license that counts, by itself. */
  #say(before: LicenseStanding, asked: boolean): Write[] {
    const standing = this.#standing;
    const { logger } = this.#parts;
    const what = [
      standing.license?.id,
      standing.state,
      reachedWarnDay(standing),
      // Not the message: it may say what time it is.
      ...standing.problems.flatMap(({ source, licenseId, reason }) => [source, licenseId, reason]),
    ].join('\n');
    if (what === this.#said) return [];
    const isFirst = this.#said === '';
    this.#said = what;
    const { license, tier, state } = standing;
    logger.info({ tier, licenseId: license?.id, customer: license?.customer, state }, 'license');
    for (const warning of this.warnings()) logger.warn(warning);
    if (asked || isFirst || (before.license?.id === license?.id && before.state === state)) return [];
    const input = { tier, licenseId: license?.id ?? null, state, before: nameOf(before) };
    const actor = { name: 'controller', door: 'controller' } as const;
    return [auditWrite({ at: this.now(), actor, operation: 'license.changed', input, outcome: 'ok' })];
  }

  /**
   * Installs a license beside those that there are.
   *
   * @throws ShoalError that names why it is refused and what to do
   */
  async install(text: string, actor: Actor): Promise<LicenseView> {
    return this.#exclusive(async () => {
      const { store, clock, trust, clusterId } = this.#parts;
      const seen = (await getJson<string[]>(store, keys.seenLicenses))?.value ?? [];
      const now = this.now();
      const verify = (at: number) => verifyNew(text, trust, { clusterId, now: at });
      const license = await verify(now).catch(async (refused: unknown) => {
        // The clock was wrong, far ahead, for long: a license that was never seen tells the time anew.
        if (clock.doubt?.kind !== 'behind') throw refused;
        const fresh = await verify(clock.wall);
        if (seen.includes(fresh.id)) throw refused;
        clock.restart(fresh.issuedAt);
        return fresh;
      });
      const key = keyOf(text);
      const known = this.#installed.some((one) => keyOf(one.text) === key);
      if (!known && this.#installed.length >= mostLicenses) throw tooMany();
      const at = this.now();
      const stored: StoredLicense = {
        id: license.id,
        text: text.trim(),
        installedAt: at,
        installedBy: actor.name,
      };
      const over = await this.#over(at);
      const nextSeen = [...seen.filter((id) => id !== license.id), license.id].slice(-mostSeen);
      await store.transact({
        writes: [
          putJson(keys.license(key), stored),
          putJson(keys.seenLicenses, nextSeen),
          clock.write(),
          auditWrite({
            at,
            actor,
            operation: 'license.install',
            input: { licenseId: license.id, tier: license.tier, customer: license.customer },
            outcome: 'ok',
          }),
          ...over.map((one) => ({ type: 'delete', key: keys.license(keyOf(one.text)) }) as const),
        ],
      });
      const others = this.#installed.filter((one) => keyOf(one.text) !== key && !over.includes(one));
      this.#installed = [...others, stored];
      await this.#check(true);
      return this.view();
    });
  }

  /**
   * What the license would be with another one installed; changes nothing.
   *
   * @throws ShoalError that names why it would be refused
   */
  preview(text: string): Promise<LicenseView> {
    return this.#exclusive(async () => {
      const { trust, clusterId } = this.#parts;
      const now = this.now();
      await verifyNew(text, trust, { clusterId, now });
      const over = await this.#over(now);
      const kept = this.#installed.filter((one) => !over.includes(one)).map((one) => one.text);
      const texts = new Set([...kept, text.trim()]);
      return this.#viewOf(decideStanding(await this.#judgeAll([...texts], now)));
    });
  }

  /** Installed licenses that ended: a new one takes their place. */
  async #over(now: number): Promise<StoredLicense[]> {
    const judged = await Promise.all(
      this.#installed.map(async (one) => [one, await this.#judge(installedSource, one.text, now)] as const),
    );
    return judged.filter(([, { status }]) => status?.state === 'expired').map(([one]) => one);
  }

  /**
   * Takes an installed license away; `id` may be left out when there is only one. What runs goes on, within what then is allowed.
   *
   * @throws ShoalError `not_found`, `failed_precondition` when it isn't clear which
   */
  async remove(id: string | undefined, actor: Actor): Promise<LicenseView> {
    return this.#exclusive(async () => {
      const removed = this.#find(id);
      await this.#parts.store.transact({
        writes: [
          ...removed.map(({ text }) => ({ type: 'delete', key: keys.license(keyOf(text)) }) as const),
          auditWrite({
            at: this.now(),
            actor,
            operation: 'license.remove',
            input: { licenseId: removed[0]?.id },
            outcome: 'ok',
          }),
        ],
      });
      this.#installed = this.#installed.filter((one) => !removed.includes(one));
      await this.#check(true);
      return this.view();
    });
  }

  #find(id: string | undefined): readonly StoredLicense[] {
    const ids = [...new Set(this.#installed.map((one) => one.id))];
    const { file } = this.#parts;
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
    const found = this.#installed.filter((one) => one.id === (id ?? ids[0]));
    if (found.length > 0) return found;
    throw new ShoalError('not_found', `No license "${id}" is installed`, {
      hint: `Installed: ${ids.join(', ')}.${ofFile}`,
    });
  }

  /** A node says that it stands at another site; `why` there is no room for that (undefined: there is). */
  moveRefused(node: string, why: string | undefined): void {
    if (why === undefined) this.#refusedMoves.delete(node);
    else this.#refusedMoves.set(node, why);
  }

  warnings(): string[] {
    return this.#warningsOf(this.#standing);
  }

  #warningsOf(standing: LicenseStanding): string[] {
    const places = this.#parts.places();
    const names = new Set(places.map(({ name }) => name));
    return licenseWarnings({
      standing,
      now: this.#parts.clock.now,
      doubt: this.#parts.clock.doubt,
      nodes: places.length,
      sites: sitesOf(places),
      refusedMoves: [...this.#refusedMoves].filter(([name]) => names.has(name)).map(([, why]) => why),
    });
  }

  view(): LicenseView {
    return this.#viewOf(this.#standing);
  }

  #viewOf(standing: LicenseStanding): LicenseView {
    const leaseMs = leaseTermMs(standing, this.#parts.leaseTtlMs);
    return licenseView(standing, this.#parts.places(), { leaseMs, warnings: this.#warningsOf(standing) });
  }

  #termMs(): number {
    const { license } = this.#standing;
    return license === null ? unlicensedTermMs : Math.max(1, license.expiresAt - license.notBefore);
  }

  #exclusive<T>(body: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(body);
    this.#queue = run.catch(() => undefined);
    return run;
  }
}

function keyOf(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex').slice(0, 32);
}

function tooMany(): ShoalError {
  return new ShoalError('resource_exhausted', `${mostLicenses} licenses are installed already`, {
    hint: 'Remove one that is not needed: shoal license show lists them, shoal license rm ID removes one.',
  });
}

/** What leases carry. */
function granted({ tier, limits, license, state }: LicenseStanding): string {
  return JSON.stringify([
    tier,
    limits,
    license?.id,
    license?.expiresAt,
    license?.leaseMs,
    state === 'expired',
  ]);
}
