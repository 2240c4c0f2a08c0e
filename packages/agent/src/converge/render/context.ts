import { userInfo } from 'node:os';
import type { ManifestService, MemberView, PoolMemory, TemplateMember } from '@shoal/common';
import { drainingOfTags, parseAddress, poolMemory, servicesOfTags } from '@shoal/common';
import type { SupervisorKind, TemplateFacts } from '../converger.js';
import { type DigestOf, sha256 } from './file-digest.js';

/** Where the context keeps how digests of the service's texts are made. */
export const digestOf: unique symbol = Symbol('digestOf');

/** What a service's templates see besides its own variables; docs/blueprints.md describes each name. */
export interface TemplateContext extends Readonly<Record<string, unknown>> {
  readonly params: ManifestService['params'];
  readonly service: { readonly name: string; readonly directory: string; readonly nodes: number };
  readonly [poolMemory]: PoolMemory;
  /** No template sees it. */
  readonly [digestOf]: DigestOf;
}

/** How many nodes run a service, as its templates are to know it. */
export type SizeOf = (service: string, members: readonly TemplateMember[]) => number;

/** Builds the context that all templates of a service share. `variables` are added as they are rendered. */
export function templateContext(
  service: ManifestService,
  facts: TemplateFacts,
  options: {
    readonly supervisor: SupervisorKind;
    readonly directory: string;
    /** For services with secrets. Default: not keyed, for where nothing leaves the process. */
    readonly keyedDigest?: DigestOf;
    readonly pools: PoolMemory;
    readonly sizeOf: SizeOf;
  },
): TemplateContext {
  const members = facts.members.map(templateMember);
  const { name } = service;
  return {
    params: service.params,
    node: facts.node,
    facts: facts.facts,
    members,
    lease: facts.lease,
    supervisor: options.supervisor,
    service: { name, directory: options.directory, nodes: options.sizeOf(name, members) },
    nodeBinary: process.execPath,
    agentUser: userName(),
    [poolMemory]: options.pools,
    [digestOf]: service.secrets === undefined ? sha256 : (options.keyedDigest ?? sha256),
  };
}

/** A member with what its tags say. Templates rarely want the gossip port: `host` is the address without it. */
function templateMember(member: MemberView): TemplateMember {
  const { address, tags } = member;
  return {
    ...member,
    host: parseAddress(address, 0).host,
    site: tags['site'] ?? '',
    services: servicesOfTags(tags),
    draining: drainingOfTags(tags),
  };
}

/** A user id without an entry in the user database has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
