import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { renderTemplate } from './render-template.js';
import {
  drainingOfTags,
  type PoolMemory,
  poolMemory,
  servicesOfTags,
  servingMembers,
  type TemplateMember,
} from './serving.js';

function member(name: string, svc: string, drain = ''): TemplateMember {
  const tags = { svc, ...(drain === '' ? {} : { drain }) };
  return {
    name,
    address: `${name}:9896`,
    host: name,
    state: 'alive',
    incarnation: 1,
    since: 0,
    tags,
    site: 'here',
    services: servicesOfTags(tags),
    draining: drainingOfTags(tags),
  };
}

t.test('tags tell services, their health, and what drains', (t) => {
  t.strictSame(servicesOfTags({ svc: 'web:h,api:u,db:?,x:new,+3' }), {
    web: 'healthy',
    api: 'unhealthy',
    db: 'unknown',
    x: 'unknown',
  });
  t.strictSame(servicesOfTags({}), {});
  t.strictSame(drainingOfTags({ svc: 'web:h,api:h', drain: 'web' }), ['web']);
  t.strictSame(drainingOfTags({ svc: 'web:h,api:h', drain: '*' }), ['web', 'api']);
  t.strictSame(drainingOfTags({ svc: 'web:h' }), []);
  t.end();
});

t.test('who serves: healthy and undrained, else undrained, else whoever runs it', (t) => {
  const pools: readonly (readonly [string, readonly TemplateMember[], string])[] = [
    [
      'the sound ones',
      [member('a', 'web:h'), member('b', 'web:u'), member('c', 'web:?'), member('d', 'web:h', 'web')],
      'a,c',
    ],
    ['another service drains', [member('a', 'web:h,api:h', 'api')], 'a'],
    ['all unhealthy', [member('a', 'web:u'), member('b', 'web:u'), member('c', 'web:h', '*')], 'a,b'],
    ['all draining', [member('a', 'web:h', 'web'), member('b', 'web:u', '*')], 'a,b'],
    ['nobody runs it', [member('a', 'api:h')], ''],
  ];
  for (const [what, members, expected] of pools) {
    t.equal(
      servingMembers(members, 'web')
        .map(({ name }) => name)
        .join(),
      expected,
      what,
    );
  }
  t.strictSame(servingMembers([member('a', 'web:h')], 'constructor'), []);
  t.end();
});

t.test('the filter keeps the last pool when nobody is left, over all members only', async (t) => {
  const known: Record<string, readonly TemplateMember[]> = { web: [member('gone', 'web:h')] };
  const taken: Record<string, string> = {};
  const memory: PoolMemory = {
    last: (service) => known[service],
    took: (service, pool) => {
      taken[service] = pool.map(({ name }) => name).join();
    },
  };
  const render = (text: string, members: readonly TemplateMember[]) =>
    renderTemplate(text, 'x', { members, service: { name: 'web' }, [poolMemory]: memory });
  const names = '{% assign pool = members | serving: service.name %}{{ pool | map: "name" | join: " " }}';
  t.equal(await render(names, [member('a', 'web:h'), member('b', 'api:h')]), 'a');
  t.equal(taken['web'], 'a');
  t.equal(await render(names, [member('b', 'api:h')]), 'gone');
  t.equal(taken['web'], 'gone', 'the pool that stays is remembered again');
  t.equal(await render(names.replace('service.name', '"never"'), [member('b', 'api:h')]), '');
  const narrowed = names.replace('members |', 'members | where: "name", "b" |');
  t.equal(await render(narrowed, [member('b', 'api:h')]), '');
  const refused = await render('{{ members | serving }}', []).catch(
    (thrown) => ShoalError.from(thrown).message,
  );
  t.match(refused, /^x:1:1: serving: expected a list of members and a service's name/);
  t.equal(await renderTemplate('{{ members | serving: "web" | size }}', 'x', { members: [] }), '0');
});
