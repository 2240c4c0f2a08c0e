import type { Answer } from './answer.js';
import type { Connection, NoAnswer, Outcome } from './connection.js';
import { Pool } from './pool.js';
import type { LoadFailure, LoadOptions, LoadReport, LoadRequest } from './report.js';
import { Tally } from './tally.js';

/** A request as it goes over the wire. */
interface Prepared {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly expect: RegExp | undefined;
  /** RFC 9110, 9.2.2: sending it twice means no more than sending it once. */
  readonly idempotent: boolean;
  readonly keeping: Buffer;
  readonly closing: Buffer;
}

interface Target {
  readonly origin: string;
  readonly pool: Pool;
  readonly mix: readonly Prepared[];
}

/** How often requests are begun: all that became due since. */
const tickMs = 5;

/** Sends a constant load until it is stopped. */
export class Generator {
  readonly #options: LoadOptions;
  readonly #tally: Tally;
  readonly #targets: readonly Target[];
  readonly #timeoutMs: number;
  readonly #freshEvery: number;
  readonly #underWay = new Set<Promise<void>>();
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #begun = 0;

  constructor(options: LoadOptions) {
    const { targets, mix = [{ path: '/' }], connections = 20, fresh = 0.3 } = options;
    this.#options = options;
    this.#tally = new Tally(options.slowMs ?? 1000);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#freshEvery = fresh;
    this.#targets = targets.map((origin) => {
      const url = new URL(origin);
      const prepared = mix.flatMap((entry) => Array<Prepared>(entry.weight ?? 1).fill(prepare(entry, url)));
      return { origin, pool: new Pool(url, connections), mix: prepared };
    });
    this.#timer = setInterval(() => this.#beginDue(), tickMs);
  }

  /** Begins no more requests, waits for those under way, and tells what became of all. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#startedAt) / 1000;
    await Promise.all(this.#underWay);
    for (const { pool } of this.#targets) pool.close();
    return this.#tally.report(seconds);
  }

  #beginDue(): void {
    const now = performance.now();
    const due = ((now - this.#startedAt) / 1000) * this.#options.requestsPerSecond;
    for (; this.#begun < due; this.#begun += 1) {
      const dueAt = this.#startedAt + (this.#begun / this.#options.requestsPerSecond) * 1000;
      this.#tally.lag(now - dueAt);
      const exchange = this.#exchange(this.#begun, dueAt).finally(() => this.#underWay.delete(exchange));
      this.#underWay.add(exchange);
    }
  }

  async #exchange(number: number, dueAt: number): Promise<void> {
    const target = this.#targets[number % this.#targets.length];
    if (target === undefined) return;
    const turn = Math.floor(number / this.#targets.length);
    const request = target.mix[turn % target.mix.length];
    if (request === undefined) return;
    // Spread evenly, and independent of the place in the mix.
    const fresh = (turn * 0.6180339887) % 1 < this.#freshEvery;
    const at = Date.now();
    const connection = fresh ? target.pool.fresh() : target.pool.take();
    const reused = connection.uses > 0;
    const first = await this.#send(request, connection, fresh ? request.closing : request.keeping, target);
    const mistake = mistakeOf(first, request);
    let final = first;
    let failure: LoadFailure | undefined;
    if (mistake !== undefined) {
      const again = reused && request.idempotent && unanswered(first);
      if (again) final = await this.#send(request, target.pool.fresh(), request.closing, target);
      failure = {
        at,
        target: target.origin,
        method: request.method,
        path: request.path,
        connection: reused ? 'reused' : 'fresh',
        reason: mistake,
        retried: again ? (mistakeOf(final, request) ?? 'answered') : null,
      };
    }
    const body = 'answer' in final ? final.answer.body : undefined;
    const latencyMs = performance.now() - dueAt;
    this.#tally.add({
      at,
      target: target.origin,
      latencyMs,
      body,
      ...(failure === undefined ? {} : { failure }),
    });
  }

  async #send(request: Prepared, connection: Connection, bytes: Buffer, target: Target): Promise<Outcome> {
    const outcome = await connection.send(request.method, bytes, this.#timeoutMs);
    if ('answer' in outcome && outcome.answer.keep) target.pool.giveBack(connection);
    return outcome;
  }
}

function prepare(entry: LoadRequest, target: URL): Prepared {
  const { method = 'GET', path, body, status = 200, expect } = entry;
  const content =
    body === undefined ? '' : `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  const request = (connection: string): Buffer =>
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: ${target.host}\r\n${connection}${content}\r\n${body ?? ''}`,
    );
  return {
    method,
    path,
    status,
    expect: expect === undefined ? undefined : new RegExp(expect),
    idempotent: method !== 'POST',
    keeping: request(''),
    closing: request('Connection: close\r\n'),
  };
}

function unanswered(outcome: Outcome): boolean {
  return 'failure' in outcome && (outcome.failure satisfies NoAnswer).unanswered;
}

/** Why an outcome isn't what was asked for; undefined: it is. */
function mistakeOf(outcome: Outcome, request: Prepared): string | undefined {
  if ('failure' in outcome) return outcome.failure.reason;
  const { status, body }: Answer = outcome.answer;
  if (status !== request.status) return `status ${status}`;
  if (request.expect === undefined || request.method === 'HEAD' || request.expect.test(body))
    return undefined;
  return `wrong body: ${JSON.stringify(body.slice(0, 60))}`;
}
