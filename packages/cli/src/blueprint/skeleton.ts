import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtinBlueprintsDir } from '@shoal/common';

const installed = '/usr/share/doc/shoal/docs/schemas';

/** Where the JSON Schemas lie that editors read: where packages put them, else in the repository. */
export function schemasDir(): string {
  return existsSync(installed) ? installed : join(dirname(builtinBlueprintsDir()), 'docs', 'schemas');
}

/** The files of a first blueprint, by their paths below its folder: a small HTTP server that runs under both supervisors. */
export function skeleton(name: string): Readonly<Record<string, string>> {
  return {
    'blueprint.yaml': definition(name),
    'templates/server.mjs': program,
    'templates/server.json.liquid': configuration,
    'templates/unit.service.liquid': unit,
  };
}

function definition(name: string): string {
  return `# yaml-language-server: $schema=${join(schemasDir(), 'blueprint.schema.json')}
# What stands here is described in docs/blueprints.md. Look it over with: shoal blueprint lint ${name}
name: ${name}
# A version never changes once it is in use: raise it with each change.
version: 0.1.0
description: A small HTTP server, to begin with

# What a spec can set. Each is JSON Schema with a description; one without a default has to be given.
parameters:
  port:
    type: integer
    minimum: 1
    maximum: 65535
    default: 8080
    description: TCP port to listen on
  listenOn:
    type: string
    enum: [node, all]
    default: node
    description: Listen only on the node's own address (that of its gossip), or on all addresses of the host
  body:
    type: string
    default: "hello\\n"
    description: Answer to every request

# Texts that several places use.
variables:
  unitName: "{{ service.name }}.service"
  # An IPv6 address stands in brackets in a URL.
  host: "{% if params.listenOn == 'all' %}127.0.0.1{% elsif node.address contains ':' %}[{{ node.address }}]{% else %}{{ node.address }}{% endif %}"
  # The agent's own directory is closed to the unit's user.
  directory: "{% if supervisor == 'systemd' %}/opt/{{ service.name }}{% else %}{{ service.directory }}{% endif %}"

# What has to hold on a host, in this order. Each step is checked, done if need be, checked again, and undone when a later one fails.
steps:
  - id: directory
    type: directory
    when: supervisor == 'systemd'
    path: "{{ directory }}"
  - id: program
    type: file
    path: "{{ directory }}/server.mjs"
    template: server.mjs
    # Judged before anything on the host is touched.
    validate: ["{{ nodeBinary }}", --check, "{{ staged }}"]
    notify: restart
  - id: config
    type: file
    path: "{{ directory }}/server.json"
    template: server.json.liquid
    # For its owner alone, since parameters may become secrets; the unit hands it to the service's user.
    mode: "0600"
    validate: ["{{ nodeBinary }}", -e, "JSON.parse(fs.readFileSync(process.argv[1]))", "{{ staged }}"]
    notify: restart
  # Under systemd the service is a unit; under the process supervisor the agent runs the command itself.
  - id: unit-file
    type: file
    when: supervisor == 'systemd'
    path: "/etc/systemd/system/{{ unitName }}"
    template: unit.service.liquid
    validate: [systemd-analyze, verify, "{{ staged }}"]
    notify: restart
  - id: unit
    type: unit
    when: supervisor == 'systemd'
    unit: "{{ unitName }}"
    enabled: true
    state: started
  # Always the last one: the process runs with the files on disk.
  - id: run
    type: service

process:
  unit: "{{ unitName }}"
  command: ["{{ nodeBinary }}", "{{ files.program.path }}", "{{ files.config.path }}"]
  stopTimeout: 10s

health:
  # The digest proves that this very configuration is serving: a process with another one answers 404.
  url: "http://{{ host }}:{{ params.port }}/healthz/{{ files.config.digest }}"
  deadline: 30s

logs:
  - source: access
    when: supervisor == 'process'
    stdout: true
    parser: json
    # Requests, errors and latency of the service, counted from its own log.
    traffic: { status: status, seconds: seconds }
  - source: access
    when: supervisor == 'systemd'
    unit: "{{ unitName }}"
    parser: json
    traffic: { status: status, seconds: seconds }
`;
}

const program = `// A stand-in for the program that this blueprint is to run.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { port, address, body, digest } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const server = createServer((request, response) => {
  const began = process.hrtime.bigint();
  response.on('finish', () => {
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const { method, url } = request;
    if (!url.startsWith('/healthz/')) console.log(JSON.stringify({ method, url, status: response.statusCode, seconds }));
  });
  if (request.url.startsWith('/healthz/')) response.statusCode = request.url === '/healthz/' + digest ? 200 : 404;
  response.end(body);
});
// Without an address on all of them.
server.listen(port, address || undefined);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const configuration = `{
  "port": {{ params.port }},
  "address": {% if params.listenOn == 'node' %}{{ node.address | json }}{% else %}""{% endif %},
  "body": {{ params.body | json }},
  "digest": "{{ digest }}"
}
`;

const unit = `[Unit]
Description={{ service.name }}, run by Shoal

[Service]
# A user for this service alone, which is there while it runs.
DynamicUser=yes
# Read by systemd as root, for this user alone.
LoadCredential=server.json:{{ files.config.path }}
ExecStart={{ nodeBinary }} {{ files.program.path }} \${CREDENTIALS_DIRECTORY}/server.json
Restart=on-failure

[Install]
WantedBy=multi-user.target
`;
