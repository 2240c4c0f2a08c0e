// One member of a cluster as a process of its own: `node gossip-process.js PLAN`, where PLAN is JSON. Each change that
// it sees is a line of JSON on stdout; the line `stats` on stdin asks for a line of totals; it ends when stdin does.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Gossip } from '@shoal/gossip';
import type { MemberPlan } from './gossip-peers.js';

const plan = JSON.parse(process.argv[2] ?? '') as MemberPlan;
const say = (fields: object): boolean => process.stdout.write(`${JSON.stringify(fields)}\n`);

const keys: Uint8Array[] = [];
if (plan.keyFile !== undefined) {
  const { encrypt_key: key } = JSON.parse(readFileSync(plan.keyFile, 'utf8')) as { encrypt_key: string };
  keys.push(Buffer.from(key, 'base64'));
}
const gossip = await Gossip.start({
  name: plan.name,
  bind: { host: plan.host, port: plan.port },
  tags: plan.tags,
  keys,
  profile: plan.profile,
});
gossip.on('change', ({ type, member, from }) => say({ change: type, member: member.name, from }));
createInterface({ input: process.stdin })
  .on('line', () => say({ change: 'stats', ...gossip.stats() }))
  .on('close', () => process.exit());
say({ change: 'ready' });
if (plan.join !== undefined) {
  // What can't be reached now is tried again for ever.
  await gossip.join([plan.join]).catch((error: Error) => process.stderr.write(`${error.message}\n`));
}
