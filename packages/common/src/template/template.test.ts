import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { evaluateCondition } from './condition.js';
import { orderVariables } from './order-variables.js';
import { checkTemplate, renderTemplate } from './render-template.js';

const context = {
  params: { port: 8080, root: '/srv', upstreams: [{ host: 'a' }, { host: 'b' }], text: '' },
  supervisor: 'systemd',
  members: [],
  many: Array.from({ length: 5000 }, (_, i) => i),
};

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `fine: ${await promise}`;
  } catch (thrown) {
    const error = ShoalError.from(thrown);
    return error.code === 'invalid_input' ? error.message : `${error.code}: ${error.message}`;
  }
}

t.test('templates render', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['listen {{ params.port }};', 'listen 8080;'],
    [
      '{% for u in params.upstreams %}{{ u.host }}{% unless forloop.last %},{% endunless %}{% endfor %}',
      'a,b',
    ],
    ['{% if params.nope %}x{% else %}y{% endif %}', 'y'],
    ['{{ params.nope | default: "d" }}', 'd'],
    ['{{ params.upstreams | map: "host" }}', 'ab'],
    ['{{ params.upstreams | json }}', '[{"host":"a"},{"host":"b"}]'],
    ['{{ nil }}|{{ params.text }}', '|'],
    ['<b>{{ "<&" }}', '<b><&'],
  ];
  for (const [text, expected] of table) t.equal(await renderTemplate(text, 'x', context), expected, text);
});

t.test('faulty templates are told with their place', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['a\n    {{ params.prot }}', 'n.conf:2:8: undefined variable params.prot; did you mean "port"?'],
    ['{{ parms.port }}', 'n.conf:1:4: undefined variable parms; did you mean "params"?'],
    ['{{ params.constructor }}', 'n.conf:1:4: undefined variable params.constructor'],
    ['{% for u in params.upstreams %}\n{{ u.port }}{% endfor %}', 'n.conf:2:4: undefined variable u.port'],
    ['{{ params.port', 'n.conf:1:1: output "{{ params.port" not closed'],
    ['x\n{% if a %}', 'n.conf:2:1: tag {% if a %} not closed'],
    ['{{ params.port | upcse }}', 'n.conf:1:1: unknown filter upcse'],
    ['{% frob %}', 'n.conf:1:1: tag "frob" not found'],
    ['{{ params }}', 'n.conf:1:1: a mapping has no text: print one of its members, or use the filter "json"'],
  ];
  for (const [text, expected] of table)
    t.equal(await messageOf(renderTemplate(text, 'n.conf', context)), expected, text);
});

t.test('no template reads another file', async (t) => {
  for (const tag of ['include', 'render', 'layout']) {
    const message = await messageOf(renderTemplate(`{% ${tag} '/etc/passwd' %}`, 'x', context));
    t.equal(message, `x:1:1: tag "${tag}" not found`);
  }
});

t.test('no template runs away with time or memory', async (t) => {
  const loop = (body: string, times = 60_000) => `{% for i in (1..${times}) %}${body}{% endfor %}`;
  const kilobyte = 'x'.repeat(1024);
  const table: readonly (readonly [string, string, RegExp])[] = [
    [
      'endless',
      '{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}',
      /takes longer than 1000 ms to render$/,
    ],
    ['a gigabyte of output', loop(loop(kilobyte, 20), 50_000), /renders to more than 4194304 characters$/],
    ['a billion entries', loop('', 1_000_000_000), /needs too much memory to render$/],
    [
      'doubling',
      `{% assign a = "xx" %}${loop('{% assign a = a | append: a %}')}{{ a }}`,
      /needs too much memory to render$/,
    ],
    [
      'doubling by capture',
      `{% assign a = "x" %}${loop('{% capture a %}{{a}}{{a}}{% endcapture %}')}`,
      /needs too much memory to render$/,
    ],
    ['a very long template', 'x'.repeat(1024 * 1024 + 1), /is longer than 1048576 characters$/],
  ];
  for (const [name, text, expected] of table) {
    const before = process.memoryUsage().rss;
    t.match(await messageOf(renderTemplate(text, 'x', context)), expected, name);
    t.ok(process.memoryUsage().rss - before < 200e6, `${name}: memory stays small`);
  }
});

t.test('conditions', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ["supervisor == 'systemd'", 'fine: true'],
    ["supervisor == 'process'", 'fine: false'],
    ["supervisr == 'systemd'", 'fine: false'],
    ['params.port > 1000 and params.root', 'fine: true'],
    ['not params.nope', 'fine: true'],
    [
      "supervisor = 'systemd'",
      `condition "supervisor = 'systemd'": expected "|" before filter; "==" compares`,
    ],
    ['supervisor ==', 'condition "supervisor ==": an operand is missing'],
    ['supervisor params', 'condition "supervisor params": an operator is missing between two values'],
    ['supervisor | frob', 'condition "supervisor | frob": unknown filter frob'],
    ['', 'condition "": invalid value expression: ""'],
  ];
  for (const [text, expected] of table)
    t.equal(await messageOf(evaluateCondition(text, context)), expected, text);
});

t.test('undeclared parameters are found without rendering', async (t) => {
  const text =
    '{% if params.tls %}{{ params.prot }}{% endif %}\n{{ params.port }}{{ other.x }}{% assign params2 = 1 %}';
  const problems = await checkTemplate(text, 'n.conf', { port: {}, root: {} });
  t.strictSame(
    problems.map(({ message, position }) => `${position?.line}:${position?.column} ${message}`),
    ['1:7 undefined variable params.tls', '1:23 undefined variable params.prot; did you mean "port"?'],
  );
  t.strictSame(await checkTemplate('{{ params.x }}', 'n.conf'), [], 'only when the parameters are known');
  t.match(await checkTemplate('{{ x', 'n.conf', {}), [{ message: 'output "{{ x" not closed' }]);
});

t.test('variables come after those that they use', async (t) => {
  const variables = { a: '{{ z }}/a', m: 'plain', z: '{{ params.root }}{% if m %}{{ q.r }}{% endif %}' };
  t.strictSame(await orderVariables(variables), ['m', 'z', 'a']);
  t.strictSame(await orderVariables({}), []);
  const circle = orderVariables({ a: '{{ b }}', b: '{{ c }}', c: '{{ b }}' });
  await t.rejects(circle, {
    code: 'invalid_input',
    message: 'variables use each other in a circle: b -> c -> b',
  });
});
