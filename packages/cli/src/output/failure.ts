import type { FailureView } from '@shoal/common';
import type { Palette } from './text.js';
import { printable } from './text.js';

/** A failure on a node for people: node, service, step, and the failing command's own words. */
export function failureLines(node: string, failure: FailureView, paint: Palette): string {
  const head = `${paint.bad('failed')} on ${paint.bold(node)}, service ${failure.service}, step ${failure.step}: ${printable(failure.message)}\n`;
  const output = failure.output
    .split('\n')
    .filter((line) => line.trim() !== '' && !failure.message.includes(line.trim()))
    .map((line) => `  ${printable(line)}\n`)
    .join('');
  return head + output + aftermath(failure);
}

function aftermath({ undone, untouched }: FailureView): string {
  if (untouched === true) return '  nothing was touched; the node runs on as before\n';
  return undone ? '  what it had changed was undone; the node runs its last good configuration\n' : '';
}
