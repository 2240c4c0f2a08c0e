import type { ApplyResult } from '@shoal/common';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { followRollout } from './follow-rollout.js';

/** Tells of a revision that was committed, and follows its rollout unless `detach`. @throws ShoalError as `followRollout` does */
export async function followApplied(
  context: CommandContext,
  client: ControllerClient,
  applied: ApplyResult,
  { detach = false }: { readonly detach?: boolean | undefined },
): Promise<void> {
  if (!applied.changed || detach) {
    context.show(applied, (a) =>
      a.changed
        ? `revision ${a.revision} committed; follow it with: shoal rollout watch --revision ${a.revision}\n`
        : `No changes: revision ${a.revision} is what runs.\n`,
    );
    return;
  }
  context.progress(() => `revision ${applied.revision} committed\n`);
  await followRollout(context, client, applied.revision);
}
