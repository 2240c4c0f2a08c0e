import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { LoadOptions, LoadReport } from './report.js';

/** A load that goes on until it is stopped. */
export interface Load {
  /** Ends it when the requests under way have ended; what became of all. */
  stop(): Promise<LoadReport>;
}

/** Sends a load from a process of its own; `enter`: the words of a command that runs it elsewhere (in a network namespace). */
export function startLoad(options: LoadOptions, enter: readonly string[] = []): Load {
  const program = [process.execPath, join(import.meta.dirname, 'program.js'), JSON.stringify(options)];
  const [command = '', ...args] = [...enter, ...program];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
  return {
    async stop() {
      child.stdin.end();
      await ended;
      return JSON.parse(output) as LoadReport;
    },
  };
}
