import { didYouMean, type Logger, type Role, ShoalError } from '@shoal/common';
import type { Actor, ControllerServices } from '../services.js';
import type { Store } from '../store/store.js';
import { type AuditLog, createAuditLog, outcomeOf } from './audit.js';
import type { AnyOperation, OperationContext } from './definition.js';
import { validateInput } from './input-validation.js';
import { changes, describeOperations, findOperation, operations } from './table.js';

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

const operationNames = operations.map((row) => row.name);

/** One finished call, for metrics. `code` is `ok` or the error's code. */
export interface OperationObservation {
  readonly operation: string;
  readonly door: Actor['door'];
  readonly code: string;
  readonly seconds: number;
  readonly stream: boolean;
}

/** What the dispatcher needs. */
export interface DispatcherComponents {
  readonly services: ControllerServices;
  readonly store: Store;
  readonly logger: Logger;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly observe?: (observation: OperationObservation) => void;
}

/** The one way into the table, whatever the door: role, input, audit, function. Failures are ShoalErrors. */
export interface Dispatcher {
  readonly audit: AuditLog;
  /** Answers of operations that answer once. */
  call(name: string, input: unknown, actor: Actor, signal: AbortSignal): Promise<unknown>;
  /** Answers of stream operations, until `signal` aborts or the subject ends. Refusals come with the first `next`. */
  watch(name: string, input: unknown, actor: Actor, signal: AbortSignal): AsyncIterable<unknown>;
}

/** What the caller is told when something was thrown that nobody foresaw; the words of that stay in the log. */
export function defect(cause: unknown): ShoalError {
  return new ShoalError('internal', 'a defect of the controller', {
    hint: "the controller's log tells more",
    cause,
  });
}

function rowOf(name: string, stream: boolean): AnyOperation {
  const row = findOperation(name);
  if (row === undefined) {
    const meant = didYouMean(name.slice(0, 100), operationNames);
    throw new ShoalError('not_found', `no operation ${JSON.stringify(name.slice(0, 100))}${meant}`, {
      hint: 'operations.list names all of them',
    });
  }
  if (row.stream !== stream) {
    throw new ShoalError(
      'invalid_input',
      row.stream ? `${name} answers as a stream` : `${name} answers once, not as a stream`,
      { hint: `ask for it by ${row.stream ? 'Watch or server-sent events' : 'Call'}` },
    );
  }
  return row;
}

function checkRole(row: AnyOperation, actor: Actor): void {
  if (rank[actor.role] >= rank[row.role]) return;
  throw new ShoalError(
    'permission_denied',
    `${row.name} needs the role ${row.role}; ${actor.name} is ${actor.role}`,
  );
}

export function createDispatcher(components: DispatcherComponents): Dispatcher {
  const { services, store, logger, now, observe } = components;
  const audit = createAuditLog(store);

  const observed = ({ name: operation, stream }: AnyOperation, actor: Actor) => {
    const startedAt = performance.now();
    return (code: string) =>
      observe?.({
        operation,
        stream,
        door: actor.door,
        code,
        seconds: (performance.now() - startedAt) / 1000,
      });
  };
  const failed = (row: AnyOperation, thrown: unknown, done: (code: string) => void): ShoalError => {
    const known = ShoalError.is(thrown);
    done(known ? thrown.code : 'internal');
    if (known) return thrown;
    logger.error({ err: thrown, operation: row.name }, 'operation failed');
    return defect(thrown);
  };
  const contextOf = (actor: Actor, signal: AbortSignal): OperationContext => ({
    services,
    actor,
    signal,
    audit,
    describe: describeOperations,
  });

  return {
    audit,
    async call(name, input, actor, signal) {
      const row = rowOf(name, false);
      const done = observed(row, actor);
      try {
        const output = await callRow(row, input, contextOf(actor, signal), now);
        done('ok');
        return output;
      } catch (thrown) {
        throw failed(row, thrown, done);
      }
    },
    async *watch(name, input, actor, signal) {
      const row = rowOf(name, true);
      const done = observed(row, actor);
      try {
        checkRole(row, actor);
        validateInput(row, input);
        if (row.stream) yield* row.watch(input as never, contextOf(actor, signal));
        done('ok');
      } catch (thrown) {
        throw failed(row, thrown, done);
      }
    },
  };
}

async function callRow(
  row: AnyOperation,
  input: unknown,
  context: OperationContext,
  now: () => number,
): Promise<unknown> {
  if (row.stream) throw new ShoalError('internal', `${row.name} answers as a stream`);
  if (!changes(row) || row.audit === undefined) {
    checkRole(row, context.actor);
    validateInput(row, input);
    return row.run(input as never, context);
  }
  return callAudited({ ...row, audit: row.audit }, input, context, now);
}

type ChangingRow = Extract<AnyOperation, { readonly stream: false }>;

/**
 * A changing operation. Its record is written before the change, as `started`, and completed after it: a disk that can't hold the
 * record refuses the change, and a crash in between leaves a trace. A record that the service writes itself (in the
 * change's own transaction) is only made here when there was no change.
 */
async function callAudited(
  row: ChangingRow & { readonly audit: NonNullable<ChangingRow['audit']> },
  input: unknown,
  context: OperationContext,
  now: () => number,
): Promise<unknown> {
  const { actor, audit } = context;
  const record = (outcome: string, recorded: unknown, id?: string) =>
    audit.record({ at: now(), actor, operation: row.name, input: recorded, outcome }, id);
  try {
    checkRole(row, actor);
    validateInput(row, input);
  } catch (thrown) {
    // What didn't pass validation isn't recorded: its shape is unknown, it could hold anything.
    await record(outcomeOf(thrown), null);
    throw thrown;
  }
  const recorded = row.audit.input(input as never);
  const own = row.audit.writtenByService;
  const id = own === undefined ? await record('started', recorded) : undefined;
  try {
    const output = await row.run(input as never, context);
    if (own === undefined || !own(output as never)) await record('ok', recorded, id);
    return output;
  } catch (thrown) {
    await record(outcomeOf(thrown), recorded, id);
    throw thrown;
  }
}
