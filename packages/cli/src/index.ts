export { createProgram } from './program.js';
export { runMain } from './run-main.js';
