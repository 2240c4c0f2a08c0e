import type { ClientDuplexStream } from '@grpc/grpc-js';
import type {
  AgentMessage,
  ControllerMessage__Output,
  Hello,
  LinkClient,
  NodeReport,
  Welcome__Output,
} from '@shoal/common';
import { fromServiceError, ShoalError } from '@shoal/common';
import type { Outbox } from './outbox.js';

/** How long the controller may take to welcome, milliseconds. */
const welcomeMs = 15_000;

/** Why a stream ended. */
export interface StreamEnd {
  readonly error: ShoalError;
  /** The controller's wish, milliseconds; 0: none. */
  readonly retryAfterMs: number;
  readonly welcomed: boolean;
}

/** What a stream needs from its owner. */
export interface ControlStreamOptions {
  readonly client: LinkClient;
  readonly outbox: Outbox;
  readonly hello: Hello;
  /** How long the controller may take to welcome, milliseconds. Default 15000. */
  readonly welcomeMs?: number;
  report(): NodeReport;
  welcomed(welcome: Welcome__Output): void;
  /** A message in order, the welcome taken out of it. */
  received(message: ControllerMessage__Output): void;
}

/** One control stream from its opening to its end. */
export class ControlStream {
  readonly #options: ControlStreamOptions;
  readonly #call: ClientDuplexStream<AgentMessage, ControllerMessage__Output>;
  readonly #ended: Promise<StreamEnd>;
  #end: (end: { error: ShoalError; retryAfterMs: number }) => void = () => undefined;
  #heard = 0;
  #welcomed = false;
  #writable = true;
  #flushing = false;
  #over = false;
  #heartbeat: NodeJS.Timeout | undefined;

  /** Opens the stream and says hello. */
  constructor(options: ControlStreamOptions) {
    this.#options = options;
    const patience = setTimeout(
      () => this.close(new ShoalError('deadline_exceeded', 'the controller sent no welcome')),
      options.welcomeMs ?? welcomeMs,
    );
    this.#ended = new Promise((resolve) => {
      this.#end = (end) => {
        if (this.#over) return;
        this.#over = true;
        clearTimeout(patience);
        clearInterval(this.#heartbeat);
        resolve({ ...end, welcomed: this.#welcomed });
      };
    });
    options.outbox.open(options.hello, options.report());
    this.#call = options.client.control();
    this.#call.on('data', (message: ControllerMessage__Output) => {
      if (message.welcome !== null) clearTimeout(patience);
      this.#heardMessage(message);
    });
    this.#call.on('drain', () => {
      this.#writable = true;
      this.#write();
    });
    this.#call.on('error', (thrown) => this.#failed(thrown));
    this.#call.on('end', () => this.close(new ShoalError('unavailable', 'the controller ended the link')));
    this.#write();
  }

  /** Resolves when the stream is over, with why. */
  get ended(): Promise<StreamEnd> {
    return this.#ended;
  }

  /** Something waits in the outbox. What comes in the same turn of the event loop goes out together. */
  flush(): void {
    if (this.#flushing || this.#over) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#write();
    });
  }

  /** Ends the stream. */
  close(error: ShoalError): void {
    if (this.#over) return;
    this.#end({ error, retryAfterMs: 0 });
    this.#call.end();
    this.#call.cancel();
  }

  #write(): void {
    while (this.#writable && !this.#over) {
      const message = this.#options.outbox.take();
      if (message === undefined) return;
      this.#writable = this.#call.write(message);
    }
  }

  #heardMessage(message: ControllerMessage__Output): void {
    if (this.#over) return;
    this.#heard += 1;
    if (message.sequence !== this.#heard) {
      // Something got lost on the way here. A new stream begins with everything that is in force.
      this.close(
        new ShoalError(
          'unavailable',
          `message ${this.#heard} of the controller is missing, ${message.sequence} came`,
        ),
      );
      return;
    }
    if (message.welcome !== null) this.#welcome(message.welcome);
    if (message.reportFullState) {
      this.#options.outbox.report(this.#options.report());
      this.flush();
    }
    if (!this.#over) this.#options.received(message);
  }

  #welcome(welcome: Welcome__Output): void {
    this.#welcomed = true;
    const everyMs = Math.max(welcome.reportIntervalS, 5) * 1000;
    this.#heartbeat = setInterval(() => {
      this.#options.outbox.report(this.#options.report());
      this.flush();
    }, everyMs);
    this.#heartbeat.unref();
    this.#options.outbox.welcomed();
    this.flush();
    this.#options.welcomed(welcome);
  }

  #failed(thrown: unknown): void {
    const metadata = (thrown as { metadata?: { get(key: string): unknown[] } }).metadata;
    const wish = Number(metadata?.get('retry-after-ms')[0] ?? 0);
    this.#end({
      error: fromServiceError(thrown),
      retryAfterMs: Number.isFinite(wish) ? Math.min(Math.max(wish, 0), 300_000) : 0,
    });
  }
}
