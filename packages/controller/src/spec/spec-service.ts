import { createHash } from 'node:crypto';
import {
  type ApplyResult,
  type BlueprintChange,
  type BlueprintSet,
  checkFeatures,
  checkSpec,
  diffSpecs,
  drainedWords,
  type FailureView,
  featuresOf,
  type Logger,
  type Plan,
  type PlanNode,
  parseSpec,
  parseYaml,
  problemsError,
  type RolloutStatus,
  type RolloutStrategy,
  ShoalError,
  type Spec,
  type SpecSurroundings,
  specValidator,
  validate,
  type YamlDocument,
} from '@shoal/common';
import { blueprintChanges } from '../blueprints/blueprint-changes.js';
import type { LicenseKeeper } from '../license/license-keeper.js';
import type { DrainRequests } from '../link/drain-requests.js';
import type { Nodes } from '../link/nodes.js';
import { isHealthy } from '../link/report.js';
import { auditWrite } from '../operations/audit.js';
import type { RolloutDriver } from '../rollout/driver.js';
import { planRollout } from '../rollout/plan-rollout.js';
import { policyOf } from '../rollout/policy.js';
import { beginRollout } from '../rollout/state.js';
import type { Targets } from '../rollout/targets.js';
import { standing } from '../rollout/view.js';
import { checkKept, newestSecrets, useWrites } from '../secrets/secrets.js';
import type { Vault } from '../secrets/vault.js';
import type { Actor } from '../services.js';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { CompiledManifest, SpecCompiler } from './compiler.js';
import type { Manifests, NodePlace, RevisionContent } from './manifests.js';
import { snapshotBlueprints } from './manifests.js';
import { knownRefusal, planNode } from './plan-node.js';
import { planSecrets } from './plan-secrets.js';
import type { RevisionRecord, Revisions } from './revisions.js';
import { unifiedDiff } from './unified-diff.js';

/** States of a rollout in which its spec runs, or is on its way. */
const wanted: readonly RolloutStatus[] = ['running', 'paused', 'awaiting-promotion', 'succeeded'];
/** Longest spec, in bytes; a revision is one value of the store. */
const longestSpec = 900_000;
/** How long a node may take for a dry run, ms. */
const checkTimeoutMs = 60_000;

/** What plan and apply need of the rest. */
export interface SpecComponents {
  readonly clusterName: string;
  readonly revisions: Revisions;
  readonly manifests: Manifests;
  readonly targets: Targets;
  readonly nodes: Nodes;
  readonly driver: RolloutDriver;
  readonly vault: Vault;
  readonly drains: Pick<DrainRequests, 'all'>;
  readonly license: Pick<LicenseKeeper, 'name' | 'standing'>;
  readonly logger: Logger;
  readonly now: () => number;
  /** The blueprints that can be named now. */
  readonly blueprints: () => Promise<BlueprintSet>;
}

interface SpecText {
  readonly spec: string;
  readonly file: string;
}

/** What is to be committed. */
interface Change extends SpecText {
  /** Versions of the secrets that it means. Default: the newest. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly basedOn?: number;
  /** Of this rollout alone. Default: the spec's. */
  readonly strategy?: RolloutStrategy;
  /** Default: as `spec.apply`. */
  readonly audited?: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> };
}

/** The way of a change from text to revision. */
export class SpecService {
  readonly #parts: SpecComponents;

  constructor(parts: SpecComponents) {
    this.#parts = parts;
  }

  /** The spec in a text, checked against blueprints and nodes. @throws ShoalError `invalid_input` with every problem */
  async #check(text: SpecText): Promise<{ spec: Spec; blueprints: BlueprintSet }> {
    const { clusterName } = this.#parts;
    if (Buffer.byteLength(text.spec) > longestSpec) {
      throw new ShoalError('invalid_input', `${text.file}: a spec may have at most ${longestSpec} bytes`);
    }
    const document = parseYaml(text.spec, text.file);
    const spec = validate(document, specValidator);
    if (spec.cluster !== clusterName) {
      const message = `cluster: this is the cluster "${clusterName}", found "${spec.cluster}"`;
      throw problemsError([{ message, path: '/cluster', position: document.positionOf(['cluster']) }]);
    }
    const blueprints = await this.#parts.blueprints();
    checkSpec(spec, blueprints, this.#surroundings(), document);
    await this.#checkFeatures({ spec, blueprints }, document);
    return { spec, blueprints };
  }

  /** What the running revision or the newest one uses isn't cut. @throws ShoalError `resource_exhausted` */
  async #checkFeatures(
    wanted: Pick<RevisionContent, 'spec' | 'blueprints'>,
    document: YamlDocument,
  ): Promise<void> {
    const { license, manifests, driver } = this.#parts;
    const { latest, active } = driver.head;
    const used: string[] = [];
    for (const revision of new Set([latest, active].filter((number) => number > 0))) {
      const { spec, blueprints } = await manifests.content(revision);
      used.push(...featuresOf(spec, blueprints));
    }
    checkFeatures(wanted, { name: license.name, features: license.standing.limits.features }, used, document);
  }

  #surroundings(): SpecSurroundings {
    const { nodes, vault } = this.#parts;
    const secrets = {
      names: vault.names(),
      howToSet: (name: string) => `set it first: shoal secret set ${name}`,
    };
    return { nodes: nodes.places(), secrets };
  }

  /** What the spec would change; with `onNodes` the nodes dry-run it, or only those that `nodes` names. */
  async plan(input: SpecText & { onNodes: boolean; nodes?: readonly string[] }): Promise<Plan> {
    const { revisions, nodes, manifests, driver } = this.#parts;
    const { spec, blueprints } = await this.#check(input);
    const { latest } = (await revisions.head()).value;
    const before = latest === 0 ? undefined : await revisions.record(latest);
    const old = before === undefined ? undefined : parseSpec(before.spec, before.file);
    await manifests.prepare(latest);
    // A name that no node has is told as such.
    for (const name of input.nodes ?? []) nodes.view(name);
    const isAsked = (name: string): boolean => input.onNodes && (input.nodes?.includes(name) ?? true);
    const secrets = newestSecrets(spec, this.#parts.vault);
    const compiler = manifests.compiler({ spec, blueprints, secrets });
    const next = nodes.places().map((place) => compiled(place, compiler));
    const planned = await Promise.all(
      next.map(([place, manifest]) => this.#planNode(place, manifest, isAsked(place.name))),
    );
    const forSecrets = planSecrets(spec, blueprints, this.#parts.vault, before?.secrets ?? {});
    return {
      basedOn: latest,
      against:
        driver.current === undefined ? 'no revision yet' : standing(driver.current, driver.head.active),
      blueprints: await this.#blueprintChanges(before, spec, blueprints),
      changes: diffSpecs(old, spec),
      text: unifiedDiff(
        before?.spec ?? '',
        input.spec,
        latest === 0 ? 'nothing' : `revision ${latest}`,
        input.file,
      ),
      nodes: planned,
      rollout: planRollout(
        spec,
        next.map(([place, { hash }]) => {
          const measured = nodes.measured(place.name);
          return { place, hash, running: measured?.runningHash ?? '', healthy: isHealthy(measured) };
        }),
        { before: old?.services, blueprints },
      ),
      secrets: forSecrets.secrets,
      warnings: [...forSecrets.warnings, ...this.#drainedOf(planned)],
    };
  }

  /** What is to be said of nodes that would change and that operators have drained. */
  #drainedOf(planned: readonly PlanNode[]): string[] {
    const changed = new Set(planned.filter(({ action }) => action !== 'same').map(({ node }) => node));
    const words = drainedWords(this.#parts.drains.all().filter(({ node }) => changed.has(node)));
    return words === undefined ? [] : [words];
  }

  async #blueprintChanges(
    before: RevisionRecord | undefined,
    spec: Spec,
    blueprints: BlueprintSet,
  ): Promise<readonly BlueprintChange[]> {
    if (before === undefined) return [];
    const old = parseSpec(before.spec, before.file);
    const known = await this.#parts.manifests.blueprintsOf(before.number);
    return blueprintChanges({ spec: old, blueprints: known }, { spec, blueprints });
  }

  async #planNode(place: NodePlace, next: CompiledManifest, onNodes: boolean): Promise<PlanNode> {
    const { manifests, targets, nodes } = this.#parts;
    const present = manifests.at(place, targets.get(place.name)?.revision ?? 0);
    const known = present === undefined || ShoalError.is(present) ? undefined : present;
    const measured = nodes.measured(place.name);
    const planned = {
      ...planNode(place.name, known, next, measured?.runningHash ?? ''),
      refused: knownRefusal(
        [...(measured?.failed ? [measured.failed] : []), ...this.#failedNow(place)],
        next.hash,
      ),
    };
    if (planned.action === 'same') return { ...planned, refused: '' };
    if (!onNodes) return planned;
    return this.#dryRun(planned, next);
  }

  /** How the newest revision, which was prepared, failed on the node; empty: it didn't. */
  #failedNow(place: NodePlace): { hash: string; failure: FailureView }[] {
    const { manifests, driver } = this.#parts;
    const { current } = driver;
    const failure = current?.nodes.find(({ node }) => node === place.name)?.failure;
    if (current === undefined || failure === undefined || failure === null) return [];
    const asked = manifests.at(place, current.revision);
    return asked === undefined || ShoalError.is(asked) ? [] : [{ hash: asked.hash, failure }];
  }

  async #dryRun(planned: PlanNode, next: CompiledManifest): Promise<PlanNode> {
    const { nodes, manifests } = this.#parts;
    try {
      const session = nodes.session(planned.node);
      const request = {
        manifest: manifests.sign(next),
        secrets: nodes.offers.sealed(session, next.manifest),
      };
      const differences = await session.check(request, checkTimeoutMs);
      return { ...planned, differences };
    } catch (error) {
      const known = ShoalError.from(error);
      return { ...planned, note: known.code === 'unavailable' ? 'not connected' : known.message };
    }
  }

  /**
   * Commits the spec as the next revision, atomically with its audit record, and begins its rollout; a rollout that runs is superseded.
   *
   * @throws ShoalError `invalid_input` with every problem, `conflict` when `basedOn` isn't the newest revision
   */
  async apply(input: Omit<Change, 'secrets' | 'audited'>, actor: Actor): Promise<ApplyResult> {
    const { spec, blueprints } = await this.#check(input);
    return this.#parts.driver.exclusive(() => this.#commit(input, spec, blueprints, actor));
  }

  /**
   * Commits an earlier revision's spec as the next one, with the blueprints that it had: those on disk don't matter.
   *
   * @throws ShoalError `not_found`, `invalid_input` when the spec doesn't fit the nodes of now, `conflict` as `apply` does
   */
  async restore(
    input: { revision: number; reason?: string; basedOn?: number; strategy?: RolloutStrategy },
    actor: Actor,
  ): Promise<ApplyResult> {
    const { revisions, manifests, driver, vault } = this.#parts;
    const { spec: text, file } = await revisions.record(input.revision);
    const content = await manifests.content(input.revision);
    const reason = input.reason || `restores revision ${input.revision}`;
    const { basedOn, strategy } = input;
    const change: Change = {
      spec: text,
      file,
      reason,
      secrets: content.secrets,
      ...(basedOn === undefined ? {} : { basedOn }),
      ...(strategy === undefined ? {} : { strategy }),
      audited: { operation: 'spec.restore', input: { restored: input.revision } },
    };
    return driver.exclusive(async () => {
      checkKept(content.secrets, vault, input.revision);
      const document = parseYaml(text, file);
      checkSpec(content.spec, content.blueprints, this.#surroundings(), document);
      await this.#checkFeatures(content, document);
      return this.#commit(change, content.spec, content.blueprints, actor);
    });
  }

  async #commit(input: Change, spec: Spec, blueprints: BlueprintSet, actor: Actor): Promise<ApplyResult> {
    const { revisions, driver, vault, logger, now } = this.#parts;
    const head = await revisions.head();
    const { latest, active } = head.value;
    await this.#checkBase(input.basedOn, latest);
    const snapshot = snapshotBlueprints(spec, blueprints);
    const versions = input.secrets ?? newestSecrets(spec, vault);
    const record: RevisionRecord = {
      number: latest + 1,
      createdAt: now(),
      author: actor.name,
      reason: input.reason,
      file: input.file,
      spec: input.spec,
      specHash: createHash('sha256').update(input.spec).digest('hex'),
      basedOn: latest,
      blueprints: snapshot.hashes,
      secrets: versions,
    };
    if (await this.#isSame(record, latest)) return { revision: latest, changed: false };
    const { reason, file, strategy } = input;
    const { number: revision, specHash, createdAt: at } = record;
    const audit = auditWrite({
      at,
      actor,
      operation: input.audited?.operation ?? 'spec.apply',
      input: { revision, specHash, file, reason, basedOn: latest, strategy, ...input.audited?.input },
      outcome: 'ok',
    });
    const policy = policyOf(strategy === undefined ? spec.rollout : { ...spec.rollout, strategy });
    const rollout = beginRollout({ revision, from: active, at, policy });
    const writes = [
      putJson(keys.revision(revision), record),
      ...snapshot.writes,
      ...useWrites(versions, revision),
      audit,
    ];
    await driver.commit(rollout, head, writes);
    logger.info({ revision, author: actor.name, reason }, 'revision committed');
    return { revision, changed: true };
  }

  /** @throws ShoalError `conflict` that names who made which revisions since */
  async #checkBase(basedOn: number | undefined, latest: number): Promise<void> {
    if (basedOn === undefined || basedOn === latest) return;
    if (basedOn > latest) {
      throw new ShoalError('conflict', `Based on revision ${basedOn}, but the newest is ${latest}`);
    }
    const since = await this.#parts.revisions.list(Math.min(latest - basedOn, 3));
    const who = since.map(
      ({ number, author, createdAt }) => `${number} by ${author} at ${new Date(createdAt).toISOString()}`,
    );
    const more = latest - basedOn > 3 ? ', and more' : '';
    throw new ShoalError(
      'conflict',
      `Based on revision ${basedOn}, but since then came ${who.join(', ')}${more}`,
      {
        hint: `Look at what they changed (shoal revision diff ${basedOn} ${latest}), put your change upon it, and apply again.`,
      },
    );
  }

  /** The same as the newest revision, which runs or is on its way. One that failed may be tried again. */
  async #isSame(record: RevisionRecord, latest: number): Promise<boolean> {
    const status = this.#parts.driver.current?.status;
    if (latest === 0 || status === undefined || !wanted.includes(status)) return false;
    const newest = await this.#parts.revisions.record(latest);
    const same = Object.entries(record.blueprints).every(([name, hash]) => newest.blueprints[name] === hash);
    const { secrets = {} } = newest;
    const isRenewed = Object.entries(record.secrets ?? {}).some(
      ([name, version]) => secrets[name] !== version,
    );
    return same && !isRenewed && newest.spec === record.spec;
  }
}

function compiled(
  place: NodePlace,
  compiler: SpecCompiler,
): readonly [place: NodePlace, manifest: CompiledManifest] {
  const manifest = compiler.compile(place);
  if (ShoalError.is(manifest)) throw manifest;
  return [place, manifest];
}
