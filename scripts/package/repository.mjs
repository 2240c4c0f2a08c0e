import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The repository's root directory. */
export const root = join(import.meta.dirname, '..', '..');

/**
 * Seconds since 1970 that all packaged files carry at most, so that the same commit makes the same packages:
 * SOURCE_DATE_EPOCH when set, else the time of the last commit, else a fixed day.
 */
export function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const git = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return git.status === 0 ? Number(git.stdout) : Date.UTC(2026, 0, 1) / 1000;
}
