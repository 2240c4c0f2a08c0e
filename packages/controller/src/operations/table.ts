import type { OperationDescription } from '@shoal/common';
import { blueprintOperations } from './blueprint-operations.js';
import { changeOperations } from './change-operations.js';
import { clusterOperations } from './cluster-operations.js';
import type { AnyOperation, OperationTable } from './definition.js';
import { driftOperations } from './drift-operations.js';
import { gossipKeyOperations } from './gossip-key-operations.js';
import { licenseOperations } from './license-operations.js';
import { rolloutOperations } from './rollout-operations.js';
import { secretOperations } from './secret-operations.js';
import { telemetryOperations } from './telemetry-operations.js';

/** Where all REST routes begin. */
export const restPrefix = '/api/v1';

/**
 * Everything that can be asked of the controller, declared once. REST routes, OpenAPI, gRPC, roles and the audit log
 * all come from here.
 */
export const operationTable: OperationTable = {
  ...clusterOperations,
  ...licenseOperations,
  ...driftOperations,
  ...gossipKeyOperations,
  ...changeOperations,
  ...secretOperations,
  ...rolloutOperations,
  ...blueprintOperations,
  ...telemetryOperations,
};

/** The rows in the order in which they are shown. */
export const operations: readonly AnyOperation[] = Object.values(operationTable);

const byName = new Map<string, AnyOperation>(operations.map((row) => [row.name, row]));

/** The row of that name. */
export function findOperation(name: string): AnyOperation | undefined {
  return byName.get(name);
}

/** A changing operation is one that is audited. */
export function changes(row: AnyOperation): boolean {
  return !row.stream && row.audit !== undefined;
}

/** The table as `operations.list` shows it. */
export function describeOperations(): readonly OperationDescription[] {
  return operations.map((row) => ({
    name: row.name,
    summary: row.summary,
    role: row.role,
    changes: changes(row),
    stream: row.stream,
    http: `${row.http.method} ${restPrefix}${row.http.path}`,
    input: row.input,
    output: row.output,
  }));
}
