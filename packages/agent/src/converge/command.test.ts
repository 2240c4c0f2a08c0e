import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { runCommand } from './command.js';

/** Whether a process runs; one that ended and wasn't collected yet doesn't. */
function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('what a timed-out command started is ended with it, even when it ignores SIGTERM', async (t) => {
  const note = join(t.testdir(), 'pid');
  const stubborn = `trap '' TERM; echo $$ >${note}; while :; do sleep 0.05; done`;
  const result = await runCommand(['sh', '-c', `sh -c "$0" >/dev/null 2>&1 & wait`, stubborn], {
    timeoutMs: 3000,
  });
  t.equal(result.timedOut, true);
  const pid = Number(readFileSync(note, 'utf8'));
  t.ok(pid > 0);
  const deadline = performance.now() + 10_000;
  while (runs(pid) && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  t.equal(runs(pid), false);
});
