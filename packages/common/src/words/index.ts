/**
 * Words that the command, the controller and the console say alike: `@shoal/common/words`. What is here imports nothing that a
 * browser lacks: the console has it there.
 */
export * from './drained-words.js';
export * from './listed.js';
export * from './rollout-words.js';
