import type { ManifestSecret, ManifestService, ParamValue } from '@shoal/common';
import { ShoalError } from '@shoal/common';

/** The service with each of its secrets' values in its place. The service itself stays as it is. */
export function withValues(
  service: ManifestService,
  look: (name: string, version: string) => string,
): ManifestService {
  const { secrets = [] } = service;
  if (secrets.length === 0) return service;
  const params = secrets.reduce<ParamValue>(
    (value, secret) => replaced(value, secret, secret.path, look),
    service.params,
  );
  return { ...service, params: params as ManifestService['params'] };
}

function replaced(
  value: ParamValue | undefined,
  secret: ManifestSecret,
  path: ManifestSecret['path'],
  look: (name: string, version: string) => string,
): ParamValue {
  const [step, ...rest] = path;
  if (step === undefined) return look(secret.name, secret.version);
  if (Array.isArray(value) && typeof step === 'number' && step < value.length) {
    return value.with(step, replaced(value[step], secret, rest, look)) as ParamValue;
  }
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) {
    const members = value as Readonly<Record<string, ParamValue>>;
    return { ...members, [step]: replaced(members[step], secret, rest, look) };
  }
  throw new ShoalError('invalid_input', `the manifest places secret "${secret.name}" where no parameter is`);
}
