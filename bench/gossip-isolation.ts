import { spawn } from 'node:child_process';

/**
 * Runs an entry of this directory in network and process namespaces of its own: nothing but the benchmark is on its
 * loopback interface, and when it ends, in whatever way, the kernel ends all that it started. The entry finds `input`
 * as JSON on the first line of stdin, prints its result as JSON, and ends when stdin does. Needs root, or a kernel
 * that lets users make namespaces.
 */
export function runIsolated<T>(entry: string, input: object): Promise<T> {
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const namespaces = [...user, '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const program = new URL(entry, import.meta.url).pathname;
  const child = spawn('unshare', [...namespaces, '--', process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(`${JSON.stringify(input)}\n`);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as T);
      else reject(new Error(`the isolated part of the benchmark ended with code ${code}`));
    });
  });
}
