/** Where log lines go; a pino logger fits. */
export interface GossipLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: GossipLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** Time that one kind of warning is silent after a line, ms. */
const QUIET_MS = 10_000;

/** Lets one line of each kind through per QUIET_MS, and says with the next one how many were left out. */
export class RateLimitedLog {
  readonly #logger: GossipLogger;
  readonly #now: () => number;
  readonly #kinds = new Map<string, { until: number; suppressed: number }>();

  constructor(logger: GossipLogger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  /** @param kind a word from the code, never from the network: there must be few of them. */
  warn(kind: string, detail: string): void {
    const due = this.#due(kind);
    if (due) this.#logger.warn({ kind, detail, ...due }, `gossip: ${kind}`);
  }

  /** Logs what the application's own code threw; `kind` as for `warn`. */
  error(kind: string, error: unknown): void {
    const due = this.#due(kind);
    if (due) this.#logger.error({ kind, err: error, ...due }, `gossip: ${kind}`);
  }

  /** Undefined while the kind is to be silent; otherwise how many lines were left out, if any. */
  #due(kind: string): { suppressed?: number } | undefined {
    const seen = this.#kinds.get(kind);
    if (seen && this.#now() < seen.until) {
      seen.suppressed++;
      return undefined;
    }
    const suppressed = seen?.suppressed ?? 0;
    this.#kinds.set(kind, { until: this.#now() + QUIET_MS, suppressed: 0 });
    return suppressed > 0 ? { suppressed } : {};
  }
}
