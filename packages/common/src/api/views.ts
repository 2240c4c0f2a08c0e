/** What the controller's operations answer. All times are milliseconds since the epoch. */

export type * from './views/blueprint-views.js';
export type * from './views/cluster-views.js';
export type * from './views/gossip-key-views.js';
export type * from './views/license-views.js';
export type * from './views/node-views.js';
export type * from './views/revision-views.js';
export type * from './views/rollout-views.js';
