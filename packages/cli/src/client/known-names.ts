import type { ControllerClient } from './client.js';

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].filter((name) => name !== '').sort();
}

/** Names of the services that nodes run, or that the newest revision has. */
export async function serviceNames(client: ControllerClient): Promise<string[]> {
  const [{ nodes }, { blueprints }] = await Promise.all([
    client.call('node.list', {}),
    client.call('blueprint.list', {}),
  ]);
  return sorted([
    ...nodes.flatMap(({ services }) => services.map(({ service }) => service)),
    ...blueprints.flatMap(({ usedBy }) => usedBy),
  ]);
}

/** Sources of log lines: those that the blueprints in use name, and those of the newest lines. `service`: only its. */
export async function sourceNames(client: ControllerClient, service?: string): Promise<string[]> {
  const of = service === undefined ? {} : { service };
  const [{ lines }, { blueprints }] = await Promise.all([
    client.call('log.search', { ...of, limit: 200 }),
    client.call('blueprint.list', {}),
  ]);
  const used = blueprints.filter(({ usedBy }) =>
    service === undefined ? usedBy.length > 0 : usedBy.includes(service),
  );
  const named = await Promise.all(
    used.map(async ({ name, version }) => {
      const { blueprint } = await client.call('blueprint.get', { name: `${name}@${version}` });
      return (blueprint.logs ?? []).map(({ source }) => source);
    }),
  );
  return sorted([...named.flat(), ...lines.map(({ source }) => source)]);
}

/** Kinds of names that only the controller knows. */
export type NameKind = 'nodes' | 'services' | 'sources' | 'secrets' | 'revisions' | 'blueprints';

/** Newest revisions that are worth choosing among. */
const newestRevisions = 20;

/** All names of a kind; `service`: of sources only its. */
export async function namesOf(client: ControllerClient, kind: NameKind, service?: string): Promise<string[]> {
  switch (kind) {
    case 'nodes':
      return sorted((await client.call('node.list', {})).nodes.map(({ name }) => name));
    case 'services':
      return serviceNames(client);
    case 'sources':
      return sourceNames(client, service);
    case 'secrets':
      return sorted((await client.call('secret.list', {})).secrets.map(({ name }) => name));
    case 'revisions': {
      const { revisions } = await client.call('revision.list', { limit: newestRevisions });
      return revisions.map(({ number }) => String(number));
    }
    case 'blueprints': {
      const { blueprints } = await client.call('blueprint.list', {});
      return sorted(blueprints.flatMap(({ name, version }) => [name, `${name}@${version}`]));
    }
  }
}
