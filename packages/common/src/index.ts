export type * from './api/operations.js';
export type * from './api/views.js';
export type * from './blueprint/blueprint.js';
export * from './errors/shoal-error.js';
export * from './errors/status.js';
export type * from './lease/lease.js';
export type * from './manifest/manifest.js';
export * from './proto/index.js';
export type * from './spec/spec.js';
