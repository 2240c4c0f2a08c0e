import type {
  JsonSchema,
  OperationDescription,
  OperationInput,
  OperationName,
  OperationOutput,
  Role,
  StreamOperationName,
} from '@shoal/common';
import type { Actor, ControllerServices } from '../services.js';
import type { AuditLog } from './audit.js';

/** What the function of an operation is given besides its input. */
export interface OperationContext {
  readonly services: ControllerServices;
  readonly actor: Actor;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  readonly audit: AuditLog;
  /** The table itself, as `operations.list` shows it. */
  readonly describe: () => readonly OperationDescription[];
}

/** Where the REST door offers an operation: GET with the input as query, POST with the input as JSON. `:name` parts are required input. */
export interface HttpRoute {
  readonly method: 'GET' | 'POST';
  readonly path: `/${string}`;
}

/** What is recorded of a changing operation. */
export interface AuditRule<N extends OperationName> {
  /** The part of the input that is recorded; secrets and bulk left out. */
  readonly input: (input: OperationInput<N>) => unknown;
  /**
   * True for outcomes whose record the service itself writes, in the same transaction as the change. Default: none, so that the
   * dispatcher writes it.
   */
  readonly writtenByService?: (output: OperationOutput<N>) => boolean;
}

interface Row<N extends OperationName> {
  readonly name: N;
  /** One sentence for documentation, completion and OpenAPI. */
  readonly summary: string;
  /** The least role that may ask. */
  readonly role: Role;
  readonly http: HttpRoute;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
}

/** A row that answers once. `audit` makes it a changing operation. */
export interface UnaryDefinition<N extends OperationName> extends Row<N> {
  readonly stream: false;
  readonly audit?: AuditRule<N>;
  readonly run: (input: OperationInput<N>, context: OperationContext) => Promise<OperationOutput<N>>;
}

/** A row that answers until the caller goes or the subject ends. Streams change nothing. */
export interface StreamDefinition<N extends OperationName> extends Row<N> {
  readonly stream: true;
  readonly watch: (input: OperationInput<N>, context: OperationContext) => AsyncIterable<OperationOutput<N>>;
}

/** One row of the table, typed by its name. */
export type OperationDefinition<N extends OperationName> = N extends StreamOperationName
  ? StreamDefinition<N>
  : UnaryDefinition<N>;

/** Any row, its input and output unknown: what the doors work with. */
export type AnyOperation =
  | (Omit<Row<OperationName>, 'name'> & {
      readonly name: OperationName;
      readonly stream: false;
      readonly audit?: {
        readonly input: (input: never) => unknown;
        readonly writtenByService?: (output: never) => boolean;
      };
      readonly run: (input: never, context: OperationContext) => Promise<unknown>;
    })
  | (Omit<Row<OperationName>, 'name'> & {
      readonly name: OperationName;
      readonly stream: true;
      readonly watch: (input: never, context: OperationContext) => AsyncIterable<unknown>;
    });

/** The whole table: a row for every name of `OperationTypes`, none missing. */
export type OperationTable = { readonly [N in OperationName]: OperationDefinition<N> };
