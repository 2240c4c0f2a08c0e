import type { Cluster } from './cluster.js';

/** Port that the service answers at. */
export const probePort = 8081;

/** What the service shall be like. */
export interface ProbeParameters {
  /** What it answers. */
  word: string;
  /** What its health check answers: 200, or something worse. */
  health?: number;
  /** Seconds that a step before its start takes. */
  prepareSeconds?: number;
}

const blueprint = `
name: probe
version: 1.0.0
description: a small HTTP service that can be slow to prepare and unhealthy
parameters:
  word: { type: string, description: Answered at / }
  health: { type: integer, default: 200, description: Status answered at /healthz }
  prepareSeconds: { type: integer, default: 0, description: How long the preparation takes }
steps:
  - { id: directory, type: directory, path: /opt/probe }
  - id: prepare
    type: exec
    command:
      - sh
      - -c
      - echo begun >> /opt/probe/steps; sleep {{ params.prepareSeconds }}; echo "{{ params.word }}" > /opt/probe/prepared
    check: [grep, -qx, "{{ params.word }}", /opt/probe/prepared]
  - { id: program, type: file, path: /opt/probe/probe.mjs, template: probe.mjs, notify: restart }
  - { id: unit, type: file, path: /etc/systemd/system/probe.service, template: probe.service, notify: restart }
  - { id: enabled, type: unit, unit: probe.service, enabled: true }
  - { id: run, type: service }
process:
  unit: probe.service
  command: [/usr/lib/shoal/node, /opt/probe/probe.mjs]
health: { url: "http://127.0.0.1:${probePort}/healthz", interval: 500ms, healthyFor: 1s, deadline: 8s }
`;

const unit = `[Unit]
Description=Answers a word
[Service]
ExecStart=/usr/lib/shoal/node /opt/probe/probe.mjs {{ params.word }} {{ params.health }}
[Install]
WantedBy=multi-user.target
`;

const program = `import { createServer } from 'node:http';
const [word, health] = process.argv.slice(2);
createServer((request, response) => {
  if (request.url === '/healthz') response.statusCode = Number(health);
  response.end(word);
}).listen(${probePort});
`;

/** The spec that runs the service on every node. */
export function probeSpec({ word, health = 200, prepareSeconds = 0 }: ProbeParameters): string {
  const params = `{ word: ${word}, health: ${health}, prepareSeconds: ${prepareSeconds} }`;
  return `cluster: shoal\nservices:\n  probe: { blueprint: probe, nodes: all, params: ${params} }\n`;
}

/** Gives the controller the blueprint `probe`. */
export async function addProbe(cluster: Cluster): Promise<void> {
  await cluster.addBlueprint('probe', {
    'blueprint.yaml': blueprint,
    'templates/probe.mjs': program,
    'templates/probe.service': unit,
  });
}
