import type { Cluster } from './cluster.js';
import type { Host } from './host.js';

const log = '/var/log/ticker/ticker.log';

const blueprint = `
name: ticker
version: 1.0.0
description: writes numbered lines into a log file at a steady rate
parameters:
  rate: { type: integer, description: Lines a second }
steps:
  - { id: logs, type: directory, path: /var/log/ticker }
  - { id: directory, type: directory, path: /opt/ticker }
  - { id: program, type: file, path: /opt/ticker/ticker.mjs, template: ticker.mjs }
  - { id: unit, type: file, path: /etc/systemd/system/ticker.service, template: ticker.service }
  - { id: run, type: service }
process:
  unit: ticker.service
  command: [/usr/lib/shoal/node, /opt/ticker/ticker.mjs]
logs:
  - { source: ticks, file: ${log} }
`;

const unit = `[Unit]
Description=Numbered lines
[Service]
ExecStart=/usr/lib/shoal/node /opt/ticker/ticker.mjs ${log} {{ params.rate }}
`;

// Its pieces end anywhere in a line, as those of a writer with a buffer do.
const program = `import { closeSync, openSync, writeSync } from 'node:fs';
const [file, rate] = process.argv.slice(2);
let fd = openSync(file, 'a');
process.on('SIGHUP', () => {
  // The end of a line first: what was begun in one file isn't ended in another.
  writeSync(fd, rest);
  rest = '';
  closeSync(fd);
  fd = openSync(file, 'a');
});
process.on('SIGTERM', () => {
  writeSync(fd, rest);
  process.exit(0);
});
const start = performance.now();
let count = 0;
let rest = '';
setInterval(() => {
  const due = Math.floor(((performance.now() - start) / 1000) * Number(rate));
  let text = rest;
  while (count < due) text += 'tick ' + ++count + ' ' + 'x'.repeat(count % 100) + '\\n';
  const end = Math.max(0, text.length - 5);
  writeSync(fd, text.slice(0, end));
  rest = text.slice(end);
}, 20);
`;

/** Gives the controller the blueprint `ticker`: a service whose only work is to write log lines. */
export async function addTicker(cluster: Cluster): Promise<void> {
  await cluster.addBlueprint('ticker', {
    'blueprint.yaml': blueprint,
    'templates/ticker.mjs': program,
    'templates/ticker.service': unit,
  });
}

/** What the ticker has written until now, in its file and the rotated ones. */
export async function writtenLines(node: Host): Promise<string[]> {
  return (await node.exec(`cat ${log}*`)).stdout.split('\n').filter(Boolean);
}

/** The first step of a rotation: the ticker goes on writing into the renamed file. */
export async function renameLog(node: Host): Promise<void> {
  await node.exec(`mv ${log} ${log}.$(date +%s)`);
}

/** The second step: the ticker opens a new file. */
export async function reopenLog(node: Host): Promise<void> {
  await node.exec('systemctl kill --signal=HUP ticker');
}

/** Ends the writing. */
export async function stopTicker(node: Host): Promise<void> {
  await node.exec('systemctl stop ticker');
}
