import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import {
  type AgentMessage__Output,
  type CheckRequest,
  type CheckResult__Output,
  type FullOfferRequest__Output,
  type Hello__Output,
  type MemberView,
  type NodeReport__Output,
  type Offer,
  type RepairResult__Output,
  ShoalError,
  type SignedDocument,
  type StepDifference__Output,
  type StepEvent__Output,
  type StepFailure__Output,
  type Welcome,
} from '@shoal/common';
import { parseMembers } from './members-result.js';
import { type MessageSink, Outbox } from './outbox.js';

/** Where a session tells what its agent said. Calls must not throw. */
export interface SessionListener {
  /** The agent's report; with the hello when it is the first. */
  reported(report: NodeReport__Output, hello: Hello__Output | undefined): void;
  stepEvents(events: readonly StepEvent__Output[]): void;
  /** A delta came to nothing on the node: the offer is to be made again. */
  fullOfferAsked(request: FullOfferRequest__Output): void;
  /** Anything arrived. */
  seen(): void;
}

/** What a question may be answered by. */
interface Answer {
  readonly check?: CheckResult__Output;
  readonly members?: string;
  readonly repair?: RepairResult__Output;
}

interface Waiting {
  readonly kind: keyof Answer;
  readonly settle: (outcome: Answer | ShoalError) => void;
}

/** One agent's control stream, from its first message to its end. */
export class Session {
  readonly node: string;
  /** Who holds its private key, and none else, is to read what is meant for the node alone. */
  readonly publicKey: KeyObject | undefined;
  readonly #outbox: Outbox;
  readonly #listener: SessionListener;
  readonly #end: (reason: ShoalError | undefined) => void;
  readonly #waiting = new Map<string, Waiting>();
  #received = 0;
  #begun = false;
  #awaitsFull = false;
  #offered = '';
  #deltas = false;
  #offeredAttempt = 0;
  #closed = false;

  /**
   * `end` ends the stream: with an error, or (undefined) in peace. `publicKey`: of the certificate that the agent opened the stream with; without it no secret
   * can be sent.
   */
  constructor(
    node: string,
    sink: MessageSink,
    listener: SessionListener,
    end: (reason: ShoalError | undefined) => void,
    publicKey?: KeyObject,
  ) {
    this.node = node;
    this.publicKey = publicKey;
    this.#outbox = new Outbox(sink);
    this.#listener = listener;
    this.#end = end;
  }

  /** True from the first message (hello and full report) on. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Takes the agent's next message. @throws ShoalError `invalid_input` when the stream doesn't begin as it must */
  receive(message: AgentMessage__Output): void {
    if (this.#closed) return;
    if (!this.#begun) this.#begin(message);
    else this.#checkSequence(message.sequence);
    this.#received = message.sequence;
    this.#listener.seen();
    this.#takeReport(message);
    if (message.stepEvents.length > 0) this.#listener.stepEvents(message.stepEvents);
    if (message.checkResult !== null) this.#answer(message.checkResult.id, { check: message.checkResult });
    if (message.membersResult !== null) {
      this.#answer(message.membersResult.id, { members: message.membersResult.membersJson });
    }
    if (message.fullOffer !== null) this.#offerWhole(message.fullOffer);
    if (message.repairResult !== null) {
      this.#answer(message.repairResult.id, { repair: message.repairResult });
    }
  }

  #begin({ hello, report }: AgentMessage__Output): void {
    if (hello === null || report?.full !== true) {
      throw new ShoalError('invalid_input', "A link's first message must carry hello and a full report");
    }
    this.#begun = true;
    this.#deltas = hello.manifestDeltas;
  }

  /** From then on this link gets whole manifests only: what it is that doesn't fit isn't known here. */
  #offerWhole(request: FullOfferRequest__Output): void {
    if (!this.#deltas) return;
    this.#deltas = false;
    this.#offered = '';
    this.#listener.fullOfferAsked(request);
  }

  /** The agent takes deltas of manifests, and had no trouble with one. */
  get takesDeltas(): boolean {
    return this.#deltas;
  }

  #checkSequence(sequence: number): void {
    if (sequence === this.#received + 1) return;
    this.#awaitsFull = true;
    this.#outbox.put({ reportFullState: true });
  }

  /** After a gap, what builds on a report that was lost is of no use: only a full one is taken. */
  #takeReport({ report, hello }: AgentMessage__Output): void {
    if (report === null || (this.#awaitsFull && !report.full)) return;
    this.#awaitsFull = false;
    this.#listener.reported(report, hello ?? undefined);
  }

  welcome(welcome: Welcome, gossipKeys: readonly Buffer[], lease: SignedDocument | undefined): void {
    this.#outbox.put({ welcome, gossipKeys: [...gossipKeys], ...(lease === undefined ? {} : { lease }) });
  }

  /** The keys in force from now on, the primary first. */
  gossipKeys(keys: readonly Buffer[]): void {
    this.#outbox.put({ gossipKeys: [...keys] });
  }

  /** What operators want drained on the node, all of it. */
  drain(services: readonly string[]): void {
    this.#outbox.put({ drain: { services: [...services] } });
  }

  lease(lease: SignedDocument): void {
    this.#outbox.put({ lease });
  }

  /** Number of the last offer on this link; 0: none. */
  get offeredAttempt(): number {
    return this.#offeredAttempt;
  }

  /** Offers a manifest, unless it was the last one offered on this link just so; it is made only then. Gives whether it was sent. */
  offer(
    what: { hash: string; revision: number; attempt: number; retryFailed: boolean },
    make: () => Offer,
  ): boolean {
    // An earlier attempt may fail after this one was offered: then it is asked for again, as one to be retried.
    const key = `${what.revision}/${what.hash}/${what.attempt}/${what.retryFailed}`;
    if (key === this.#offered) return false;
    this.#offered = key;
    this.#offeredAttempt = what.attempt;
    this.#outbox.put({ offer: { ...make(), ...what } });
    return true;
  }

  /** What converging to the manifest would change on the node. @throws ShoalError `deadline_exceeded`, `unavailable`, `step_failed` */
  async check(
    request: Pick<CheckRequest, 'manifest' | 'secrets'>,
    timeoutMs: number,
  ): Promise<readonly StepDifference__Output[]> {
    const { check } = await this.#ask('check', timeoutMs, (id) =>
      this.#outbox.request({ check: { id, ...request } }),
    );
    if (check === undefined || check.error !== '') {
      throw new ShoalError('step_failed', check?.error ?? 'The agent gave no answer');
    }
    return check.differences;
  }

  /**
   * Repairs what drifted on the node, of one service or (empty) of all. Resolves with the steps that were.
   * @throws ShoalError `deadline_exceeded`, `unavailable`, `failed_precondition` when it couldn't be begun, `step_failed`
   */
  async repair(
    service: string,
    timeoutMs: number,
  ): Promise<readonly { readonly service: string; readonly step: string }[]> {
    const { repair } = await this.#ask('repair', timeoutMs, (id) =>
      this.#outbox.request({ repair: { id, service } }),
    );
    if (repair === undefined || repair.error !== '') {
      throw new ShoalError('failed_precondition', repair?.error ?? 'The agent gave no answer');
    }
    if (repair.failure !== null) throw repairFailed(this.node, repair.failure);
    return repair.repaired;
  }

  /** The gossip's view on the node. @throws ShoalError `deadline_exceeded`, `unavailable` */
  async members(timeoutMs: number): Promise<readonly MemberView[]> {
    const { members } = await this.#ask('members', timeoutMs, (id) =>
      this.#outbox.request({ members: { id } }),
    );
    return parseMembers(members ?? '', this.node);
  }

  async #ask(kind: Waiting['kind'], timeoutMs: number, send: (id: string) => void): Promise<Answer> {
    if (this.#closed) throw new ShoalError('unavailable', `Node "${this.node}" is not connected`);
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        settle(
          new ShoalError(
            'deadline_exceeded',
            `Node "${this.node}" didn't answer within ${timeoutMs / 1000} s`,
          ),
        );
      }, timeoutMs);
      const settle: Waiting['settle'] = (outcome) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (ShoalError.is(outcome)) reject(outcome);
        else resolve(outcome);
      };
      this.#waiting.set(id, { kind, settle });
      send(id);
    });
  }

  #answer(id: string, outcome: Answer): void {
    const waiting = this.#waiting.get(id);
    // An answer that came after its time is of no use.
    if (waiting !== undefined && waiting.kind in outcome) waiting.settle(outcome);
  }

  /** The node was removed: tells the agent and ends the stream. */
  removed(): void {
    this.#outbox.put({ removed: true });
    this.#outbox.flush();
    this.close();
  }

  /** Ends the stream: with an error that tells why, or in peace. Safe to call twice. */
  close(reason?: ShoalError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.close();
    for (const { settle } of [...this.#waiting.values()]) {
      settle(new ShoalError('unavailable', `The link to node "${this.node}" ended`));
    }
    this.#end(reason);
  }
}

function repairFailed(node: string, failure: StepFailure__Output): ShoalError {
  const { service, step, message, output, undone } = failure;
  const said = output === '' ? '' : `\n${output}`;
  const after = undone ? 'what it had changed was undone' : 'not all that it had changed could be undone';
  return new ShoalError('step_failed', `${node}: ${service}/${step}: ${message}; ${after}${said}`);
}
