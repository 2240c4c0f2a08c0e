/**
 * What kind of failure it is, closed set. Each maps to one gRPC status, one HTTP status and one exit code of the
 * command (`errors/status.ts`).
 *
 * - `invalid_input`: the caller's text or arguments are wrong; nothing was changed.
 * - `unauthenticated` / `permission_denied`: who you are isn't known / isn't enough.
 * - `not_found`, `already_exists`: as named in the message.
 * - `conflict`: a write was based on a state that is no longer the newest; read again and retry.
 * - `failed_precondition`: the request is right, the present state doesn't allow it.
 * - `resource_exhausted`: a limit (rate, disk, license) is reached.
 * - `unavailable`: the other side can't be reached now; retrying may help.
 * - `deadline_exceeded`: it took longer than allowed.
 * - `step_failed`: a step on a node failed; the message names node, step and the command's own words.
 * - `internal`: a defect of Shoal's.
 */
export type ErrorCode =
  | 'invalid_input'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'failed_precondition'
  | 'resource_exhausted'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'step_failed'
  | 'internal';

/** A place in a user's text; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, where, and what was expected instead. */
export interface Problem {
  readonly message: string;
  /** JSON pointer into the document, e.g. `/services/web/params/port`. */
  readonly path?: string;
  readonly position?: SourcePosition;
}

export interface ShoalErrorOptions {
  /** What the reader can do next: one sentence, or a command. */
  readonly hint?: string;
  /** Every problem that was found, when there can be several (validation). */
  readonly problems?: readonly Problem[];
  readonly cause?: unknown;
}

/** The shape in which a ShoalError crosses the wire. */
export interface ShoalErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly problems?: readonly Problem[];
}

const brand: unique symbol = Symbol.for('shoal.error') as never;

/** The one error class of Shoal: a code for programs, a message for people, a hint what to do next. */
export class ShoalError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: ShoalErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ShoalError';
    this.code = code;
    this.hint = options.hint;
    this.problems = options.problems ?? [];
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for ShoalErrors of any copy of this module (bundles carry their own). */
  static is(thrown: unknown): thrown is ShoalError {
    return typeof thrown === 'object' && thrown !== null && brand in thrown;
  }

  /** Anything thrown, as a ShoalError; what isn't one becomes `internal` (or `fallback`) with the thrown value as cause. For boundaries only. */
  static from(thrown: unknown, fallback: ErrorCode = 'internal'): ShoalError {
    if (ShoalError.is(thrown)) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ShoalError(fallback, message, { cause: thrown });
  }

  /** Rebuilds an error from its JSON shape; a shape that isn't one becomes `internal`. */
  static fromJson(json: ShoalErrorJson): ShoalError {
    return new ShoalError(json.code, json.message, {
      ...(json.hint === undefined ? {} : { hint: json.hint }),
      ...(json.problems === undefined ? {} : { problems: json.problems }),
    });
  }

  toJSON(): ShoalErrorJson {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.problems.length === 0 ? {} : { problems: this.problems }),
    };
  }
}
