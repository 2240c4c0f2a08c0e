import type { ControllerMessage } from '@shoal/common';

/** Where an outbox sends: the writing half of a grpc-js stream. */
export interface MessageSink {
  /** False: wait for `drain` before the next. */
  write(message: ControllerMessage): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** Parts that a later one replaces while the message waits. */
type State = Omit<ControllerMessage, 'sequence' | 'check' | 'members' | 'repair'>;
/** Parts each of which must arrive: one a message. */
type Request = Pick<ControllerMessage, 'check' | 'members' | 'repair'>;

/**
 * What the controller has to tell one agent. While the stream can't take more, pending parts merge into one next message, the latest of each; so a slow
 * agent gets what holds now instead of all that held once. Sequence numbers are given as messages leave.
 */
export class Outbox {
  readonly #sink: MessageSink;
  #state: State | undefined;
  readonly #requests: Request[] = [];
  #sequence = 0;
  #scheduled = false;
  #blocked = false;
  #closed = false;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** Merges these parts into the next message. */
  put(parts: State): void {
    this.#state = { ...this.#state, ...parts };
    this.#schedule();
  }

  /** Queues a request. */
  request(request: Request): void {
    this.#requests.push(request);
    this.#schedule();
  }

  /** Sends what is pending at once, as far as the stream takes it. */
  flush(): void {
    this.#scheduled = false;
    while (!this.#blocked && !this.#closed && (this.#state !== undefined || this.#requests.length > 0)) {
      this.#sequence += 1;
      const message = { sequence: this.#sequence, ...this.#state, ...this.#requests.shift() };
      this.#state = undefined;
      if (!this.#sink.write(message)) this.#wait();
    }
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#closed = true;
  }

  #wait(): void {
    this.#blocked = true;
    this.#sink.once('drain', () => {
      this.#blocked = false;
      this.flush();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked || this.#closed) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }
}
