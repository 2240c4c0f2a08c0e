import { join } from 'node:path';
import t from 'tap';
import { formatProblems } from '../config/problems.js';
import { ShoalError } from '../errors/shoal-error.js';
import { compareVersions } from './blueprint-set.js';
import { builtinBlueprintsDir, loadBlueprints } from './load-blueprints.js';

const head = 'name: web\nversion: 1.0.0\ndescription: A web server\n';
const good = `${head}parameters:
  port: { type: integer, description: Port, default: 80, minimum: 1 }
variables:
  config: "{{ service.directory }}/web.conf"
steps:
  - { id: dir, type: directory, path: /etc/web }
  - { id: main, type: file, path: "{{ config }}", template: web.conf.liquid, validate: [web, -t, "{{ staged }}"] }
  - { id: run, type: service, when: supervisor == 'systemd' }
process: { unit: web.service, stopTimeout: 30s }
logs:
  - { source: access, file: /var/log/web.log, parser: combined }
`;

/** The complaint about one blueprint, without the directory's name. */
async function complaint(dir: string): Promise<string> {
  try {
    await loadBlueprints([dir]);
    return 'fine';
  } catch (thrown) {
    return formatProblems(ShoalError.from(thrown)).replaceAll(`${dir}/`, '');
  }
}

t.test('blueprints are found by name and version, their templates inlined', async (t) => {
  const versioned = (version: string) => ({
    'blueprint.yaml': good.replace('1.0.0', version),
    templates: { 'web.conf.liquid': 'listen {{ params.port }};\n' },
  });
  const all = { a: versioned('1.10.0'), b: versioned('1.0.0'), '.git': {}, 'README.md': 'x' };
  const second = t.testdir({ all, extra: { c: versioned('1.11.0-rc.1'), d: versioned('1.9.0') } });
  const set = await loadBlueprints([join(second, 'all'), join(second, 'extra')]);
  t.strictSame(
    set.list().map(({ version }) => version),
    ['1.0.0', '1.9.0', '1.10.0', '1.11.0-rc.1'],
  );
  t.equal(set.get('web')?.version, '1.11.0-rc.1');
  t.equal(set.get('web@1.0.0')?.directory, join(second, 'all', 'b'));
  t.equal(set.get('web@2.0.0'), undefined);
  t.equal(set.get('wbe'), undefined);
  t.match(set.get('web@1.0.0')?.steps[1], {
    template: { name: 'web.conf.liquid', text: 'listen {{ params.port }};\n' },
  });
});

t.test('versions are ordered as semver.org has it', async (t) => {
  const rising = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
  ];
  t.strictSame([...rising].reverse().sort(compareVersions), rising);
  t.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0);
});

t.test('faults are told with file, line and column', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    [
      'unitt: web',
      'unit: web.service',
      'web/blueprint.yaml:12:12: unknown key "unitt" in process; did you mean "unit"?',
    ],
    [
      'server\nfeature: "Web Firewall"',
      'server',
      `web/blueprint.yaml:4:10: feature: expected a licensed feature's name of a-z, 0-9, '.' and '-', found string "Web Firewall"`,
    ],
    [
      '30 s',
      '30s',
      'web/blueprint.yaml:12:44: process.stopTimeout: expected a length of time such as 500ms, 10s, 5m, 24h or 7d, found string "30 s"',
    ],
    [
      'etc/web',
      '/etc/web',
      'web/blueprint.yaml:9:39: steps[0].path: expected an absolute path (or one that begins with a template) without "..", found string "etc/web"',
    ],
    [
      '/etc/../web',
      '/etc/web',
      'web/blueprint.yaml:9:39: steps[0].path: expected an absolute path (or one that begins with a template) without "..", found string "/etc/../web"',
    ],
    [
      '"{{ config }}/.."',
      '"{{ config }}"',
      'web/blueprint.yaml:10:35: steps[1].path: expected an absolute path (or one that begins with a template) without "..", found string "{{ config }}/.."',
    ],
    [
      'id: dir, type: file',
      'id: main, type: file',
      'web/blueprint.yaml:10:11: duplicate step id "dir": steps[0] has it',
    ],
    [
      'type: dir,',
      'type: directory,',
      'web/blueprint.yaml:9:22: steps[0].type: expected one of "directory", "file", "link", "group", "user", "download", "archive", "hosts", "wait", "dropin", "package", "unit", "exec", "service", found string "dir"',
    ],
    [
      'mode: 755, path: /etc',
      'path: /etc',
      'web/blueprint.yaml:9:39: steps[0].mode: expected octal permissions in quotes, such as "0644", found number 755',
    ],
    [
      'content: x, template:',
      'template:',
      'web/blueprint.yaml:10:5: step "main": expected exactly one of "content" and "template", found "content" and "template"',
    ],
    [
      'template: ../x',
      'template: web.conf.liquid',
      `web/blueprint.yaml:10:61: steps[1].template: expected a file name below the blueprint's templates/, found string "../x"`,
    ],
    [
      'template: web.cnf.liquid',
      'template: web.conf.liquid',
      'web/blueprint.yaml:10:61: step "main": template web/templates/web.cnf.liquid doesn\'t exist; did you mean "web.conf.liquid"?',
    ],
    [
      '{{ staged',
      '{{ staged }}',
      'web/blueprint.yaml:10:98: steps[1].validate[2]: template: output "{{ staged" not closed',
    ],
    [
      "when: supervisor = 'x'",
      "when: supervisor == 'systemd'",
      `web/blueprint.yaml:11:37: condition "supervisor = 'x'": expected "|" before filter; "==" compares`,
    ],
    [
      'unit: x, file:',
      'file:',
      'web/blueprint.yaml:14:5: log source "access": expected exactly one of "file", "unit" and "stdout", found "file" and "unit"',
    ],
    [
      'parser: plain, traffic: { status: status }',
      'parser: combined',
      'web/blueprint.yaml:14:71: log source "access": "traffic" names parsed fields, and the parser "plain" finds none',
    ],
    [
      'default: "80"',
      'default: 80',
      'web/blueprint.yaml:5:54: parameters.port.default: expected an integer, found string "80"',
    ],
    [
      'minimun: 1',
      'minimum: 1',
      'web/blueprint.yaml:5:58: unknown keyword "minimun" in parameters.port; did you mean "minimum"?',
    ],
    [
      'multipleOf: -1',
      'minimum: 1',
      'web/blueprint.yaml:5:9: parameters.port: faulty schema: schema is invalid: data/multipleOf must be > 0',
    ],
    [
      'type: int,',
      'type: integer,',
      'web/blueprint.yaml:5:17: parameters.port.type: expected one of "string", "integer", "number", "boolean", "array", "object", found string "int"',
    ],
    [
      'po-rt:',
      'port:',
      `web/blueprint.yaml:5:3: bad key "po-rt" in parameters: expected a name of letters, digits and '_', beginning with a letter`,
    ],
    [
      '"{{ config }}"',
      '"{{ service.directory }}/web.conf"',
      'web/blueprint.yaml:7:3: variables use each other in a circle: config -> config',
    ],
    [
      '"{{ other }}"\n  other: "{{ third }}"\n  third: "{{ config }}"',
      '"{{ service.directory }}/web.conf"',
      'web/blueprint.yaml:7:3: variables use each other in a circle: config -> other -> third -> config',
    ],
    [
      'version: 1.0',
      'version: 1.0.0',
      'web/blueprint.yaml:2:10: version: expected a semantic version such as 1.0.0, found number 1',
    ],
  ];
  for (const [after, before, expected] of table) {
    t.ok(good.includes(before), before);
    const templates = { 'web.conf.liquid': 'listen {{ params.port }};\n' };
    const dir = t.testdir({ web: { 'blueprint.yaml': good.replace(before, after), templates } });
    const found = await complaint(dir);
    t.equal(found.split('\n')[0], expected, after);
  }
});

t.test('every type of step is known, and its faults are told', async (t) => {
  const blueprint = (step: string) => `${head}parameters: {}\nsteps:\n  - { id: x, ${step} }\nprocess: {}\n`;
  const said = (step: string, templates: Record<string, string> = {}) =>
    complaint(t.testdir({ web: { 'blueprint.yaml': blueprint(step), templates } }));
  const digest = 'a'.repeat(64);
  const sound = [
    'type: link, path: /opt/web, target: web-1.0, notify: restart, timeout: 10s',
    'type: group, name: web, gid: 900, system: true',
    'type: user, name: web, uid: 900, group: web, groups: [adm], home: /opt/web, shell: /bin/false, system: true',
    'type: package, name: nginx, manager: apt',
    `type: download, url: "https://example.com/web.zip", sha256: ${digest}, path: /opt/web.zip, mode: "0755", maxBytes: 1000`,
    'type: download, url: "{{ params.url }}", sha256: "{{ params.sha256 }}", path: /opt/web.zip',
    'type: archive, source: /opt/web.zip, path: /opt/web, strip: 1, creates: bin/web, maxEntries: 10',
    'type: hosts, address: 10.0.0.1, names: [backend]',
    'type: wait, port: 8080, interval: 500ms',
    'type: wait, port: "db:5432"',
    'type: wait, url: "http://127.0.0.1/"',
    'type: wait, command: [test, -e, /run/x]',
    'type: dropin, unit: nginx.service, name: limits, content: "[Service]", notify: nothing',
  ];
  for (const step of sound) {
    t.match(await said(step), step.includes('params.') ? /undefined variable params\./ : /^fine$/, step);
  }
  const inlined = 'type: dropin, unit: nginx.service, name: limits, template: limits.conf';
  t.equal(await said(inlined, { 'limits.conf': '[Service]' }), 'fine');
  t.match(await said(inlined), /limits\.conf doesn't exist$/);
  const faults: readonly (readonly [string, RegExp])[] = [
    ['type: package, name: nginx, manager: yum', /packages of yum aren't supported yet: apt is the one/],
    ['type: package, name: nginx, manager: pacman', /manager: expected one of "apt", "yum", "dnf", found/],
    ['type: wait, interval: 1s', /expected exactly one of "port", "url" and "command", found none$/],
    ['type: wait, port: 1, url: "http://x/"', /found "port" and "url"$/],
    ['type: wait, port: 70000', /port: expected a number <= 65535, found number 70000$/],
    ['type: dropin, unit: a.service, name: limits.conf, content: x', /a drop-in's name without \.conf/],
    ['type: dropin, unit: a.service, name: limits', /exactly one of "content" and "template", found none$/],
    ['type: user, name: Web', /name: expected a user's or group's name, found string "Web"$/],
    ['type: user, name: web, uid: 0', /uid: expected a number >= 1, found number 0$/],
    [`type: download, url: "ftp://x/y", sha256: ${digest}, path: /y`, /url: expected an http or https URL/],
    ['type: download, url: "http://x/y", path: /y', /missing key "sha256" in steps\[0\]$/],
    ['type: download, url: "http://x/y", sha256: abc, path: /y', /sha256: expected the file's SHA-256, 64/],
    [
      'type: archive, source: /a.zip, path: /a, creates: ../b',
      /creates: expected a path below the directory/,
    ],
    ['type: hosts, address: 10.0.0.1, names: []', /names: expected at least 1 entries, found an empty list$/],
    ['type: link, path: a, target: b', /path: expected an absolute path/],
    ['type: file, path: /a, content: x, timeout: soon', /timeout: expected a length of time such as/],
  ];
  for (const [step, expected] of faults) {
    t.match(await said(step), expected, step);
  }
});

t.test('faults of template files and folders', async (t) => {
  const web = (template: string) => ({ 'blueprint.yaml': good, templates: { 'web.conf.liquid': template } });
  const file = 'web/templates/web.conf.liquid';
  t.equal(await complaint(t.testdir({ web: web('a\n{{ x') })), `${file}:2:1: output "{{ x" not closed`);
  t.equal(
    await complaint(t.testdir({ web: web('a\n  {{ params.prot }}') })),
    `${file}:2:6: undefined variable params.prot; did you mean "port"?`,
  );
  t.equal(await complaint(t.testdir({ web: {} })), "web/blueprint.yaml doesn't exist");
  t.equal(
    await complaint(t.testdir({ one: web(''), two: web('x') })),
    'two/blueprint.yaml:1:1: blueprint web@1.0.0 is in one too, with other content; give one of them another version',
  );
  const dir = t.testdir({
    a: { 'blueprint.yaml': 'name: [' },
    b: { 'blueprint.yaml': `${head}parameters: {}\nsteps: []\n` },
  });
  const both = await complaint(dir);
  t.match(both, /^a\/blueprint\.yaml:1:8: YAML syntax: .*\nb\/blueprint\.yaml:1:1: missing key "process"$/);
  await t.rejects(loadBlueprints([join(dir, 'none')]), { code: 'not_found', message: /none doesn't exist$/ });
});

t.test('the built-in blueprints are found, and sound', async (t) => {
  t.ok((await loadBlueprints([builtinBlueprintsDir()])).list().length >= 0);
  const before = process.env['SHOAL_BLUEPRINTS'];
  t.teardown(() => {
    if (before === undefined) delete process.env['SHOAL_BLUEPRINTS'];
    else process.env['SHOAL_BLUEPRINTS'] = before;
  });
  process.env['SHOAL_BLUEPRINTS'] = '/elsewhere';
  t.equal(builtinBlueprintsDir(), '/elsewhere');
});
