import { spawn } from 'node:child_process';
import type { Host } from './host.js';

/** Counts how often a load balancer sends requests to one address. */
export interface UpstreamWatch {
  /** When the last of these requests was sent, in ms since the epoch; 0: never. */
  stop(): Promise<number>;
}

// `lbtot` counts each time that a server was chosen for a request, second tries included.
const program = `
while :; do
  printf '%s ' "$(date +%s%3N)"
  echo '@1 show stat' | socat -t 2 - /run/haproxy-master.sock | awk -F , -v wanted="$1" '
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) column[$i] = i }
    $column["addr"] == wanted { sum += $column["lbtot"] }
    END { print sum + 0 }'
  sleep 0.2
done`;

/** Looks five times a second how often the HAProxy of a host has chosen `upstream` (`address:port`). */
export function watchUpstream(balancer: Host, upstream: string): UpstreamWatch {
  const [command = '', ...enter] = balancer.enter();
  const child = spawn(command, [...enter, 'sh', '-c', program, 'sh', upstream], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    async stop() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      return lastIncrease(output);
    },
  };
}

/** Of lines `TIME COUNT`: the time of the last one with a larger count than the line before. */
function lastIncrease(output: string): number {
  let last = 0;
  let before = Number.POSITIVE_INFINITY;
  for (const [time = 0, count = Number.NaN] of output
    .split('\n')
    .map((line) => line.split(' ').map(Number))) {
    if (count > before) last = time;
    if (!Number.isNaN(count)) before = count;
  }
  return last;
}
