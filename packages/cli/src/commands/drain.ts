import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration, type NodeView, type OperationOutput, ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { waitingTime } from '../output/arguments.js';

/** How often `--wait` asks, ms. */
const askMs = 1000;
const everyService = '*';

/** A node's last figures; undefined: there are none. */
export type Figures = OperationOutput<'stat.latest'>['nodes'][number] | undefined;

function has(list: readonly string[], service: string): boolean {
  return list.includes(everyService) || list.includes(service);
}

function servicesOf({ services }: NodeView, service: string | undefined): readonly string[] {
  return service === undefined ? services.map((status) => status.service) : [service];
}

function named(services: readonly string[]): string {
  return services.join(', ') || 'all services';
}

/** What `drain` or `undrain` did, by how the node stood before. */
export function drainWords(what: 'drain' | 'undrain', before: NodeView, service: string | undefined): string {
  const { name, drainAsked } = before;
  if (what === 'drain') {
    const isAsked = service === undefined ? drainAsked.includes(everyService) : has(drainAsked, service);
    const services = named(servicesOf(before, service));
    return isAsked ? `${name} was asked to drain ${services} before` : `asked ${name} to drain ${services}`;
  }
  if (drainAsked.length === 0) return `${name} wasn't drained`;
  if (service !== undefined && !has(drainAsked, service)) return `${service} wasn't drained on ${name}`;
  const asked = drainAsked.includes(everyService) ? servicesOf(before, undefined) : drainAsked;
  return `asked ${name} to take requests for ${named(service === undefined ? asked : [service])} again`;
}

/**
 * What keeps a node from being drained and quiet, in words; empty: nothing. `seenAt`: the time of the figures that were there when it drained: they tell of
 * the time before.
 */
export function waitsFor(
  node: NodeView,
  service: string | undefined,
  figures: Figures,
  seenAt: number | undefined,
): string {
  if (!node.connected) return "it isn't connected";
  const services = servicesOf(node, service);
  const taking = services.filter((name) => !has(node.draining, name));
  if (taking.length > 0) return `it still takes requests for ${taking.join(', ')}`;
  for (const name of services) {
    const rate = figures?.values[`service.${name}.requests_per_s`];
    if (rate === undefined) continue;
    if (seenAt !== undefined && figures !== undefined && figures.at <= seenAt)
      return 'it has not told its figures since';
    if (rate > 0) return `${name} still gets ${Number(rate.toPrecision(2))} requests a second`;
  }
  return '';
}

interface Wait {
  readonly name: string;
  readonly service: string | undefined;
  readonly timeoutMs: number;
}

/** @throws ShoalError `unavailable` when the time is over, or the command is interrupted */
async function waitUntilQuiet(
  context: CommandContext,
  client: ControllerClient,
  { name, service, timeoutMs }: Wait,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  let seenAt: number | undefined;
  let isDrained = false;
  for (;;) {
    const node = await client.call('node.get', { name });
    const [figures] = (await client.call('stat.latest', { node: name })).nodes;
    if (!isDrained && waitsFor(node, service, undefined, undefined) === '') {
      isDrained = true;
      seenAt = figures?.at;
    }
    const why = waitsFor(node, service, figures, seenAt);
    if (why === '') return;
    const isInterrupted = context.interrupted.aborted;
    if (performance.now() >= end || isInterrupted) {
      const time = isInterrupted ? 'yet' : `after ${formatDuration(timeoutMs)}`;
      throw new ShoalError('unavailable', `${name} isn't drained and quiet ${time}: ${why}`, {
        hint: `It stays asked to drain. Take that back: shoal node undrain ${name}`,
      });
    }
    await delay(askMs, undefined, { signal: context.interrupted }).catch(() => undefined);
  }
}

interface Flags {
  readonly service?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
}

async function ask(
  context: CommandContext,
  what: 'drain' | 'undrain',
  name: string,
  { service, wait = false, timeout = 120_000 }: Flags,
): Promise<void> {
  await context.withClient(async (client) => {
    const before = await client.call('node.get', { name });
    const view = await client.call(`node.${what}`, { name, ...(service === undefined ? {} : { service }) });
    const words = `${drainWords(what, before, service)}\n`;
    if (!wait) context.show(view, () => words);
    if (!view.connected && !context.json)
      context.note(`${name} isn't connected: it hears of it as it comes back`);
    if (!wait) return;
    if (!context.json) context.print(words);
    await waitUntilQuiet(context, client, { name, service, timeoutMs: timeout });
    const end = await client.call('node.get', { name });
    context.show(end, (n) => `${n.name} is drained and quiet: ${named(servicesOf(n, service))}\n`);
  });
}

/** `shoal node drain|undrain`. */
export function addDrainCommands(node: Command): void {
  node
    .command('drain <name>')
    .description(
      'have load balancers send nothing new to the node or one of its services, until it is undrained; what runs there goes on',
    )
    .option('--service <service>', 'only this service; default: all')
    .option(
      '--wait',
      'wait until it has drained and gets no requests any more; exits 6 when it takes too long',
    )
    .option('--timeout <duration>', 'with --wait: at most so long; default 2m', waitingTime)
    .action(
      action((context: CommandContext, name: string, flags: Flags) => ask(context, 'drain', name, flags)),
    );
  node
    .command('undrain <name>')
    .description('let load balancers send to the node again')
    .option('--service <service>', 'only this service; default: all')
    .action(
      action((context: CommandContext, name: string, flags: Flags) => ask(context, 'undrain', name, flags)),
    );
}
