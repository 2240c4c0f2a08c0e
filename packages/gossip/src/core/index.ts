export { concatBytes } from './wire/bytes.js';
export { WireError } from './wire/wire-error.js';
