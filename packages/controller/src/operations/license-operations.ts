import { createHash } from 'node:crypto';
import type { OperationTable } from './definition.js';
import { described, nothing, object, options, view, word } from './schema.js';

type LicenseOperations = Pick<
  OperationTable,
  'license.get' | 'license.preview' | 'license.install' | 'license.remove'
>;

/** Its form and length are judged by the service, which says what is wrong. */
const text = described(
  { type: 'string', writeOnly: true, maxLength: 65_536 },
  'the license, as the vendor sent it: one line',
);
const id = described(word, "the license's id; may be left out when one is installed");

/** The cluster's license. The record of one that was refused names its text by a hash. */
export const licenseOperations: LicenseOperations = {
  'license.get': {
    name: 'license.get',
    summary: 'The license: tier, limits and what is used of them, until when, and why others do not count',
    role: 'viewer',
    stream: false,
    http: { method: 'GET', path: '/license' },
    input: nothing,
    output: view('License'),
    run: async (_input, { services }) => services.license.view(),
  },
  'license.preview': {
    name: 'license.preview',
    summary:
      'What installing a license would change and when it would count, or why it is refused; changes nothing',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/license/preview' },
    input: object({ text }),
    output: view('InstalledLicense'),
    run: ({ text: license }, { services }) => services.license.preview(license),
  },
  'license.install': {
    name: 'license.install',
    summary:
      'Installs a license, also one that begins later; of several valid ones the newest counts. Every node gets a lease by it at once',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/license' },
    input: object({ text }),
    output: view('InstalledLicense'),
    audit: { input: ({ text: license }) => ({ sha256: sha256(license) }), writtenByService: () => true },
    run: ({ text: license }, { services, actor }) => services.license.install(license, actor),
  },
  'license.remove': {
    name: 'license.remove',
    summary: 'Removes an installed license; what runs goes on, within what then is allowed',
    role: 'admin',
    stream: false,
    http: { method: 'POST', path: '/license/remove' },
    input: options({ id }),
    output: view('License'),
    audit: {
      input: ({ id: license }) => (license === undefined ? {} : { licenseId: license }),
      writtenByService: () => true,
    },
    run: ({ id: license }, { services, actor }) => services.license.remove(license, actor),
  },
};

function sha256(license: string): string {
  return createHash('sha256').update(license.trim()).digest('hex');
}
