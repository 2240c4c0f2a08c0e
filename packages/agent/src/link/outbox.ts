import type {
  AgentMessage,
  CheckResult,
  FullOfferRequest,
  Hello,
  NodeReport,
  RepairResult,
  StepEvent,
} from '@shoal/common';

type MembersResult = NonNullable<AgentMessage['membersResult']>;

/** Step events that wait at most; the oldest go first, counted. */
const defaultMaxEvents = 2000;
/** Step events in one message. */
const eventsPerMessage = 200;

/**
 * What is to be said to the controller. Reports merge: only the newest waits. Step events stay in order. Everything that waits goes out in as
 * few messages as the contract allows, each with the next sequence number. Until a stream is welcomed only its hello and report go out: what is
 * written to one that never stands is lost.
 */
export class Outbox {
  readonly #maxEvents: number;
  #sequence = 0;
  #hello: Hello | undefined;
  #isWelcome = true;
  #report: NodeReport | undefined;
  #events: StepEvent[] = [];
  #droppedEvents = 0;
  #checks: CheckResult[] = [];
  #repairs: RepairResult[] = [];
  #members: MembersResult[] = [];
  /** Of the newest offer only. */
  #fullOffer: FullOfferRequest | undefined;

  constructor(maxEvents: number = defaultMaxEvents) {
    this.#maxEvents = maxEvents;
  }

  /** A new stream begins: with `hello` and a full report. Answers to questions of the stream before are dropped, step events stay. */
  open(hello: Hello, report: NodeReport): void {
    this.#sequence = 0;
    this.#hello = hello;
    this.#isWelcome = false;
    this.#report = report;
    this.#checks = [];
    this.#repairs = [];
    this.#members = [];
    this.#fullOffer = undefined;
  }

  /** The controller welcomed the stream: everything may be said. */
  welcomed(): void {
    this.#isWelcome = true;
  }

  /** The full report of what is true now; takes the place of one that waits. */
  report(report: NodeReport): void {
    this.#report = report;
  }

  stepEvent(event: StepEvent): void {
    this.#events.push(event);
    if (this.#events.length <= this.#maxEvents) return;
    this.#events.shift();
    this.#droppedEvents += 1;
  }

  checkResult(result: CheckResult): void {
    this.#checks.push(result);
  }

  repairResult(result: RepairResult): void {
    this.#repairs.push(result);
  }

  fullOffer(request: FullOfferRequest): void {
    this.#fullOffer = request;
  }

  membersResult(result: MembersResult): void {
    this.#members.push(result);
  }

  /** True when nothing may be said now. */
  get isEmpty(): boolean {
    if (!this.#isWelcome) return this.#hello === undefined;
    return (
      this.#hello === undefined &&
      this.#report === undefined &&
      this.#events.length === 0 &&
      this.#checks.length === 0 &&
      this.#repairs.length === 0 &&
      this.#members.length === 0 &&
      this.#fullOffer === undefined
    );
  }

  /** The next message; undefined when nothing may be said now. */
  take(): AgentMessage | undefined {
    if (this.isEmpty) return undefined;
    this.#sequence += 1;
    const message: AgentMessage = {
      sequence: this.#sequence,
      hello: this.#hello ?? null,
      report: this.#report ?? null,
      stepEvents: this.#takeEvents(),
      checkResult: this.#checks.shift() ?? null,
      membersResult: this.#members.shift() ?? null,
      repairResult: this.#repairs.shift() ?? null,
      fullOffer: this.#fullOffer ?? null,
    };
    this.#fullOffer = undefined;
    this.#hello = undefined;
    this.#report = undefined;
    return message;
  }

  #takeEvents(): StepEvent[] {
    if (!this.#isWelcome) return [];
    const taken = this.#events.splice(0, eventsPerMessage);
    const first = taken[0];
    if (this.#droppedEvents > 0 && first !== undefined) {
      const text = `[shoal] ${this.#droppedEvents} earlier lines were dropped while the controller was away`;
      taken.unshift({ ...first, kind: 'output', text });
      this.#droppedEvents = 0;
    }
    return taken;
  }
}
