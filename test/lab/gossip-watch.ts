import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { MemberView } from '@shoal/common';
import type { Host } from './host.js';

/** A member in a state that isn't `alive`, in one observer's view. */
export interface Sighting {
  readonly observer: string;
  readonly member: string;
  readonly state: MemberView['state'];
}

/** What observers saw until now. */
export interface GossipWatch {
  /** Each once. */
  readonly sightings: readonly Sighting[];
  /** Looks taken, by observer. */
  readonly looks: Readonly<Record<string, number>>;
  stop(): void;
}

const look = 'curl -sS --max-time 2 --unix-socket /var/lib/shoal/agent/agent.sock http://agent/members';

/** Looks at the agents' own views of the gossip on their hosts, about four times a second. */
export function watchGossip(observers: readonly Host[]): GossipWatch {
  const sightings: Sighting[] = [];
  const looks: Record<string, number> = {};
  const children = observers.map((observer) => {
    const [command = '', ...enter] = observer.enter();
    const script = `while :; do ${look}; echo; sleep 0.25; done`;
    const child = spawn(command, [...enter, 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === '') return;
      looks[observer.name] = (looks[observer.name] ?? 0) + 1;
      for (const { name, state } of (JSON.parse(line) as { members: MemberView[] }).members) {
        const seen = sightings.some(
          (s) => s.observer === observer.name && s.member === name && s.state === state,
        );
        if (state !== 'alive' && !seen) sightings.push({ observer: observer.name, member: name, state });
      }
    });
    return child;
  });
  return {
    sightings,
    looks,
    stop() {
      for (const { pid } of children) {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      }
    },
  };
}
