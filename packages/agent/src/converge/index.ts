export * from './converger.js';
export * from './create-converger.js';
