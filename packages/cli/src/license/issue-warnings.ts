import { builtInTiers, didYouMean, type License } from '@shoal/common';

/** A validity beyond this is a mistyped year more often than not. */
const longYears = 10;
const yearMs = 365.25 * 86_400_000;

const tiers = Object.keys(builtInTiers);
/** The limits that blueprints of Shoal's ask for. */
const serviceLimits = [
  ...new Set(Object.values(builtInTiers).flatMap(({ service }) => Object.keys(service))),
];

/** What a license may say, but was probably not meant to; a sentence each. */
export function issueWarnings(
  license: Pick<License, 'tier' | 'limits' | 'notBefore' | 'expiresAt'>,
): string[] {
  const { tier, limits, notBefore, expiresAt } = license;
  const meantTier = tiers.includes(tier) ? '' : didYouMean(tier, tiers);
  const years = Math.floor((expiresAt - notBefore) / yearMs);
  return [
    ...(meantTier === '' ? [] : [`the tier "${tier}" is none of the built-in ones${meantTier}`]),
    ...unaskedLimits(limits.service).map(({ message }) => message),
    ...(years >= longYears
      ? [
          `it is valid for ${years} years, until ${new Date(expiresAt).toISOString().slice(0, 10)}: is the year right?`,
        ]
      : []),
  ];
}

/** The service limits that no built-in blueprint asks for, in a sentence each; a slip: one that they ask for is named almost so. */
export function unaskedLimits(service: License['limits']['service']): { message: string; isSlip: boolean }[] {
  return Object.keys(service)
    .filter((name) => !serviceLimits.includes(name))
    .map((name) => {
      const meant = didYouMean(name, serviceLimits);
      const known = `; they ask for ${serviceLimits.join(', ')}`;
      const message = `no built-in blueprint asks for the service limit "${name}"${meant === '' ? known : meant}`;
      return { message, isSlip: meant !== '' };
    });
}
