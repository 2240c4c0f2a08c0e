import { type LogSource, noRedactor, type Redactor } from '@shoal/common';
import type { Logger } from 'pino';
import type { ObservedService } from '../converge/converger.js';
import type { ParserName } from './parse/parse-line.js';
import type { Spool } from './spool/spool.js';
import { FileTail } from './tail/file-tail.js';
import { JournalTail } from './tail/journal-tail.js';
import type { LineSink, SourceLine } from './tail/line-sink.js';
import { StdoutBuffer } from './tail/stdout-buffer.js';
import type { Traffic } from './traffic/traffic.js';

/** A log line as it waits in the spool; short names since there is one for each line. It is parsed when it is shipped. */
export interface SpooledLine {
  /** Milliseconds since the epoch: when it was written as far as the source says, else when it was read. */
  readonly t: number;
  /** Service and source. */
  readonly v: string;
  readonly s: string;
  readonly l: string;
  /** Parser; absent: plain. */
  readonly x?: ParserName;
  /** What the source itself knew about it. */
  readonly f?: Readonly<Record<string, string>>;
}

interface Tail {
  start(): void;
  stop(): Promise<void>;
}

/** What the collector needs. */
export interface LogCollectorOptions {
  readonly spool: Spool<SpooledLine>;
  readonly logger: Logger;
  /** Takes out of lines what must not leave the host. Default: nothing. */
  readonly redactor?: () => Redactor;
  /** Counts the requests that lines tell of. */
  readonly traffic?: Traffic;
  readonly now?: () => number;
}

/** Runs one tail for each log source of the services in force; all lines go to the spool. */
export class LogCollector {
  readonly #spool: Spool<SpooledLine>;
  readonly #logger: Logger;
  readonly #traffic: Traffic | undefined;
  readonly #now: () => number;
  readonly #redactor: () => Redactor;
  readonly #tails = new Map<string, Tail>();
  readonly #outputs = new Map<string, StdoutBuffer>();
  #work: Promise<void> = Promise.resolve();

  constructor(options: LogCollectorOptions) {
    this.#spool = options.spool;
    this.#logger = options.logger;
    this.#traffic = options.traffic;
    this.#now = options.now ?? Date.now;
    this.#redactor = options.redactor ?? (() => noRedactor);
  }

  /** Begins and ends tails so that exactly these services' sources are followed. Sources that didn't change are left alone. */
  update(services: readonly ObservedService[]): Promise<void> {
    this.#work = this.#work.then(() => this.#reconcile(services));
    return this.#work;
  }

  /** A line of a supervised process's own output. Dropped when no source of the service asks for it. */
  processOutput(service: string, line: string): void {
    this.#outputs.get(service)?.push(line);
  }

  async stop(): Promise<void> {
    await this.update([]);
  }

  async #reconcile(services: readonly ObservedService[]): Promise<void> {
    this.#traffic?.follow(services);
    const wanted = new Map<string, { service: string; source: LogSource }>();
    for (const { service, logs } of services) {
      for (const source of logs) wanted.set(JSON.stringify([service, source]), { service, source });
    }
    for (const [id, tail] of this.#tails) {
      if (wanted.has(id)) continue;
      this.#tails.delete(id);
      await tail.stop();
    }
    for (const [id, { service, source }] of wanted) {
      if (this.#tails.has(id)) continue;
      const tail = this.#tailOf(service, source);
      this.#tails.set(id, tail);
      tail.start();
    }
  }

  #tailOf(service: string, source: LogSource): Tail {
    const sink = this.#sink(service, source);
    const key = `${service}/${source.source}`;
    if (source.file !== undefined) {
      return new FileTail({ path: source.file, keyPrefix: `f:${key}:`, sink, logger: this.#logger });
    }
    if (source.unit !== undefined) {
      return new JournalTail({ unit: source.unit, key: `j:${key}`, sink, logger: this.#logger });
    }
    const buffer = new StdoutBuffer({ sink, logger: this.#logger, service, now: this.#now });
    return {
      start: () => this.#outputs.set(service, buffer),
      stop: async () => {
        this.#outputs.delete(service);
        await buffer.stop();
      },
    };
  }

  /** Before it is redacted: nobody finds a value of which the rest was cut off. */
  #told({ text, isCut = false }: SourceLine): string {
    const redactor = this.#redactor();
    return redactor.text(isCut ? text.slice(0, redactor.whole(text)) : text);
  }

  #sink(service: string, source: LogSource): LineSink {
    const spool = this.#spool;
    const parser = source.parser ?? 'plain';
    const payload = (line: SourceLine): SpooledLine => ({
      t: line.at ?? this.#now(),
      v: service,
      s: source.source,
      l: this.#told(line),
      ...(parser === 'plain' ? {} : { x: parser }),
      ...(line.fields === undefined ? {} : { f: line.fields }),
    });
    return {
      append: (lines, signal) => {
        // Counted as they are read, not as they are shipped: a controller that is away makes nobody blind.
        if (source.traffic !== undefined) {
          for (const { text } of lines) this.#traffic?.line(service, source, text);
        }
        return spool.append(
          lines.map((line) => ({
            payload: payload(line),
            ...(line.key === undefined ? {} : { key: line.key }),
            ...(line.position === undefined ? {} : { position: line.position }),
          })),
          signal,
        );
      },
      mark: (moved) => spool.mark(moved),
      positions: (prefix) => new Map([...spool.positions].filter(([key]) => key.startsWith(prefix))),
      since: spool.createdAt,
    };
  }
}
