import {
  type InstalledLicenseView,
  type License,
  type LicenseChange,
  type LicenseView,
  type LicenseWarningView,
  type Logger,
  licenseBeginsAt,
  type TrustedLicenseKeys,
} from '@shoal/common';
import { auditWrite } from '../operations/audit.js';
import type { Actor } from '../services.js';
import type { NodePlace } from '../spec/manifests.js';
import type { Store, Write } from '../store/store.js';
import { openBrought, withOneMore } from './brought-license.js';
import { sitesOf } from './growth.js';
import {
  findInstalled,
  installedWrites,
  readInstalled,
  type StoredLicense,
  toStored,
} from './installed-licenses.js';
import { judgeText } from './judge.js';
import type { KeptClock } from './kept-clock.js';
import { leaseTermMs } from './leases.js';
import { licenseChanges } from './license-changes.js';
import { LicenseFile } from './license-file.js';
import { licenseView, outcomeOf } from './license-view.js';
import { licensesOfTime, provenTime } from './proven-time.js';
import { SeenLicenses } from './seen-licenses.js';
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
/** What the clock's leaps are judged by while there is no license, ms. */
const unlicensedTermMs = 7 * 86_400_000;

type LicenseTime = Pick<KeptClock, 'now' | 'doubt'>;

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
  readonly #file: LicenseFile | undefined;
  readonly #listeners: (() => void)[] = [];
  readonly #changeListeners: ((change: LicenseChange) => void)[] = [];
  readonly #refusedMoves = new Map<string, string>();
  readonly #seen: SeenLicenses;
  #installed: readonly StoredLicense[];
  #standing: LicenseStanding = decideStanding([], 0);
  /** Those that count, now or later, at the last look. */
  #good: readonly License[] = [];
  #said = '';
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(
    parts: LicenseKeeperComponents,
    seen: SeenLicenses,
    installed: readonly StoredLicense[],
    file: LicenseFile | undefined,
  ) {
    this.#parts = parts;
    this.#seen = seen;
    this.#installed = installed;
    this.#file = file;
  }

  /** Looks at what there is. A license that doesn't count is no reason not to start. */
  static async open(parts: LicenseKeeperComponents): Promise<LicenseKeeper> {
    const { store, file } = parts;
    const licenseFile = file === undefined ? undefined : await LicenseFile.open(store, file);
    const keeper = new LicenseKeeper(
      parts,
      await SeenLicenses.open(store),
      await readInstalled(store),
      licenseFile,
    );
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

  /** Something happened to a license. Listeners must not throw. */
  onLicenseChange(listener: (change: LicenseChange) => void): void {
    this.#changeListeners.push(listener);
  }

  /** Begins to look at the licenses by itself. */
  start(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.reload(), this.#nextCheckMs()).unref();
  }

  /** Looks at all licenses now; what fails is logged. */
  async reload(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'licenses not checked');
      if (this.#timer !== undefined) this.start();
    }
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

  /** At the next moment at which something begins or ends, but soon. */
  #nextCheckMs(): number {
    const { changesAt } = this.#standing;
    const ms = changesAt === null ? checkMs : changesAt - this.#parts.clock.now + 1;
    return Math.max(10, Math.min(checkMs, ms));
  }

  /** Looks at all licenses now. */
  check(): Promise<void> {
    return this.#exclusive(() => this.#check());
  }

  /** `asked`: what an operator did, which is recorded as such. */
  async #check(asked?: LicenseChange): Promise<void> {
    const { clock, logger } = this.#parts;
    let now = this.now();
    let { judged, writes: known } = await this.#judgeAll(this.#installed, now);
    const proven = provenTime(licensesOfTime(judged), { now, wall: clock.wall });
    if (proven > now) {
      logger.info({ byMs: proven - now }, 'the time is later than it was counted, by what a license says');
      clock.attest(proven);
      now = this.now();
      const again = await this.#judgeAll(this.#installed, now);
      judged = again.judged;
      known = [...known, ...again.writes];
    }
    this.#good = judged.flatMap(({ license, problem }) =>
      license !== undefined && problem === undefined ? [license] : [],
    );
    for (const { issuedAt } of this.#good) clock.attest(issuedAt);
    const before = this.#standing;
    this.#standing = decideStanding(judged, now);
    const seen = this.#seen.with(this.#good.filter((one) => licenseBeginsAt(one) <= now).map(({ id }) => id));
    seen.apply();
    const writes = [clock.write(), ...known, ...seen.writes, ...this.#say(before, asked !== undefined)];
    for (const change of licenseChanges(before, this.#standing, now, asked))
      for (const listener of this.#changeListeners) listener(change);
    if (granted(before) !== granted(this.#standing)) for (const listener of this.#listeners) listener();
    await this.#keep(writes);
    if (this.#timer !== undefined) this.start();
  }

  /** Installed licenses, and the one of the configuration's file; with what is to be kept of that. */
  async #judgeAll(
    installed: readonly StoredLicense[],
    now: number,
  ): Promise<{ readonly judged: readonly JudgedLicense[]; readonly writes: readonly Write[] }> {
    const { trust, clusterId } = this.#parts;
    const judged = await Promise.all(installed.map((one) => this.#judge(one, now)));
    const ofFile = await this.#file?.judge(trust, { clusterId, now });
    return ofFile === undefined
      ? { judged, writes: [] }
      : { judged: [...judged, ofFile.judged], writes: ofFile.writes };
  }

  #judge({ id, text, known }: StoredLicense, now: number): Promise<JudgedLicense> {
    const { clusterId, trust } = this.#parts;
    return judgeText({ source: installedSource, id, text, known: known ?? null }, trust, { clusterId, now });
  }

  /** Logs what changed since the last time, once; gives the audit record of another license that counts, by itself. */
  #say(before: LicenseStanding, asked: boolean): Write[] {
    const standing = this.#standing;
    const { logger } = this.#parts;
    const what = [
      standing.license?.id,
      standing.license?.issuedAt,
      standing.state,
      reachedWarnDay(standing, this.#parts.clock.now),
      // Not the message: it may say what time it is.
      ...standing.problems.flatMap(({ source, licenseId, reason }) => [source, licenseId, reason]),
      ...standing.next.map(({ licenseId }) => licenseId),
    ].join('\n');
    if (what === this.#said) return [];
    const isFirst = this.#said === '';
    this.#said = what;
    const { license, tier, state } = standing;
    logger.info({ tier, licenseId: license?.id, customer: license?.customer, state }, 'license');
    for (const { severity, message } of this.warnings())
      logger[severity === 'critical' ? 'error' : 'warn'](message);
    const isSame = before.license?.id === license?.id && before.license?.issuedAt === license?.issuedAt;
    if (asked || isFirst || (isSame && before.state === state)) return [];
    const input = { tier, licenseId: license?.id ?? null, state, before: nameOf(before) };
    const actor = { name: 'controller', door: 'controller' } as const;
    return [auditWrite({ at: this.now(), actor, operation: 'license.changed', input, outcome: 'ok' })];
  }

  /**
   * Installs a license beside those that there are, also one that begins later.
   *
   * @throws ShoalError that names why it is refused and what to do
   */
  async install(text: string, actor: Actor): Promise<InstalledLicenseView> {
    return this.#exclusive(async () => {
      const { store } = this.#parts;
      const { license, time, next, writes } = await this.#bring(text, actor.name);
      const seen = this.#seen.with([license.id]);
      await store.transact({
        writes: [
          ...writes,
          ...seen.writes,
          time.write,
          auditWrite({
            at: time.now,
            actor,
            operation: 'license.install',
            input: { licenseId: license.id, tier: license.tier, customer: license.customer },
            outcome: 'ok',
          }),
        ],
      });
      seen.apply();
      time.apply();
      this.#installed = next;
      await this.#check({ change: 'installed', licenseId: license.id });
      return { ...this.view(), outcome: outcomeOf(license, this.#standing, time.now) };
    });
  }

  /**
   * What `install` would answer; changes nothing.
   *
   * @throws ShoalError that names why it would be refused
   */
  preview(text: string): Promise<InstalledLicenseView> {
    return this.#exclusive(async () => {
      const { license, time, next } = await this.#bring(text, '');
      const { judged } = await this.#judgeAll(next, time.now);
      const standing = decideStanding(judged, time.now);
      return { ...this.#viewOf(standing, time), outcome: outcomeOf(license, standing, time.now) };
    });
  }

  /** What is there with a license that an operator brings, and the time by it; changes nothing. Throws why it isn't taken. */
  async #bring(text: string, by: string) {
    const { trust, clusterId, clock } = this.#parts;
    const { license, time } = await openBrought(text, {
      ...{ trust, clusterId, clock, now: this.now(), others: this.#good },
      wasSeen: (id) => this.#seen.has(id),
    });
    const brought = toStored(text, license, time.now, by);
    const next = await withOneMore(this.#installed, brought, {
      license,
      now: time.now,
      judge: (one) => this.#judge(one, time.now),
    });
    return { license, time, next, writes: installedWrites(this.#installed, next) };
  }

  /**
   * Takes an installed license away; `id` may be left out when there is only one. What runs goes on, within what then is allowed.
   *
   * @throws ShoalError `not_found`, `failed_precondition` when it isn't clear which
   */
  async remove(id: string | undefined, actor: Actor): Promise<LicenseView> {
    return this.#exclusive(async () => {
      const removed = findInstalled(this.#installed, id, this.#parts.file);
      const next = this.#installed.filter((one) => !removed.includes(one));
      await this.#parts.store.transact({
        writes: [
          ...installedWrites(this.#installed, next),
          auditWrite({
            at: this.now(),
            actor,
            operation: 'license.remove',
            input: { licenseId: removed[0]?.id },
            outcome: 'ok',
          }),
        ],
      });
      this.#installed = next;
      await this.#check({ change: 'removed', licenseId: removed[0]?.id ?? null });
      return this.view();
    });
  }

  /** A node says that it stands at another site; `why` there is no room for that (undefined: there is). */
  moveRefused(node: string, why: string | undefined): void {
    if (why === undefined) this.#refusedMoves.delete(node);
    else this.#refusedMoves.set(node, why);
  }

  warnings(): readonly LicenseWarningView[] {
    return this.#warningsOf(this.#standing);
  }

  #warningsOf(
    standing: LicenseStanding,
    time: LicenseTime = this.#parts.clock,
  ): readonly LicenseWarningView[] {
    const places = this.#parts.places();
    const names = new Set(places.map(({ name }) => name));
    return licenseWarnings({
      standing,
      now: time.now,
      doubt: time.doubt,
      nodes: places.length,
      sites: sitesOf(places),
      refusedMoves: [...this.#refusedMoves].filter(([name]) => names.has(name)).map(([, why]) => why),
    });
  }

  view(): LicenseView {
    return this.#viewOf(this.#standing);
  }

  #viewOf(standing: LicenseStanding, time?: LicenseTime): LicenseView {
    const leaseMs = leaseTermMs(standing, this.#parts.leaseTtlMs);
    return licenseView(standing, this.#parts.places(), {
      leaseMs,
      warnings: this.#warningsOf(standing, time),
    });
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

/** What leases carry. */
function granted({ tier, limits, license, coveredUntil, state }: LicenseStanding): string {
  return JSON.stringify([tier, limits, license?.id, coveredUntil, license?.leaseMs, state === 'expired']);
}
