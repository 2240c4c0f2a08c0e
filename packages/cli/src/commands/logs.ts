import type { LogLine } from '@shoal/common';
import { parseDuration, ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { ControllerClient } from '../client/client.js';
import { serviceNames, sourceNames } from '../client/known-names.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { grepExpression, logLineText } from '../output/log-line.js';
import { printable } from '../output/text.js';

interface LogFlags {
  readonly follow?: boolean;
  readonly node?: string;
  readonly service?: string;
  readonly source?: string;
  readonly grep?: string;
  readonly since?: string;
  readonly lines?: number;
  readonly raw?: boolean;
}

/** `10m` before now, or an ISO time, as ms since the epoch. */
export function parseSince(text: string, now: number): number {
  if (/^\d+(ms|s|m|h|d)$/.test(text)) return now - parseDuration(text);
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new ShoalError(
      'invalid_input',
      `"${text}" is neither a duration (10m, 2h) nor a time (2026-03-01T14:00)`,
    );
  }
  return at;
}

function query(flags: LogFlags): {
  node?: string;
  service?: string;
  source?: string;
  grep?: string;
  since?: number;
} {
  return {
    ...(flags.node === undefined ? {} : { node: flags.node }),
    ...(flags.service === undefined ? {} : { service: flags.service }),
    ...(flags.source === undefined ? {} : { source: flags.source }),
    ...(flags.grep === undefined ? {} : { grep: flags.grep }),
    ...(flags.since === undefined ? {} : { since: parseSince(flags.since, Date.now()) }),
  };
}

/** Lines of what isn't there now may be kept still, so an unknown name is remarked upon, not refused. */
async function remarkUnknown(
  context: CommandContext,
  client: ControllerClient,
  { service, source }: LogFlags,
): Promise<void> {
  const remark = (what: string, name: string, there: readonly string[]): void =>
    context.note(`There is no ${what} "${printable(name)}"; there is: ${there.join(', ') || 'none'}`);
  const services = service === undefined ? [] : await serviceNames(client);
  if (service !== undefined && !services.includes(service)) {
    remark('service', service, services);
    return;
  }
  const sources = source === undefined ? [] : await sourceNames(client, service);
  if (source !== undefined && !sources.includes(source)) {
    remark(service === undefined ? 'source' : `source of ${service}`, source, sources);
  }
}

async function logs(context: CommandContext, flags: LogFlags): Promise<void> {
  const sought = flags.grep === undefined ? undefined : grepExpression(flags.grep);
  const line = (l: LogLine): string => logLineText(l, context.paint, flags.raw === true, sought);
  await context.withClient(async (client) => {
    if (flags.follow === true) {
      await remarkUnknown(context, client, flags);
      const input = { ...query(flags), ...(flags.lines === undefined ? {} : { backlog: flags.lines }) };
      for await (const l of client.watch('log.watch', input, context.interrupted)) context.showLine(l, line);
      return;
    }
    const input = { ...query(flags), ...(flags.lines === undefined ? {} : { limit: flags.lines }) };
    const answer = await client.call('log.search', input);
    if (answer.lines.length === 0) await remarkUnknown(context, client, flags);
    for (const l of answer.lines) context.showLine(l, line);
    if (answer.truncated)
      context.note(`Only the newest ${answer.lines.length} lines are shown; --lines N shows more.`);
  });
}

/** `shoal logs [-f]`. */
export function addLogsCommand(program: Command): void {
  program
    .command('logs')
    .description("the services' logs of all nodes, oldest first; with --json one document per line")
    .option('-f, --follow', 'go on with new lines as they come, until Ctrl-C')
    .option('--node <name>', 'only that node')
    .option('--service <name>', 'only that service')
    .option('--source <name>', 'only that source, e.g. access, error')
    .option(
      '--grep <pattern>',
      'only lines that match this regular expression, in short or as written; shown as written where only that matches',
    )
    .option('--since <time>', 'from then on: a duration back (10m, 2h) or a time')
    .option('-n, --lines <count>', 'at most that many lines, the newest', positiveInteger)
    .option('--raw', "lines as they were written; else access logs' JSON is told in short")
    .action(action(logs));
}
