import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** One of the compiled programs, and the version of memberlist inside. */
export interface MemberlistProgram {
  readonly version: string;
  readonly path: string;
}

/** The peers that were compiled here, or why they could not be. */
export interface MemberlistPrograms {
  readonly older: MemberlistProgram;
  readonly newer: MemberlistProgram;
}

const script = join(import.meta.dirname, '../../../scripts/memberlist-peer.mjs');

/** Compiles the peers unless that was done before. A string says why it isn't possible; in CI that is an error. */
export function memberlistPrograms(): MemberlistPrograms | string {
  const inCi = process.env['CI'] === 'true';
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...(inCi ? ['--install'] : [])], {
    encoding: 'utf8',
  });
  if (status === 0) return JSON.parse(stdout) as MemberlistPrograms;
  if (inCi) throw new Error(`the memberlist peers must be there in CI: ${stderr}`);
  return stderr.trim();
}
