import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { LicenseRequest } from '../license/request.js';
import { positiveIntegerOf } from '../output/arguments.js';

type Limits = NonNullable<LicenseRequest['limits']>;

/** Flags of `shoal license issue`: what a request's file may say too, by the same names but for `--feature`. */
export interface IssueFlags extends Omit<LicenseRequest, 'limits'>, Omit<Limits, 'features'> {
  readonly feature?: readonly string[];
  readonly key: string;
  readonly request?: string;
  readonly trust?: string;
  readonly out?: string;
}

function countOrUnlimited(flag: string): (text: string) => number | 'unlimited' {
  const count = positiveIntegerOf(flag);
  return (text) => (text === 'unlimited' ? text : count(text));
}

function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function serviceLimit(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, amount = ''] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/.exec(text) ?? [];
  const expected = (what: string) => new ShoalError('invalid_input', `--service ${text}: expected ${what}`);
  if (name === undefined) {
    throw expected('NAME=NUMBER, the name of letters and digits, e.g. requestsPerSecond=5000');
  }
  if (!/^[0-9.]+$/.test(amount) || !(Number(amount) > 0)) {
    throw expected(`a number greater than 0, e.g. ${name}=5000`);
  }
  return { ...before, [name]: Number(amount) };
}

function dayList(text: string): readonly number[] {
  const dayOf = positiveIntegerOf('--warn-days');
  return text.split(',').map((day) => dayOf(day.trim()));
}

/** Adds the flags of `shoal license issue`. */
export function addIssueFlags(command: Command): Command {
  return command
    .requiredOption('--key <file>', 'the private key (PEM or JWK)')
    .option('--request <file>', 'what it shall say, in YAML; flags go before it')
    .option('--trust <file>', 'a trust list that must have the key; it names the vendor')
    .option('--out <file>', 'write the license there, not to standard output')
    .option('--vendor <name>', 'who issues it, as in the trust list')
    .option('--customer <name>', 'whom it is for')
    .option('--cluster <id>', 'the cluster that it is for, by its id (shoal status shows it there), or "any"')
    .option('--tier <name>', "free, e-commerce, premium, enterprise, or a name of the vendor's")
    .option(
      '--sites <count>',
      'how many sites, or "unlimited" (default: of the tier)',
      countOrUnlimited('--sites'),
    )
    .option(
      '--nodes <count>',
      'how many nodes, or "unlimited" (default: of the tier)',
      countOrUnlimited('--nodes'),
    )
    .option('--feature <name>', 'a feature, "*" for all; may be repeated', collected)
    .option('--service <name=number>', 'a limit that services are given; may be repeated', serviceLimit)
    .option(
      '--not-before <time>',
      'when it begins, e.g. 2027-03-01 (midnight UTC), or 2027-03-01T12:00:00Z (default: now)',
    )
    .option('--expires <time>', 'when it ends, in the same forms')
    .option('--valid-for <duration>', 'or how long it is valid from its beginning, e.g. 365d')
    .option('--grace <duration>', 'how long it still counts after its end (default: 14d)')
    .option('--lease <duration>', 'how long nodes live on without the controller (default: 7d)')
    .option('--warn-days <days>', 'days before the end to warn at (default: 30,15,7,1)', dayList)
    .option('--id <id>', "the license's id (default: a random one)");
}

/** What the flags ask for. */
export function requestOfFlags(flags: IssueFlags): LicenseRequest {
  const { key, request, trust, out, sites, nodes, feature: features, service, ...asked } = flags;
  const limits = Object.entries({ sites, nodes, features, service }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...asked, limits: Object.fromEntries(limits) };
}
