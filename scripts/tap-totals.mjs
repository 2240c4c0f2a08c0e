// Reads the results of tap runs, as written by `tap --output-file`, and the last line of simulated chaos.
//
// `node scripts/tap-totals.mjs FILE...` prints "N passed, N failed, N skipped" of all together. A file that is missing or
// has no totals (the run broke off) counts as one failure. Exit code 1 when anything failed.
// `node scripts/tap-totals.mjs --failures FILE` prints what failed, with its diagnostics, and what was skipped.
import { existsSync, readFileSync } from 'node:fs';

/** The totals at the end of a run: tap's, where tests still to be written (`todo`) count as skipped, or those of played seeds. */
export function totalsOf(text) {
  const seeds = /^\d+ seeds, (\d+) passed, (\d+) failed/m.exec(text);
  if (seeds !== null) return { passed: Number(seeds[1]), failed: Number(seeds[2]), skipped: 0 };
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

/** The failed test points that aren't only the sum of those inside them, each with its path and diagnostics. */
export function failuresOf(text) {
  const lines = text.split('\n');
  const path = [];
  const childFailed = [];
  const found = [];
  for (const [index, line] of lines.entries()) {
    const depth = /^ */.exec(line)[0].length / 4;
    const subtest = /^ *# Subtest: (.*)$/.exec(line)?.[1];
    if (subtest !== undefined) path.splice(depth, path.length, subtest);
    const [, failed, title] = /^ *(not )?ok \d+ - (.*?)(?: # (?:time=|TODO).*)?$/.exec(line) ?? [];
    if (title === undefined) continue;
    if (failed !== undefined && !/ # TODO\b/.test(line)) {
      if (childFailed[depth] !== true) {
        const at = [...new Set([...path.slice(0, depth), title])].join(' > ');
        found.push([at, ...diagnostics(lines, index + 1)].join('\n'));
      }
      if (depth > 0) childFailed[depth - 1] = true;
    }
    childFailed[depth] = false;
  }
  return found;
}

/** The indented block between `---` and `...` that begins at this line, if one does. */
function diagnostics(lines, start) {
  if (lines[start]?.trim() !== '---') return [];
  const end = lines.findIndex((line, index) => index > start && line.trim() === '...');
  return lines.slice(start + 1, end);
}

function report(file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const failure of failuresOf(text)) console.log(`FAILED ${failure}`);
  for (const [, skipped] of text.matchAll(/^ *ok \d+ - (.* # SKIP.*)$/gm)) console.log(`skipped ${skipped}`);
  if (!/^# \{ total:/m.test(text))
    console.log(`The run broke off. Its last lines:\n${text.split('\n').slice(-20).join('\n')}`);
}

if (process.argv[1] === import.meta.filename) {
  const [first, ...files] = process.argv.slice(2);
  if (first === '--failures') {
    for (const file of files) report(file);
  } else {
    const { text, failed } = sumUp([first, ...files]);
    console.log(text);
    if (failed > 0) process.exitCode = 1;
  }
}
