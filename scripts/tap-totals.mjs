// Adds up the results of tap runs: `node scripts/tap-totals.mjs FILE...` (as written by `tap --output-file`) prints
// "N passed, N failed, N skipped". A file that is missing or has no totals (the run broke off) counts as one failure.
// Exit code 1 when anything failed.
import { existsSync, readFileSync } from 'node:fs';

/** The totals that tap writes at the end of a run; tests still to be written (`todo`) count as skipped. */
export function totalsOf(text) {
  const summary = [...text.matchAll(/^# \{ (total: \d+.*) \}$/gm)].at(-1)?.[1];
  if (summary === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const number = (word) => Number(new RegExp(`\\b${word}: (\\d+)`).exec(summary)?.[1] ?? 0);
  return { passed: number('pass'), failed: number('fail'), skipped: number('skip') + number('todo') };
}

/** `N passed, N failed, N skipped` of several runs' output files. */
export function sumUp(files) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const totals = totalsOf(existsSync(file) ? readFileSync(file, 'utf8') : '');
    for (const key of Object.keys(sum)) sum[key] += totals[key];
  }
  return { ...sum, text: `${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped` };
}

if (process.argv[1] === import.meta.filename) {
  const { text, failed } = sumUp(process.argv.slice(2));
  console.log(text);
  if (failed > 0) process.exitCode = 1;
}
