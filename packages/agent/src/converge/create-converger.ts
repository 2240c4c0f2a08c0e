import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Manifest,
  type NodeReport,
  type Redactor,
  redactTexts,
  type StepDifference,
  type StepEvent,
} from '@shoal/common';
import { noTraffic } from '../observe/traffic/window.js';
import { SecretStore, type SecretValue } from '../secrets/secret-store.js';
import { createSupervisor } from '../supervise/create-supervisor.js';
import type { Supervisor } from '../supervise/supervisor.js';
import { createEnvironment } from './attempt/create-environment.js';
import type { AttemptEnvironment } from './attempt/environment.js';
import type { AttemptBegin } from './attempt/journal.js';
import type { Outcome, PerformOptions, Rendering } from './attempt/perform.js';
import { beginAttempt, resumeAttempt } from './attempt/perform.js';
import { StepFailed } from './attempt/step-failed.js';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import type { RunCommand } from './command.js';
import { runCommand, wrapping } from './command.js';
import { ConvergeLoop } from './converge-loop.js';
import type { Converger, ObservedService, OfferOptions, RepairOutcome } from './converger.js';
import { Drains } from './drain/drains.js';
import { createDriftWatch } from './drift/create-drift-watch.js';
import type { DriftWatch } from './drift/drift-watch.js';
import { RenderedInForce } from './drift/rendered-in-force.js';
import { dryRun } from './dry-run.js';
import { FactsSchedule } from './facts-schedule.js';
import { TriedTimes } from './gate/tried-times.js';
import type { Probe } from './health.js';
import { probeHealth } from './health.js';
import { MembersMemory, RenderedPools } from './members-memory.js';
import type { ConvergerOptions } from './options.js';
import type { ConvergePaths } from './paths.js';
import { convergePaths } from './paths.js';
import type { SizeOf } from './render/context.js';
import { renderManifest } from './render/render-manifest.js';
import type { Phase } from './report.js';
import { buildReport } from './report.js';
import { type FactsChange, factsChange, lookAgainMs, RestartTurns } from './restart-turns.js';
import { ServiceSizes } from './service-sizes.js';
import { ServiceWatcher } from './service-watcher.js';
import { StateFile } from './state.js';
import type { PathGuard } from './steps/safe-path.js';

/** Makes the converger of this host; nothing happens before `start`. */
export function createConverger(options: ConvergerOptions): Converger {
  return new HostConverger(options);
}

class HostConverger implements Converger {
  readonly #options: ConvergerOptions;
  readonly #clock: Clock;
  readonly #run: RunCommand;
  readonly #probe: Probe;
  readonly #paths: ConvergePaths;
  readonly #state: StateFile;
  readonly #supervisor: Supervisor;
  readonly #watcher: ServiceWatcher;
  readonly #loop: ConvergeLoop;
  readonly #secrets: SecretStore;
  readonly #members: MembersMemory;
  readonly #sizes = new ServiceSizes();
  readonly #drift: DriftWatch;
  readonly #inForce: RenderedInForce;
  readonly #drains: Drains;
  readonly #facts: FactsSchedule;
  readonly #tried = new TriedTimes();
  readonly #turns = new RestartTurns();
  readonly #stopping = new AbortController();
  readonly #ending = new AbortController();
  #phase: Phase = 'idle';
  #convergingHash = '';
  #offered = '';
  #offeredManifest: Manifest | undefined;
  #checking: Promise<unknown> = Promise.resolve();

  constructor(options: ConvergerOptions) {
    const { clock = systemClock, run = runCommand, probe = probeHealth } = options;
    this.#options = options;
    this.#clock = clock;
    const redactor = (): Redactor => this.#secrets.redactor;
    this.#run = wrapping(run, (command, given) => run(command, { ...given, redactor }));
    this.#probe = probe;
    this.#paths = convergePaths(options.dataDir);
    this.#secrets = options.secrets ?? new SecretStore(options.dataDir);
    this.#state = new StateFile(this.#paths.state, this.#secrets);
    this.#supervisor = createSupervisor({ ...options, redactor }, this.#run, clock, this.#paths.run, {
      processChanged: (service) => this.#watcher.processChanged(service),
      processOutput: (service, line) =>
        options.listener.processOutput(service, this.#secrets.redactor.text(line)),
    });
    const changed = () => this.#reportChanged();
    this.#watcher = new ServiceWatcher({ supervisor: this.#supervisor, probe, clock, changed });
    this.#members = new MembersMemory(clock.elapsed());
    this.#inForce = new RenderedInForce({
      state: this.#state,
      render: (manifest) => this.#render(manifest),
      logger: options.logger,
    });
    this.#drains = new Drains(changed);
    this.#facts = new FactsSchedule(options.factsDelayMs ?? 500, () => this.#loop.factsChanged());
    const perform = this.#performOptions();
    this.#loop = new ConvergeLoop({
      state: this.#state,
      paths: this.#paths,
      discretion: this.#secrets,
      logger: options.logger,
      begin: (begin) => this.#attempt(begin, perform),
      resume: async (journal) => {
        const outcome = await resumeAttempt(journal, perform);
        this.#drift.attemptEnded(journal.begin.purpose, outcome);
        return outcome;
      },
      rendersAnew: (manifest) => this.#rendersAnew(manifest),
      settled: (outcome) => this.#settled(outcome),
    });
    this.#drift = createDriftWatch({
      ...options,
      clock,
      state: this.#state,
      memoryPath: this.#paths.drift,
      inForce: () => this.#inForce.services(),
      check: {
        run: this.#run,
        probe,
        supervisor: this.#supervisor,
        guard: (service) => this.#guard(service),
        directory: this.#paths.dryRun,
      },
      loop: this.#loop,
      attempt: (begin) => this.#attempt(begin, perform),
      redact: (text) => this.#secrets.redactor.text(text),
      changed,
    });
  }

  async start(): Promise<void> {
    await mkdir(dirname(this.#paths.state), { recursive: true, mode: 0o700 });
    await rm(this.#paths.dryRun, { recursive: true, force: true });
    await this.#secrets.load();
    await this.#state.load();
    await this.#drift.open();
    const left = await this.#loop.open();
    this.#drains.ask(this.#state.current.drained);
    for (const service of left?.draining() ?? []) this.#drains.begin(service);
    const leaving = new Set(left?.removing().map((service) => service.name));
    for (const service of this.#state.current.services) {
      if (!service.supervised || leaving.has(service.name)) continue;
      await this.#supervisor.resume(service.process);
    }
    await this.#watcher.watch(this.#state.current.services);
    this.#options.listener.observedChanged(this.observed());
    this.#reportChanged();
    this.#loop.run();
    this.#drift.start();
    // A process that was just started again may not bear a reload yet.
    void this.#watcher.allUp(5000, this.#stopping.signal).then(() => this.#facts.start());
  }

  async stop(): Promise<void> {
    this.#facts.stop();
    const looked = this.#drift.stop();
    this.#stopping.abort();
    const grace = setTimeout(() => this.#ending.abort(), this.#options.stopGraceMs ?? 10_000);
    await this.#loop.stop();
    clearTimeout(grace);
    await looked;
    this.#watcher.stop();
    await this.#supervisor.close();
  }

  offer(manifest: Manifest, acceptedHash: string, options: OfferOptions): void {
    this.#offered = acceptedHash;
    this.#offeredManifest = manifest;
    this.#secrets.accept(options.secrets ?? []);
    const { retryFailed, attempt = 0, gate } = options;
    const judged = gate === undefined ? {} : { gate };
    this.#loop.offer({ manifest, hash: acceptedHash, retryFailed, attempt, ...judged });
  }

  held(hash: string): Manifest | undefined {
    const { running, manifest } = this.#state.current;
    if (running?.hash === hash && manifest !== null) return manifest;
    return this.#offered === hash ? this.#offeredManifest : undefined;
  }

  draining(): readonly string[] {
    return this.#drains.names;
  }

  async drain(services: readonly string[]): Promise<void> {
    this.#drains.ask(services);
    const error = await this.#state.remember({ drained: [...services] });
    if (error !== undefined)
      this.#options.logger.error({ err: error }, 'what is drained was not written down');
  }

  /** One after another: they stage their copies of a file under the same name. */
  check(manifest: Manifest, secrets: readonly SecretValue[] = []): Promise<readonly StepDifference[]> {
    this.#secrets.remember(secrets);
    const checked = this.#checking
      .then(() => this.#check(manifest, secrets))
      .then((differences) => redactTexts(differences, this.#secrets.redactor));
    this.#checking = checked.catch(() => undefined);
    return checked;
  }

  async #check(manifest: Manifest, secrets: readonly SecretValue[]): Promise<readonly StepDifference[]> {
    let services: Rendering['services'];
    try {
      services = (await this.#render(manifest, secrets)).services;
    } catch (thrown) {
      const { service, step, message } = StepFailed.of('', 'render', thrown).failure;
      return [{ service, step, problem: message }];
    }
    return dryRun(services, {
      run: this.#run,
      supervisor: this.#supervisor,
      probe: this.#probe,
      clock: this.#clock,
      signal: this.#stopping.signal,
      guard: (service) => this.#guard(service),
      state: this.#state.current,
      directory: this.#paths.dryRun,
    });
  }

  async repair(service: string): Promise<RepairOutcome> {
    return redactTexts(await this.#drift.repair(service), this.#secrets.redactor);
  }

  report(): NodeReport {
    const { awaits } = this.#loop;
    const now = {
      // What waits to be begun is no rest: it may lead away from what runs.
      phase: this.#phase === 'idle' && awaits !== undefined ? 'converging' : this.#phase,
      convergingHash: awaits ?? this.#convergingHash,
      offered: this.#offered,
      draining: this.#drains.names,
      attempt: this.#loop.dealtWith,
    };
    const report = buildReport(this.#state.current, now, this.#watcher.statuses());
    return redactTexts({ ...report, drifts: { found: this.#drift.drifts() } }, this.#secrets.redactor);
  }

  observed(): readonly ObservedService[] {
    return this.#state.current.services.map(({ name, logs, metrics }) => ({ service: name, logs, metrics }));
  }

  factsChanged(): void {
    this.#facts.changed();
  }

  /** The manifest with its secrets' values, for memory only. Throws StepFailed. */
  #filled(manifest: Manifest, secrets: readonly SecretValue[]): Manifest {
    const services = manifest.services.map((service) => {
      try {
        return this.#secrets.fill(service, secrets);
      } catch (thrown) {
        throw StepFailed.of(service.name, 'secrets', thrown);
      }
    });
    return { ...manifest, services };
  }

  async #render(manifest: Manifest, secrets: readonly SecretValue[] = []): Promise<Rendering> {
    const now = this.#clock.elapsed();
    const facts = this.#members.settle(this.#options.facts(), this.#state.current.members, now);
    const { supervisor } = this.#options;
    const pools = new RenderedPools(this.#state.current.pools);
    const directoryOf = this.#paths.service;
    const sizes: Record<string, number> = {};
    let againIn = Number.POSITIVE_INFINITY;
    const sizeOf: SizeOf = (service, members) => {
      const known = this.#state.current.sizes[service];
      const answer = this.#sizes.ask({ service, node: facts.node.name, members, known, now });
      againIn = Math.min(againIn, answer.againIn ?? againIn);
      sizes[service] = answer.size;
      return answer.size;
    };
    const filled = this.#filled(manifest, secrets);
    const services = await renderManifest(filled, facts, {
      keyedDigest: (text) => this.#secrets.digest(text),
      supervisor,
      directoryOf,
      pools,
      sizeOf,
    });
    this.#facts.lookAgainIn(againIn);
    return { services, members: facts.members, pools: pools.taken, sizes };
  }

  async #attempt(begin: Omit<AttemptBegin, 'id'>, perform: PerformOptions): Promise<Outcome> {
    const outcome = await beginAttempt({ ...begin, id: randomUUID() }, perform);
    this.#drift.attemptEnded(begin.purpose, outcome);
    return outcome;
  }

  async #rendersAnew(manifest: Manifest): Promise<FactsChange> {
    const now = this.#clock.elapsed();
    const { members, node, membersFrozen = false } = this.#options.facts();
    const graceLeft = this.#members.graceLeft(now);
    if (graceLeft > 0 && members.length <= 1) this.#facts.lookIn(graceLeft);
    try {
      const { services } = await this.#render(manifest);
      const environment = { state: this.#state, supervisor: this.#supervisor };
      const asked = { node: node.name, members, membersFrozen, now };
      const change = await factsChange(services, this.#turns, asked, environment);
      if (change.later.length > 0) this.#facts.lookIn(lookAgainMs);
      return change;
    } catch (thrown) {
      this.#options.logger.warn(
        { err: thrown },
        'changed members or lease: a template fails, what runs stays',
      );
      return { isDue: false, later: [] };
    }
  }

  #performOptions(): PerformOptions {
    return {
      state: this.#state,
      paths: this.#paths,
      discretion: this.#secrets,
      logger: this.#options.logger,
      prepare: () => this.#secrets.save(),
      render: (begin) => this.#render(begin.manifest),
      environment: (begin) => this.#environment(begin),
      inForce: (services) => this.#inForce.set(services),
    };
  }

  #environment(begin: AttemptBegin): AttemptEnvironment {
    const { facts, traffic = noTraffic, listener } = this.#options;
    const parts = {
      run: this.#run,
      probe: this.#probe,
      clock: this.#clock,
      supervisor: this.#supervisor,
      state: this.#state,
      drains: this.#drains,
      tried: this.#tried,
      members: this.#members,
      watcher: this.#watcher,
      facts,
      traffic,
      stopping: this.#stopping.signal,
      ending: this.#ending.signal,
      guard: (service: string) => this.#guard(service),
      redactor: () => this.#secrets.redactor,
      stepEvent: (event: StepEvent) => listener.stepEvent(event),
      phase: (phase: Phase) => {
        this.#convergingHash = begin.hash;
        if (this.#phase === phase) return;
        this.#phase = phase;
        this.#reportChanged();
      },
    };
    return createEnvironment(begin, parts, this.#loop.superseded);
  }

  #guard(service: string): PathGuard {
    return { dataDir: this.#options.dataDir, own: this.#paths.service(service) };
  }

  async #settled(outcome: Outcome | undefined): Promise<void> {
    this.#phase = 'idle';
    if (outcome?.kind === 'interrupted') return;
    this.#drains.endAll();
    await this.#dropSecrets();
    if (outcome?.kind === 'failed') {
      this.#options.logger.warn(redactTexts(outcome.failure, this.#secrets.redactor), 'the attempt failed');
    }
    if (outcome !== undefined) await this.#watcher.watch(this.#state.current.services);
    if (outcome?.kind === 'done') {
      this.#options.logger.info(this.#state.current.running, 'converged');
      this.#options.listener.observedChanged(this.observed());
    }
    this.#reportChanged();
  }

  /** Values that neither what runs nor what was offered last needs are not kept. */
  async #dropSecrets(): Promise<void> {
    this.#secrets.keepFor([this.#state.current.manifest, this.#offeredManifest]);
    await this.#secrets.save().catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'secrets that nothing needs stay on disk, sealed');
    });
  }

  #reportChanged(): void {
    this.#options.listener.reportChanged(this.report());
  }
}
