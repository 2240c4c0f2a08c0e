import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { BatchAck__Output, Logger } from '@shoal/common';
import { fromServiceError, ShoalError } from '@shoal/common';
import type { SpoolRecord } from '../observe/spool/entry.js';
import type { Spool } from '../observe/spool/spool.js';
import { Backoff } from './backoff.js';

/** What is shipped, from where, and how a stream for it is opened. */
export interface ShipperOptions<T, B> {
  readonly spool: Spool<T>;
  /** Opens a stream on the present connection; undefined: there is none now. */
  open(): ClientDuplexStream<B, BatchAck__Output> | undefined;
  batch(spoolId: string, records: readonly SpoolRecord<T>[]): B;
  readonly logger: Logger;
  /** Said in logs: `logs`, `stats`. */
  readonly what: string;
  /** Records sent beyond the last acknowledged one at most. Default 4000. */
  readonly window?: number;
  /** A stream on which nothing is acknowledged for that long is opened anew, milliseconds. Default 30000. */
  readonly ackTimeoutMs?: number;
  readonly backoff?: Backoff;
}

/**
 * Sends a spool's records in order, from the first unacknowledged one on, and acknowledges them to the spool when the controller has. A broken
 * stream is opened anew; what wasn't acknowledged is sent again and dropped by the controller where it holds it already.
 */
export class Shipper<T, B> {
  readonly #options: ShipperOptions<T, B>;
  readonly #backoff: Backoff;
  readonly #stopListening: () => void;
  #stream: ClientDuplexStream<B, BatchAck__Output> | undefined;
  #sent = 0;
  #pumping = false;
  #retry: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #active = false;
  #stopped = false;

  constructor(options: ShipperOptions<T, B>) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({ first: 500, longest: 15_000 });
    this.#stopListening = options.spool.onDurable(() => this.#pump());
  }

  /** The connection stands: begins to send. */
  resume(): void {
    this.#active = true;
    this.#begin();
  }

  /** The connection is gone: waits for `resume`. */
  pause(): void {
    this.#active = false;
    this.#drop();
  }

  stop(): void {
    this.#stopped = true;
    this.pause();
    this.#stopListening();
  }

  #begin(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (!this.#active || this.#stopped || this.#stream !== undefined) return;
    if (this.#options.spool.durable <= this.#options.spool.acked) return; // opened when there is something
    const stream = this.#options.open();
    if (stream === undefined) return;
    this.#stream = stream;
    this.#sent = this.#options.spool.acked;
    stream.on('data', (ack: BatchAck__Output) => this.#acknowledged(stream, ack));
    stream.on('drain', () => this.#pump());
    stream.on('error', (thrown) => this.#broken(stream, fromServiceError(thrown)));
    stream.on('end', () =>
      this.#broken(stream, new ShoalError('unavailable', 'the controller ended the stream')),
    );
    this.#pump();
  }

  #drop(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }

  #broken(stream: ClientDuplexStream<B, BatchAck__Output>, error: ShoalError): void {
    if (stream !== this.#stream) return;
    this.#drop();
    if (!this.#active || this.#stopped) return;
    const waitMs = this.#backoff.next();
    const record = { code: error.code, reason: error.message, retryInMs: Math.round(waitMs) };
    this.#options.logger.warn(record, `shipping ${this.#options.what} was interrupted`);
    this.#retry = setTimeout(() => this.#begin(), waitMs);
    this.#retry.unref();
  }

  #acknowledged(stream: ClientDuplexStream<B, BatchAck__Output>, ack: BatchAck__Output): void {
    const { spool } = this.#options;
    if (stream !== this.#stream || ack.spoolId !== spool.id) return;
    this.#backoff.reset();
    spool.acknowledge(ack.sequence);
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#pump();
  }

  #pump(): void {
    if (this.#stream === undefined) {
      if (this.#retry === undefined) this.#begin();
      return;
    }
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#send(this.#stream)
      .catch((error: unknown) => {
        this.#options.logger.error({ err: error }, `reading the spool of ${this.#options.what} failed`);
        if (this.#stream !== undefined) this.#broken(this.#stream, ShoalError.from(error));
      })
      .finally(() => {
        this.#pumping = false;
      });
  }

  async #send(stream: ClientDuplexStream<B, BatchAck__Output>): Promise<void> {
    const { spool, window = 4000 } = this.#options;
    while (stream === this.#stream && this.#sent - spool.acked < window) {
      const records = await spool.read(this.#sent);
      const last = records.at(-1);
      if (last === undefined) break;
      if (stream !== this.#stream) return;
      this.#sent = last.sequence;
      const goOn = stream.write(this.#options.batch(spool.id, records));
      if (!goOn) break;
    }
    if (stream === this.#stream && this.#sent > spool.acked) this.#expectAck(stream);
  }

  #expectAck(stream: ClientDuplexStream<B, BatchAck__Output>): void {
    this.#patience ??= setTimeout(() => {
      this.#broken(stream, new ShoalError('deadline_exceeded', 'the controller acknowledges nothing'));
    }, this.#options.ackTimeoutMs ?? 30_000);
    this.#patience.unref();
  }
}
