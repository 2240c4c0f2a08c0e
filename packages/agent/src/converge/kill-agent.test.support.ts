import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '@shoal/common';
import { until } from './harness.test.support.js';

const program = fileURLToPath(new URL('agent.test.support.js', import.meta.url));

/** Where the agent stands still, and prints `frozen`: at the so many-th changing call of a step, once the journal has the step. */
export interface Freeze {
  readonly step: string;
  readonly point: number;
}

/** Runs an agent of its own over the manifests and kills it with SIGKILL once it printed the line, or the condition holds. */
export async function killAgentAt(
  line: string | (() => boolean),
  dataDir: string,
  manifests: Manifest[],
  freeze?: Freeze,
): Promise<void> {
  const agent = spawn(process.execPath, [program, JSON.stringify({ dataDir, manifests, freeze })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  agent.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const exited = new Promise((resolve) => agent.on('exit', resolve));
  try {
    const condition = typeof line === 'string' ? () => `\n${said}`.includes(`\n${line}\n`) : line;
    await until('the moment to kill the agent', condition);
  } finally {
    agent.kill('SIGKILL');
    await exited;
  }
}
