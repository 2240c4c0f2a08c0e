import { longestSecret, secretNameExpected, secretNamePattern, shortestSecret } from '@shoal/common';
import type { OperationTable } from './definition.js';
import { array, described, flag, integer, nothing, object, view } from './schema.js';

type SecretOperations = Pick<OperationTable, 'secret.set' | 'secret.list' | 'secret.remove'>;

const name = { type: 'string', pattern: secretNamePattern, expected: secretNameExpected };
/** Its length is judged by the service: an error of a schema may repeat what it found. */
const value = described(
  { type: 'string', writeOnly: true },
  `the value: text of ${shortestSecret} characters to ${longestSecret} bytes; no operation gives it back`,
);

/**
 * Secrets, by their names and versions only. Operators may set them, because they may use them: whoever may apply a spec can have
 * any secret written where it can be read.
 */
export const secretOperations: SecretOperations = {
  'secret.set': {
    name: 'secret.set',
    summary: 'Gives a secret a value, or a new one; nodes that use it get it with the next revision',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/secrets/:name' },
    input: object({ name, value }),
    output: view('Secret'),
    audit: { input: ({ name: secretName }) => ({ name: secretName }) },
    run: ({ name: secretName, value: text }, { services, actor }) =>
      services.secrets.set(secretName, text, actor),
  },
  'secret.list': {
    name: 'secret.list',
    summary: 'Secrets with their versions and who uses them; never their values',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/secrets' },
    input: nothing,
    output: object({ secrets: array(view('Secret')) }),
    run: async (_input, { services }) => ({ secrets: await services.secrets.list() }),
  },
  'secret.remove': {
    name: 'secret.remove',
    summary: 'Removes a secret with all its values; refused while the newest revision uses it, unless forced',
    role: 'operator',
    stream: false,
    http: { method: 'POST', path: '/secrets/:name/remove' },
    input: object({ name, force: described(flag, 'also when the newest revision uses it') }, ['force']),
    output: object({
      name,
      revisions: described(array(integer), "revisions that need it, and can't be gone back to any more"),
    }),
    audit: { input: ({ name: secretName, force = false }) => ({ name: secretName, force }) },
    run: async ({ name: secretName, force = false }, { services, actor }) => ({
      name: secretName,
      revisions: await services.secrets.remove(secretName, force, actor),
    }),
  },
};
