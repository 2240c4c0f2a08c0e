import t from 'tap';
import { formatProblem } from '../config/problems.js';
import { blueprintFilesOf } from './blueprint-files.js';
import { lintBlueprint } from './lint-blueprint.js';

const good = `name: web
version: 1.0.0
description: A web server
parameters:
  port: { type: integer, description: Port, default: 80 }
  key: { type: string, description: Key, secret: true, default: "" }
variables:
  config: "{{ service.directory }}/web.conf"
steps:
  - { id: main, type: file, path: "{{ config }}", template: web.conf, mode: "0600", validate: [web, "{{ staged }}"], notify: reload }
  - { id: run, type: service, when: supervisor == 'systemd' }
process: { unit: web.service }
health: { url: "http://{{ node.address }}:{{ params.port }}/{{ files.main.digest }}" }
`;
const template = 'listen {{ params.port }}; # {{ digest }} {{ params.key }}\n';

/** Every finding as a line, for the good blueprint with one text in place of another. */
async function findings(after = '', before = '', text: string = template, more = {}): Promise<string[]> {
  t.ok(good.includes(before), before);
  const texts = { 'blueprint.yaml': good.replace(before, after), 'templates/web.conf': text, ...more };
  const { findings } = await lintBlueprint(blueprintFilesOf(texts, 'web'));
  return findings.map(({ severity, ...problem }) => `${severity}: ${formatProblem(problem)}`);
}

t.test('a good blueprint passes, in every branch of its templates', async (t) => {
  t.strictSame(await findings(), []);
  const loops = `{% for member in members %}{{ member.host }}{{ forloop.index }}{% endfor %}
{% assign n = members | serving: service.name | size %}{{ n }}{{ facts.os.name }}{{ config.size }}
{% if params.port > 1 %}{{ lease.limits.x }}{% elsif supervisor == 'process' %}{{ nodeBinary }}{% endif %}{{ params.key }}{{ digest }}`;
  t.strictSame(await findings('', '', loops), []);
});

t.test('names that no template knows are found in all branches, with the nearest one', async (t) => {
  const bad =
    'ok\n{% if false %}\n  {{ nod.name }}{{ params.prot }}\n{% endif %}{{ params.port }}{{ params.key }}{{ staged }}{{ service.dir }}';
  t.strictSame(await findings('', '', bad), [
    'error: web/templates/web.conf:3:20: undefined variable params.prot; did you mean "port"?',
    'error: web/templates/web.conf:3:6: undefined variable nod; did you mean "node"?',
    'error: web/templates/web.conf:4:48: undefined variable staged',
    'error: web/templates/web.conf:4:60: undefined variable service.dir',
  ]);
  const table: readonly (readonly [string, string, string])[] = [
    [
      "when: supervisr == 'systemd'",
      "when: supervisor == 'systemd'",
      'error: web/blueprint.yaml:11:37: steps[1].when: undefined variable supervisr; did you mean "supervisor"?',
    ],
    [
      'files.mian.digest',
      'files.main.digest',
      'error: web/blueprint.yaml:13:16: health.url: undefined variable files.mian; did you mean "main"?',
    ],
    [
      'files.main.digets',
      'files.main.digest',
      'error: web/blueprint.yaml:13:16: health.url: undefined variable files.main.digets; did you mean "digest"?',
    ],
    [
      '{{ config | upcas }}',
      '{{ config }}',
      'error: web/blueprint.yaml:10:35: steps[0].path: template: unknown filter upcas',
    ],
  ];
  for (const [after, before, expected] of table)
    t.strictSame(await findings(after, before), [expected], after);
});

t.test('everything is told at once, templates of a faulty blueprint included', async (t) => {
  const found = await findings('pot: 1, url', 'url', 'x\n{{ a | nofilter }}');
  t.strictSame(found, [
    'error: web/blueprint.yaml:13:11: unknown key "pot" in health; expected one of url, probes, interval, timeout, healthyFor, deadline',
    'error: web/templates/web.conf:2:1: unknown filter nofilter',
  ]);
});

t.test('what a good blueprint has is missed, as a warning', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    [
      '',
      'health: { url: "http://{{ node.address }}:{{ params.port }}/{{ files.main.digest }}" }\n',
      'warning: web/blueprint.yaml:1:1: no "health": a change that breaks the service is taken for a good one',
    ],
    [
      '',
      ' validate: [web, "{{ staged }}"],',
      'warning: web/blueprint.yaml:10:5: step "main": no "validate": a bad file is found only when the service fails',
    ],
    [
      '  other: { type: string, description: x, default: "" }\nvariables:',
      'variables:',
      'warning: web/blueprint.yaml:7:3: parameter "other" is used nowhere',
    ],
    [
      'pattern: "^[0-9]{5}$" }\nvariables:',
      'secret: true, default: "" }\nvariables:',
      'warning: web/blueprint.yaml:6:3: parameter "key" has neither a default nor "examples" that fit: nothing was rendered to try it',
    ],
  ];
  for (const [after, before, expected] of table)
    t.strictSame(await findings(after, before), [expected], expected);
  t.match(
    await findings('mode: "0644"', 'mode: "0600"'),
    [/^warning: .*"key"/],
    'a secret that others can read',
  );
  t.strictSame(await findings('', '', template, { 'templates/old.conf': 'x' }), [
    'warning: web/templates/old.conf:1:1: no step uses this template',
  ]);
});
