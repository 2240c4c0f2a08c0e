import {
  type CheckRequest__Output,
  type ControllerMessage__Output,
  type FullOfferRequest,
  type Hello,
  type LinkClient,
  type Logger,
  type Manifest,
  type MemberView,
  manifestContent,
  type NodeReport,
  type Offer__Output,
  type RepairRequest__Output,
  type RepairResult,
  ShoalError,
  type SignedDocument__Output,
  type StepDifference,
  type StepEvent,
  type Welcome__Output,
} from '@shoal/common';
import type { OfferOptions, RepairOutcome } from '../converge/converger.js';
import type { NodeIdentity } from '../enrol/stored-identity.js';
import { openSealed } from '../secrets/open-sealed.js';
import type { SecretValue } from '../secrets/secret-store.js';
import { Backoff } from './backoff.js';
import { explainConnection, linkClient } from './channel.js';
import { ControlStream } from './control-stream.js';
import { Outbox } from './outbox.js';
import { type Refusal, refusalEvent, withRefusal } from './refusal.js';
import { verifyManifest, verifyOffer } from './verify-offer.js';

/** Content of a manifest that is kept in memory at most, bytes; a larger one is made again of the manifest. */
const keptContent = 128 * 1024;

/** What the link needs of the rest of the agent. */
export interface LinkOptions {
  /** host:port of the controller. */
  readonly controller: string;
  readonly logger: Logger;
  readonly backoff?: Backoff;
  identity(): NodeIdentity;
  hello(): Hello;
  report(): NodeReport;
  members(): readonly MemberView[];
  /** Why manifests are refused, for people; undefined: they aren't, which is the default. */
  refuses?(): string | undefined;
  /** The longest wait between two tries now, milliseconds; undefined, the default: as usual. */
  longestWait?(): number | undefined;
  /** A manifest whose signature holds. */
  offered(manifest: Manifest, hash: string, options: OfferOptions): void;
  /** A manifest with that content hash, if the node has it: offers may come as what differs from it. */
  held(hash: string): Manifest | undefined;
  check(manifest: Manifest, secrets: readonly SecretValue[]): Promise<readonly StepDifference[]>;
  repair(service: string): Promise<RepairOutcome>;
  leased(lease: SignedDocument__Output): void;
  gossipKeys(keys: readonly Buffer[]): void;
  seeds(seeds: readonly string[]): void;
  /** Operators want these services drained, and no others; `*`: all. */
  drained(services: readonly string[]): void;
  /** The controller took the node out of the cluster. */
  removed(): void;
  /** The link stands, or doesn't. */
  connected(connected: boolean): void;
}

/** `stopped`: nothing under way; `connecting`; `connected`: welcomed; `waiting` for the next try. */
export type LinkState = 'stopped' | 'connecting' | 'connected' | 'waiting';

/** Who may not wait long between two tries doesn't wait long for an answer either. */
function patience(longestWaitMs: number | undefined): { welcomeMs?: number } {
  return longestWaitMs === undefined ? {} : { welcomeMs: longestWaitMs + 2000 };
}

/** Keeps the link to the controller: dials, says what is true here, takes in what shall be, and comes back whenever it broke. */
export class ControllerLink {
  readonly #options: LinkOptions;
  readonly #outbox = new Outbox();
  readonly #backoff: Backoff;
  #client: LinkClient | undefined;
  #dialed: NodeIdentity | undefined;
  #stream: ControlStream | undefined;
  #refusal: Refusal | undefined;
  /** Of the manifest that was offered last, so that the next one that builds upon it comes to be soon. */
  #newest: { readonly hash: string; readonly content: Buffer } | undefined;
  /** What was offered while manifests are refused. */
  #put: Offer__Output | undefined;
  #state: LinkState = 'stopped';
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #lastError = '';

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the last try failed, for people; empty when it didn't. */
  get lastError(): string {
    return this.#lastError;
  }

  /** The client of the connection that stands; undefined without one. Bulk streams are opened on it. */
  get client(): LinkClient | undefined {
    return this.#state === 'connected' ? this.#client : undefined;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the link; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    this.#stream?.close(new ShoalError('unavailable', 'the agent stops'));
    await this.#running;
  }

  /** The controller was seen alive: dials at once if a wait is under way. */
  nudge(): void {
    this.#backoff.reset();
    this.#wake();
  }

  /** Dials anew at once, with the identity of now. `why`: what for, for the log. */
  redial(why: string): void {
    this.#backoff.reset();
    this.#stream?.close(new ShoalError('unavailable', `dialing anew: ${why}`));
    this.#wake();
  }

  /** Manifests aren't refused any more: what was offered meanwhile counts. */
  takeManifests(): void {
    const offer = this.#put;
    this.#put = undefined;
    if (offer !== undefined) this.#offered(offer);
  }

  /** What is true on the node changed. */
  reportChanged(): void {
    this.#outbox.report(this.#report());
    this.#stream?.flush();
  }

  stepEvent(event: StepEvent): void {
    this.#outbox.stepEvent(event);
    this.#stream?.flush();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { error, retryAfterMs, welcomed } = await this.#connectOnce();
      if (this.#stopped) break;
      if (welcomed) this.#backoff.reset();
      const waitMs = this.#backoff.next(retryAfterMs, this.#options.longestWait?.());
      const explained = explainConnection(error);
      this.#tell(explained, waitMs);
      this.#state = 'waiting';
      await this.#pause(waitMs);
    }
    this.#state = 'stopped';
  }

  #tell(error: ShoalError, waitMs: number): void {
    const record = {
      code: error.code,
      reason: error.message,
      hint: error.hint,
      retryInMs: Math.round(waitMs),
    };
    const refused = error.code === 'unauthenticated' || error.code === 'permission_denied';
    if (refused) this.#options.logger.error(record, 'the controller refuses this node; trying again');
    else if (error.message === this.#lastError)
      this.#options.logger.debug(record, 'no link to the controller');
    else this.#options.logger.warn(record, 'no link to the controller; services go on, trying again');
    this.#lastError = error.message;
  }

  async #connectOnce(): Promise<{ error: ShoalError; retryAfterMs: number; welcomed: boolean }> {
    this.#state = 'connecting';
    const identity = this.#options.identity();
    const client = linkClient(this.#options.controller, identity);
    this.#dialed = identity;
    this.#client = client;
    const stream = new ControlStream({
      client,
      ...patience(this.#options.longestWait?.()),
      outbox: this.#outbox,
      hello: { ...this.#options.hello(), manifestDeltas: true },
      report: () => this.#report(),
      welcomed: (welcome) => this.#welcomed(welcome),
      received: (message) => this.#received(message),
    });
    this.#stream = stream;
    const end = await stream.ended;
    this.#stream = undefined;
    this.#client = undefined;
    // It is offered anew on the next stream.
    this.#put = undefined;
    if (end.welcomed) this.#options.connected(false);
    client.close();
    return end;
  }

  #welcomed(welcome: Welcome__Output): void {
    const { clusterId } = this.#options.identity();
    if (welcome.clusterId !== clusterId) {
      const message = `the controller is of cluster ${welcome.clusterId}, this node of ${clusterId}`;
      this.#stream?.close(new ShoalError('permission_denied', message));
      return;
    }
    this.#state = 'connected';
    this.#lastError = '';
    this.#options.logger.info(
      { controller: this.#options.controller, version: welcome.controllerVersion },
      'linked to the controller',
    );
    this.#options.seeds(welcome.gossipSeeds);
    this.#options.connected(true);
  }

  #received(message: ControllerMessage__Output): void {
    if (message.removed) {
      this.#options.removed();
      return;
    }
    if (message.gossipKeys.length > 0) this.#options.gossipKeys(message.gossipKeys);
    if (message.lease !== null) this.#options.leased(message.lease);
    if (message.drain !== null) this.#options.drained(message.drain.services);
    if (message.offer !== null) this.#offered(message.offer);
    if (message.check !== null) void this.#check(message.check);
    if (message.repair !== null) void this.#repair(message.repair);
    if (message.members !== null) {
      this.#outbox.membersResult({
        id: message.members.id,
        membersJson: JSON.stringify(this.#options.members()),
      });
      this.#stream?.flush();
    }
  }

  #offered(offer: Offer__Output): void {
    try {
      const { manifest, content } = verifyOffer(offer, this.#options.identity(), (known) =>
        this.#contentOf(known),
      );
      this.#newest = content.length > keptContent ? undefined : { hash: offer.hash, content };
      const reason = this.#options.refuses?.();
      if (reason !== undefined) {
        this.#put = offer;
        this.#refuse(offer, 'lease', reason);
        return;
      }
      this.#refusal = undefined;
      const { hash, retryFailed, attempt, gate } = offer;
      const secrets = openSealed(offer.secrets, this.#dialedAs());
      const judged = gate === null ? {} : { gate };
      this.#options.offered(manifest, hash, { retryFailed, attempt, secrets, ...judged });
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      const { hash, revision } = offer;
      if (offer.delta !== null) {
        this.#askForWhole({ hash, revision, reason: error.message });
        return;
      }
      this.#refuse(offer, 'signature', error.message);
    }
  }

  #refuse({ hash, revision, attempt }: Offer__Output, step: string, message: string): void {
    this.#refusal = { hash, revision, attempt, message, step };
    this.#options.logger.error({ revision, reason: message }, 'an offered manifest was refused');
    this.stepEvent(refusalEvent(this.#refusal, Date.now()));
    this.reportChanged();
  }

  #contentOf(hash: string): Buffer | undefined {
    if (this.#newest?.hash === hash) return this.#newest.content;
    const held = this.#options.held(hash);
    return held === undefined ? undefined : Buffer.from(manifestContent(held));
  }

  /** That a delta comes to nothing here says nothing of the manifest: the verdict is that over the whole one. */
  #askForWhole(request: FullOfferRequest): void {
    const { revision, reason } = request;
    this.#options.logger.warn({ revision, reason }, 'the whole manifest is asked for');
    this.#outbox.fullOffer(request);
    this.#stream?.flush();
  }

  async #check(request: CheckRequest__Output): Promise<void> {
    const stream = this.#stream;
    let differences: readonly StepDifference[] = [];
    let error = '';
    try {
      const manifest = verifyManifest(request.manifest, this.#options.identity());
      const secrets = openSealed(request.secrets, this.#dialedAs());
      differences = await this.#options.check(manifest, secrets);
    } catch (thrown) {
      error = ShoalError.from(thrown).message;
    }
    if (stream === undefined || stream !== this.#stream) return;
    this.#outbox.checkResult({ id: request.id, differences: [...differences], error });
    stream.flush();
  }

  async #repair({ id, service }: RepairRequest__Output): Promise<void> {
    const stream = this.#stream;
    let result: RepairResult;
    try {
      const { repaired, failure } = await this.#options.repair(service);
      result = { id, repaired: [...repaired], failure };
    } catch (thrown) {
      result = { id, error: ShoalError.from(thrown).message };
    }
    if (stream === undefined || stream !== this.#stream) return;
    this.#outbox.repairResult(result);
    stream.flush();
  }

  /** The controller seals for the certificate that this link was dialed with, also when it was renewed meanwhile. */
  #dialedAs(): NodeIdentity {
    return this.#dialed ?? this.#options.identity();
  }

  #report(): NodeReport {
    return withRefusal(this.#options.report(), this.#refusal);
  }

  async #pause(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
    this.#wake = () => undefined;
  }
}
