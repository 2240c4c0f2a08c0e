import { maxLicenseBytes, readLicenseFile } from '@shoal/common';
import type { Command } from 'commander';
import { action } from '../context.js';
import { installedText, licenseText, onlyInstalled, previewText, removedText } from '../output/license.js';

async function licenseFrom(file: string): Promise<string> {
  if (file !== '-') return await readLicenseFile(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // What is longer is refused with words; there is no need to read all of it.
    if (bytes > maxLicenseBytes) break;
  }
  return Buffer.concat(chunks)
    .subarray(0, maxLicenseBytes + 1)
    .toString('utf8');
}

/** `shoal license show|install|rm`: the operator's side, by a running controller. */
export function addClusterLicenseCommands(license: Command): void {
  license
    .command('show')
    .description("the cluster's license: tier, use of each limit, until when, and what is wrong with others")
    .action(
      action(async (context) => {
        const view = await context.withClient((client) => client.call('license.get', {}));
        context.show(view, (l) => licenseText(l, context.paint));
      }),
    );
  license
    .command('install <file>')
    .description(
      'install a license (- reads it from standard input), also one that begins later; of several valid ones the newest counts',
    )
    .option('--dry-run', 'only say when it would count and what would change, or why it is refused')
    .action(
      action(async (context, file: string, { dryRun = false }: { dryRun?: boolean }) => {
        const text = await licenseFrom(file);
        if (!dryRun) {
          const view = await context.withClient((client) => client.call('license.install', { text }));
          context.show(view, (l) => installedText(l, context.paint));
          return;
        }
        const { before, after } = await context.withClient(async (client) => ({
          before: await client.call('license.get', {}),
          after: await client.call('license.preview', { text }),
        }));
        context.show({ ...after, dryRun: true }, (l) => previewText(l, before, context.paint));
      }),
    );
  license
    .command('rm [id]')
    .description('remove an installed license; what runs goes on, within what then is allowed')
    .action(
      action(async (context, id?: string) => {
        const input = id === undefined ? {} : { id };
        const { before, after } = await context.withClient(async (client) => ({
          before: await client.call('license.get', {}),
          after: await client.call('license.remove', input),
        }));
        const removed = id ?? onlyInstalled(before);
        context.show({ ...after, removed }, (l) => removedText(removed, before, l, context.paint));
      }),
    );
}
