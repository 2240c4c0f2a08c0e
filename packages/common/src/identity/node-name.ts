import { ShoalError } from '../errors/shoal-error.js';

/** Regular expression source of a node's name; for JSON schemas. */
export const nodeNamePattern: string = '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$';

/** What a node's name must look like, for people. */
export const nodeNameExpected: string =
  "1 to 63 of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit";

/** Throws `invalid_input` unless the name may be a node's: 1 to 63 of a-z, 0-9, '-' and '.', letter or digit at both ends. */
export function validateNodeName(name: string): void {
  if (new RegExp(nodeNamePattern).test(name)) return;
  throw new ShoalError(
    'invalid_input',
    `node name: expected ${nodeNameExpected}, found ${JSON.stringify(name)}`,
  );
}
