import { userInfo } from 'node:os';
import type { ManifestService, MemberView } from '@shoal/common';
import { parseAddress } from '@shoal/common';
import type { SupervisorKind, TemplateFacts } from '../converger.js';

/** What a service's templates see besides its own variables; docs/blueprints.md describes each name. */
export interface TemplateContext extends Readonly<Record<string, unknown>> {
  readonly params: ManifestService['params'];
  readonly service: { readonly name: string; readonly directory: string };
}

/** Builds the context that all templates of a service share. `variables` are added as they are rendered. */
export function templateContext(
  service: ManifestService,
  facts: TemplateFacts,
  options: { readonly supervisor: SupervisorKind; readonly directory: string },
): TemplateContext {
  return {
    params: service.params,
    node: facts.node,
    facts: facts.facts,
    members: facts.members.map(withHost),
    lease: facts.lease,
    supervisor: options.supervisor,
    service: { name: service.name, directory: options.directory },
    nodeBinary: process.execPath,
    agentUser: userName(),
  };
}

/** Templates rarely want the gossip port: `host` is the address without it. */
function withHost(member: MemberView): MemberView & { readonly host: string } {
  return { ...member, host: parseAddress(member.address, 0).host };
}

/** A user id without an entry in the user database has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
