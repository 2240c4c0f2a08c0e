import { createInterface } from 'node:readline/promises';
import { ShoalError } from '@shoal/common';

/**
 * Asks before something that can't be taken back, on the terminal.
 *
 * @throws ShoalError `invalid_input` when there is no terminal to ask on, `failed_precondition` when the answer isn't yes
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new ShoalError('invalid_input', 'Not asked, because there is no terminal', {
      hint: 'Say it beforehand: --yes',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new ShoalError('failed_precondition', 'Nothing was changed');
}
