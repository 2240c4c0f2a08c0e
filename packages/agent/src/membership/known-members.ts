import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressPattern, type MemberView, writeFileAtomic } from '@shoal/common';

/** What an agent remembers of the cluster, to find it again without the controller. */
export interface KnownMembers {
  /** Addresses to rejoin by. */
  readonly peers: readonly string[];
  /** Own incarnation; it resumes above. */
  readonly incarnation: number;
  /** Nodes that were alive when this was written, this one included. */
  readonly members: readonly MemberView[];
}

const address = new RegExp(addressPattern);

const nothing: KnownMembers = { peers: [], incarnation: 0, members: [] };

/** Reads what was remembered; nothing when there is nothing, or it can't be read. */
export async function loadKnownMembers(dataDir: string): Promise<KnownMembers> {
  try {
    const known = { ...nothing, ...(JSON.parse(await readFile(pathOf(dataDir), 'utf8')) as KnownMembers) };
    // One that somebody damaged mustn't keep the others from being tried.
    return { ...known, peers: known.peers.filter((peer) => address.test(peer)) };
  } catch {
    return nothing;
  }
}

export async function saveKnownMembers(dataDir: string, known: KnownMembers): Promise<void> {
  await writeFileAtomic(pathOf(dataDir), `${JSON.stringify(known)}\n`, { mode: 0o600 });
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'members.json');
}
