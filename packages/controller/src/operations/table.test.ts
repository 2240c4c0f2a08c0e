import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import {
  compileSchema,
  createLogger,
  fromServiceError,
  type Principal,
  services as protoServices,
  type Role,
  ShoalError,
} from '@shoal/common';
import t, { type Test } from 'tap';
import { createFakeApi, type FakeApi } from '../api/fake-api.test.support.js';
import type { AnyOperation } from './definition.js';
import { createOperationsHandlers } from './grpc-handlers.js';
import { openApiDocument } from './openapi.js';
import { changes, findOperation, operations } from './table.js';
import { viewSchemas } from './view-schemas.js';

const roles: readonly Role[] = ['viewer', 'operator', 'admin'];

/** An input that each operation takes; those that aren't named take none. */
const inputs: Readonly<Record<string, Record<string, unknown>>> = {
  'license.preview': { text: 'eyJhbGciOiJFZERTQSJ9.e30.AA' },
  'license.install': { text: 'eyJhbGciOiJFZERTQSJ9.e30.AA' },
  'license.remove': { id: 'lic-1' },
  'token.create': { ttl: '2h', uses: 3 },
  'token.revoke': { id: 't1' },
  'node.get': { name: 'web1' },
  'node.drain': { name: 'web1', service: 'web' },
  'node.undrain': { name: 'web1' },
  'node.remove': { name: 'web1', keepGossipKey: true },
  'gossip-key.rotate': { ignore: ['web1'] },
  'gossip-key.ignore': { nodes: ['web1'] },
  'gossip-key.use': { fingerprint: 'beef1234' },
  'gossip-key.remove': { fingerprint: 'beef1234', ignore: ['web1', 'web2'] },
  'member.list': { node: 'web1' },
  'drift.list': { node: 'web1' },
  'drift.repair': { node: 'web1', service: 'web' },
  'spec.plan': { spec: 'services: {}', onNodes: true },
  'spec.apply': { spec: 'services: {}', reason: 'why', basedOn: 2, strategy: 'canary' },
  'secret.set': { name: 'backend-key', value: 'hunter2hunter2' },
  'secret.remove': { name: 'backend-key', force: true },
  'spec.restore': { revision: 1, reason: 'why', basedOn: 2, strategy: 'one-by-one' },
  'rollout.abort': { revision: 2, keep: true },
  'blueprint.get': { name: 'web@1.0.0' },
  'blueprint.add': { files: { 'blueprint.yaml': 'name: web' }, file: 'web' },
  'blueprint.remove': { name: 'web@1.0.0' },
  'revision.list': { limit: 5 },
  'revision.diff': { from: 1, to: 2 },
  'log.search': { node: 'web1', grep: 'a.*b', since: 1, until: 2, limit: 10 },
  'log.watch': { backlog: 1 },
  'stat.query': { metrics: ['cpu.used', 'load.1m'], since: 1, until: 2, points: 10 },
};

/** Operations whose record the service writes with the change itself. */
const auditedByService: readonly string[] = [
  'spec.apply',
  'spec.restore',
  'license.install',
  'license.remove',
  'rollout.pause',
  'rollout.resume',
  'rollout.promote',
  'rollout.retry',
  'rollout.abort',
];

/** How a door answered: the output (the first one of a stream), or the error's code. */
type Answer = { readonly output: unknown } | { readonly code: string };

type Door = (row: AnyOperation, role: Role | undefined) => Promise<Answer>;

async function httpDoor(api: FakeApi): Promise<Door> {
  return async (row, role) => {
    const cookie = role === undefined ? undefined : await api.cookieOf(role);
    const input = { ...inputs[row.name] };
    const path = row.http.path.replaceAll(/:(\w+)/g, (_, key: string) => {
      const value = String(input[key]);
      delete input[key];
      return value;
    });
    const query = new URLSearchParams(
      Object.entries(input).flatMap(([key, value]) =>
        [value].flat().map((item): [string, string] => [key, String(item)]),
      ),
    );
    const isGet = row.http.method === 'GET';
    const response = await api.request(`/api/v1${path}${isGet ? `?${query}` : ''}`, {
      method: row.http.method,
      ...(cookie === undefined ? {} : { cookie }),
      ...(isGet ? {} : { body: input }),
    });
    if (!response.ok) return { code: ((await response.json()) as { error: { code: string } }).error.code };
    if (!row.stream) return { output: await response.json() };
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const [, data] = /^data: (.*)$/m.exec(text) ?? [];
      if (data !== undefined) return { output: JSON.parse(data) };
    }
    return { code: 'ended' };
  };
}

async function grpcDoor(test: Test, api: FakeApi): Promise<Door> {
  const server = new Server();
  const principalOf = (call: { metadata: { get(key: string): unknown[] } }): Principal => {
    const [role] = call.metadata.get('role');
    if (role === undefined) throw new ShoalError('unauthenticated', 'no client certificate');
    const common = { clusterId: 'c1', name: `${String(role)}-user`, serial: '1', notAfter: 9 };
    if (role === 'node') return { ...common, kind: 'node' };
    return { ...common, kind: 'operator', role: role as Role };
  };
  const handlers = createOperationsHandlers({ dispatcher: api.dispatcher, principalOf });
  server.addService(protoServices().Operations.service, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.30.1.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new (protoServices().Operations)(`127.30.1.1:${port}`, credentials.createInsecure());
  test.teardown(() => {
    client.close();
    server.forceShutdown();
  });
  const { Metadata } = await import('@grpc/grpc-js');
  return (row, role) => {
    const metadata = new Metadata();
    if (role !== undefined) metadata.set('role', role);
    const request = { operation: row.name, inputJson: Buffer.from(JSON.stringify(inputs[row.name] ?? {})) };
    return new Promise((resolve) => {
      const failed = (error: unknown) => resolve({ code: fromServiceError(error).code });
      if (!row.stream) {
        client.Call(request, metadata, (error, response) =>
          error === null && response !== undefined
            ? resolve({ output: JSON.parse(response.outputJson.toString()) })
            : failed(error),
        );
        return;
      }
      const call = client.Watch(request, metadata);
      call.on('error', failed);
      call.once('data', (response: { outputJson: Buffer }) => {
        resolve({ output: JSON.parse(response.outputJson.toString()) });
        call.cancel();
      });
    });
  };
}

function outputErrors(row: AnyOperation, output: unknown): readonly unknown[] {
  const { output: schema } = row;
  const local = JSON.parse(
    JSON.stringify({ ...schema, $defs: viewSchemas }).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as Record<string, unknown>;
  return compileSchema(local).errors(output);
}

function allowed(row: AnyOperation, role: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(row.role);
}

t.test('every operation, as every role, through both doors', async (t) => {
  const api = await createFakeApi(t, { logger: createLogger({ name: 'test', level: 'silent' }) });
  const doors: readonly [string, Door][] = [
    ['http', await httpDoor(api)],
    ['grpc', await grpcDoor(t, api)],
  ];
  for (const role of roles) await api.cookieOf(role);
  for (const row of operations) {
    for (const [name, ask] of doors) {
      await t.test(`${row.name} by ${name}`, async (t) => {
        t.same(await ask(row, undefined), { code: 'unauthenticated' }, 'nobody');
        for (const role of roles) {
          const before = await api.dispatcher.audit.list(1000);
          const answer = await ask(row, role);
          if (allowed(row, role)) {
            t.ok('output' in answer, `${role} may: ${JSON.stringify(answer)}`);
            t.same('output' in answer ? outputErrors(row, answer.output) : [], [], 'output is as declared');
          } else t.same(answer, { code: 'permission_denied' }, role);
          const known = new Set(before.map(({ id }) => id));
          const records = (await api.dispatcher.audit.list(1000)).filter(({ id }) => !known.has(id));
          const own = auditedByService.includes(row.name) && allowed(row, role);
          t.equal(records.length, changes(row) && !own ? 1 : 0, 'recorded when it changes something');
          for (const record of records) {
            t.match(record, { door: name, operation: row.name });
            t.equal(record.outcome.split(':')[0], allowed(row, role) ? 'ok' : 'permission_denied');
          }
        }
      });
    }
  }
  t.test('a node may not ask', async (t) => {
    const row = findOperation('status.get');
    const [, [, ask]] = doors as [[string, Door], [string, Door]];
    if (row !== undefined) t.same(await ask(row, 'node' as Role), { code: 'permission_denied' });
  });
  t.equal(api.services.readers(), 0, 'no stream is left behind');
});

t.test('both doors say the same', async (t) => {
  const api = await createFakeApi(t, {});
  const http = await httpDoor(api);
  const grpc = await grpcDoor(t, api);
  for (const row of operations) {
    const before = api.services.asked.length;
    const first = await http(row, 'admin');
    const middle = api.services.asked.length;
    t.same(await grpc(row, 'admin'), first, row.name);
    const strip = (asked: readonly { what: string; input: unknown }[]) =>
      JSON.parse(JSON.stringify(asked).replaceAll(/"actor":\{[^}]*\}/g, '"actor":{}')) as unknown;
    t.same(
      strip(api.services.asked.slice(middle)),
      strip(api.services.asked.slice(before, middle)),
      `${row.name} reaches the services alike`,
    );
  }
});

t.test('the OpenAPI document is whole', async (t) => {
  const document = openApiDocument() as {
    paths: Record<
      string,
      Record<string, { operationId: string; parameters: { name: string; in: string }[] }>
    >;
    components: { schemas: Record<string, unknown> };
  };
  const text = JSON.stringify(document);
  const found = Object.values(document.paths).flatMap((path) => Object.values(path));
  t.same(new Set(found.map(({ operationId }) => operationId)), new Set(operations.map(({ name }) => name)));
  for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
    t.ok(name in document.components.schemas, `schema ${name} is there`);
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { parameters } of Object.values(methods)) {
      t.same(
        parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
        inPath,
      );
    }
  }
});
