import {
  addTrustedLicenseKey,
  createLicenseKey,
  encodeLicenseKey,
  issueLicense,
  judgeLicense,
  type License,
  type LicenseKey,
  licenseStatus,
  openLicense,
  parseLicensePublicKey,
  readClaims,
  revokeLicenseKey,
  ShoalError,
  splitLicense,
  type TrustedLicenseKeys,
} from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import {
  readKeyFile,
  readLicense,
  readNamedFile,
  readOrBeginTrust,
  readTrust,
  writeNewFile,
  writeTrust,
} from '../license/files.js';
import { issueWarnings } from '../license/issue-warnings.js';
import {
  type LicenseRequest,
  licenseOrder,
  mergeRequests,
  parseRequest,
  timeOf,
} from '../license/request.js';
import { licenseText } from '../license/text.js';
import { printable } from '../output/text.js';
import { addIssueFlags, type IssueFlags, requestOfFlags } from './license-issue-flags.js';

const keygenHelp = `
Examples:
  shoal license keygen --out acme.pem --vendor Acme --trust trusted-license-keys.json
  SHOAL_LICENSE_KEYS=trusted-license-keys.json npm run package    build with it
  SHOAL_LICENSE_KEYS=trusted-license-keys.json npm start          try it in the demo

The private key is for nobody but you: keep it offline, with a backup. It is never printed and never overwritten.
`;

const issueHelp = `
Examples:
  shoal license issue --key acme.pem --vendor Acme --customer 'Example Shop' \\
    --cluster any --tier e-commerce --valid-for 365d --out example-shop.license
  shoal license issue --key acme.pem --trust trusted-license-keys.json --request example-shop.yaml

A request holds the same in YAML; flags go before it:
  customer: Example Shop
  cluster: any                       # or the id that shoal status shows
  tier: gold                         # a tier of your own says its limits itself
  limits: { sites: 3, nodes: unlimited, features: [waf], service: { requestsPerSecond: 5000 } }
  expires: 2027-03-01                # midnight UTC; or validFor: 365d
  grace: 14d
  lease: 7d
`;

interface KeygenFlags {
  readonly out?: string;
  readonly form: string;
  readonly vendor?: string;
  readonly trust?: string;
}

async function keygen(context: CommandContext, flags: KeygenFlags): Promise<void> {
  const { form, vendor, trust } = flags;
  if (form !== 'pem' && form !== 'jwk') {
    throw new ShoalError('invalid_input', `--form ${form}: expected pem or jwk`);
  }
  if (trust !== undefined && vendor === undefined) {
    throw new ShoalError('invalid_input', 'Whose key is it? --trust needs --vendor NAME');
  }
  if (trust === undefined && vendor !== undefined) {
    throw new ShoalError(
      'invalid_input',
      'The name goes into a trust list only: --vendor needs --trust FILE',
    );
  }
  const file = flags.out ?? `license-key.${form}`;
  // What can be wrong with the list is said before there is a key.
  const list = trust === undefined ? undefined : await readOrBeginTrust(trust);
  const key = await createLicenseKey();
  await writeNewFile(file, encodeLicenseKey(key, form), 0o600);
  if (trust !== undefined && list !== undefined && vendor !== undefined) {
    const { kid, publicKey } = key;
    const addedAt = new Date().toISOString();
    await writeTrust(trust, addTrustedLicenseKey(list, { kid, publicKey, vendor, addedAt }));
  }
  const made = { kid: key.kid, publicKey: key.publicKey, file, trust: trust ?? null };
  context.show(made, ({ kid }) => `${kid}\n`);
  if (context.json) return;
  context.note(`The private key is in ${file}: keep it offline, with a backup, and give it to nobody.`);
  context.note(
    trust === undefined
      ? `No list trusts it yet: shoal license trust ${file} --vendor NAME --trust FILE`
      : buildsTrust(trust),
  );
}

/** Adds a key that there is; its public half is enough, so that who builds needs no more. */
async function trustKey(
  context: CommandContext,
  file: string,
  flags: { trust: string; vendor: string },
): Promise<void> {
  const { trust, vendor } = flags;
  const { kid, publicKey } = await parseLicensePublicKey(await readNamedFile(file), file);
  const addedAt = new Date().toISOString();
  await writeTrust(
    trust,
    addTrustedLicenseKey(await readOrBeginTrust(trust), { kid, publicKey, vendor, addedAt }),
  );
  context.show({ kid, publicKey, vendor, trust }, () => `${kid}\n`);
  if (!context.json) context.note(buildsTrust(trust));
}

function buildsTrust(trust: string): string {
  return `Builds made with ${trust} trust it: SHOAL_LICENSE_KEYS=${trust} npm run package`;
}

/** The vendor's name by the trust list, whose key it must be. */
function vendorOf({ kid }: LicenseKey, trust: TrustedLicenseKeys, file: string): string {
  if (trust.revoked.some((entry) => entry.kid === kid)) {
    throw new ShoalError(
      'failed_precondition',
      `The key ${kid} was revoked by ${file}: nobody would take its licenses`,
    );
  }
  const found = trust.keys.find((entry) => entry.kid === kid);
  if (found !== undefined) return found.vendor;
  throw new ShoalError(
    'failed_precondition',
    `${file} doesn't have the key ${kid}: nobody would take its licenses`,
  );
}

async function issue(context: CommandContext, flags: IssueFlags): Promise<void> {
  const { key, isOpen } = await readKeyFile(flags.key);
  if (isOpen) context.note(`${flags.key} can be read by others than you: chmod 600 ${flags.key}`);
  const file = flags.request;
  const asked: LicenseRequest = file === undefined ? {} : parseRequest(await readNamedFile(file), file);
  const request = mergeRequests(asked, requestOfFlags(flags));
  const byList =
    flags.trust === undefined ? undefined : vendorOf(key, await readTrust(flags.trust), flags.trust);
  if (byList !== undefined && request.vendor !== undefined && request.vendor !== byList) {
    throw new ShoalError(
      'invalid_input',
      `The key is ${byList}'s by ${flags.trust}, the vendor asked for is ${request.vendor}`,
    );
  }
  const vendor = request.vendor ?? byList;
  const order = licenseOrder(
    { ...request, ...(vendor === undefined ? {} : { vendor }) },
    wholeSecond(Date.now()),
  );
  const text = await issueLicense(order, key);
  const license: License = { ...order, keyId: key.kid };
  const status = licenseStatus(license, Date.now());
  const warnings = issueWarnings(license);
  if (flags.out !== undefined) await writeNewFile(flags.out, `${text}\n`, 0o644);
  if (context.json)
    return context.show({ license, status, text, file: flags.out ?? null, warnings }, () => '');
  context.note(licenseText(license, status).trimEnd());
  for (const warning of warnings) context.note(`${context.paint.warn('warning')}: ${printable(warning)}`);
  if (flags.out === undefined) context.print(`${text}\n`);
  else context.note(`Written to ${flags.out}`);
}

/** Licenses count in seconds. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

async function inspect(context: CommandContext, file: string, flags: { trust?: string }): Promise<void> {
  const text = await readLicense(file);
  const { header, claims } = splitLicense(text);
  const trust = await readTrust(flags.trust);
  const problem = await openLicense(text, trust).then(
    () => null,
    (thrown: unknown) => ShoalError.from(thrown).message,
  );
  const license = readClaims(claims, String(header['kid']));
  context.show({ header, claims, verified: problem === null, problem }, () =>
    license === undefined
      ? `${printable(JSON.stringify({ header, claims }, null, 2))}\n`
      : licenseText(license, licenseStatus(license, Date.now())),
  );
  if (context.json) return;
  if (problem === null)
    context.note('Its signature holds. Whether it counts here and now: shoal license verify');
  else context.note(`${context.paint.warn('NOT VERIFIED')}, anybody can have written this: ${problem}`);
}

interface VerifyFlags {
  readonly trust?: string;
  readonly cluster?: string;
  readonly at?: string;
}

async function verify(context: CommandContext, file: string, flags: VerifyFlags): Promise<void> {
  const at = flags.at === undefined ? undefined : timeOf(flags.at, '--at');
  const license = await openLicense(await readLicense(file), await readTrust(flags.trust));
  const status = judgeLicense(license, {
    clusterId: flags.cluster ?? license.cluster,
    now: at ?? Date.now(),
    asked: at !== undefined,
  });
  context.show({ license, status }, () => licenseText(license, status, at));
  if (context.json) return;
  const anywhere = license.cluster === 'any' || flags.cluster !== undefined;
  context.note(
    `It counts${at === undefined ? '' : ' then'}${anywhere ? '' : ` on ${license.cluster}; no --cluster was given to compare that with`}.`,
  );
}

async function revoke(
  context: CommandContext,
  kid: string,
  flags: { trust: string; reason: string },
): Promise<void> {
  const at = new Date().toISOString();
  const list = revokeLicenseKey(await readTrust(flags.trust), { kid, reason: flags.reason, at });
  await writeTrust(flags.trust, list);
  const left = list.keys.filter((key) => !list.revoked.some((entry) => entry.kid === key.kid));
  const shown = { kid, reason: flags.reason, at, trust: flags.trust, keysLeft: left.length };
  context.show(shown, () => `revoked ${kid}\n`);
  if (context.json) return;
  context.note(
    'Builds made with this list refuse all its licenses: sign them again by another key before you ship one.',
  );
  if (left.length > 0) return;
  context.note(
    `${context.paint.warn('warning')}: no key that ${flags.trust} trusts is left: builds made with it take no license, until shoal license keygen or trust adds a key.`,
  );
}

/** `shoal license keygen|trust|issue|inspect|verify|revoke`. */
export function addVendorCommands(license: Command): void {
  license
    .command('keygen')
    .description('vendor: make a key that signs licenses, and print its id')
    .option('--out <file>', 'where the private key goes, mode 0600 (default: license-key.pem)')
    .option('--form <form>', 'pem (PKCS#8) or jwk', 'pem')
    .option('--vendor <name>', 'whose key it is; licenses name the same')
    .option('--trust <file>', 'add the public half to this trust list, begun when it is not there')
    .addHelpText('after', keygenHelp)
    .action(action(keygen));
  license
    .command('trust <key>')
    .description('vendor: add a key to a trust list, by the file of either half')
    .requiredOption('--trust <file>', 'the trust list, begun when it is not there')
    .requiredOption('--vendor <name>', 'whose key it is; licenses name the same')
    .action(action(trustKey));
  addIssueFlags(license.command('issue').description('vendor: sign a license, and print it as one line'))
    .addHelpText('after', issueHelp)
    .action(action(issue));
  license
    .command('inspect <file>')
    .description('what a license says, trusted or not; - reads standard input')
    .option('--trust <file>', 'the trust list (default: that of this build)')
    .action(action(inspect));
  license
    .command('verify <file>')
    .description('whether a license counts, and if not, why; - reads standard input')
    .option('--trust <file>', 'the trust list (default: that of this build)')
    .option('--cluster <id>', 'for this cluster')
    .option(
      '--at <time>',
      'at this time: a day such as 2027-03-01 (midnight UTC), or 2027-03-01T12:00:00Z (default: now)',
    )
    .action(action(verify));
  license
    .command('revoke <kid>')
    .description('vendor: revoke a key in a trust list: builds made with it refuse its licenses')
    .requiredOption('--trust <file>', 'the trust list')
    .requiredOption('--reason <text>', 'shown to who has such a license')
    .action(action(revoke));
}
