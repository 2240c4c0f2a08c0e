import { createRequire } from 'node:module';

/*
 * ajv and yaml take several megabytes and tens of milliseconds to load, and many processes that import this package never
 * need them. Both are CommonJS, so they can be required at first use by code that isn't asynchronous. The two-armed form
 * is deliberate: in a CommonJS bundle the literal `require` is what the bundler resolves, in an ES module there is none.
 */

/** The yaml library, loaded at first use. */
export function loadYaml(): typeof import('yaml') {
  return typeof require === 'function' ? require('yaml') : createRequire(import.meta.url)('yaml');
}

/** Ajv for JSON Schema 2020-12, loaded at first use. */
export function loadAjv(): typeof import('ajv/dist/2020.js') {
  return typeof require === 'function'
    ? require('ajv/dist/2020.js')
    : createRequire(import.meta.url)('ajv/dist/2020.js');
}
