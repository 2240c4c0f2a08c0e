import type { GroupStep, HostsStep, UserStep, WaitStep } from '@shoal/common';
import { parseDuration, ShoalError } from '@shoal/common';
import type { RenderedGroup, RenderedHosts, RenderedUser, RenderedWait, WaitFor } from './rendered.js';
import type { Renderer } from './renderer.js';
import { absolutePath, common, hostAndPort, hostName, httpUrl, ipAddress, timeLimit } from './values.js';

/** Renders a group step. */
export function renderGroup(step: GroupStep): RenderedGroup {
  const { name, gid, system = false } = step;
  return { type: 'group', ...common(step), name, ...(gid === undefined ? {} : { gid }), system };
}

/** Renders a user step. */
export async function renderUser(step: UserStep, renderer: Renderer): Promise<RenderedUser> {
  const { id, name, uid, group, groups = [], home, shell, system = false } = step;
  return {
    type: 'user',
    ...common(step),
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(group === undefined ? {} : { group }),
    groups,
    ...(home === undefined ? {} : { home: accountPath(await renderer.text(home, `${id}.home`)) }),
    ...(shell === undefined ? {} : { shell: accountPath(await renderer.text(shell, `${id}.shell`)) }),
    system,
  };
}

/** /etc/passwd separates by colons. */
function accountPath(text: string): string {
  if (!text.includes(':')) return absolutePath(text);
  throw new ShoalError('invalid_input', `expected a path without ":", found ${JSON.stringify(text)}`);
}

/** Renders a hosts step. */
export async function renderHosts(
  step: HostsStep,
  renderer: Renderer,
  service: string,
): Promise<RenderedHosts> {
  const { id } = step;
  return {
    type: 'hosts',
    ...common(step),
    address: ipAddress(await renderer.text(step.address, `${id}.address`)),
    names: (await renderer.words(step.names, `${id}.names`)).map(hostName),
    marker: `${service}/${id}`,
  };
}

/** Renders a wait step. */
export async function renderWait(step: WaitStep, renderer: Renderer): Promise<RenderedWait> {
  return {
    type: 'wait',
    id: step.id,
    timeoutMs: timeLimit(step),
    for: await renderWaitFor(step, renderer),
    intervalMs: Math.max(parseDuration(step.interval ?? '1s'), 50),
  };
}

async function renderWaitFor({ id, port, url, command }: WaitStep, renderer: Renderer): Promise<WaitFor> {
  if (port !== undefined) {
    return { kind: 'port', ...hostAndPort(await renderer.text(String(port), `${id}.port`)) };
  }
  if (url !== undefined) return { kind: 'url', url: httpUrl(await renderer.text(url, `${id}.url`)) };
  if (command !== undefined) {
    return { kind: 'command', command: await renderer.words(command, `${id}.command`) };
  }
  throw new ShoalError('invalid_input', `step ${id} needs one of port, url and command`);
}
