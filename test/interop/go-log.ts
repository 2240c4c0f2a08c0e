import type { Accusation } from './peer.js';

/** What memberlist's and Serf's log says when another node has crashed, is cut off or doesn't answer any more. */
const OF_LOST_NODES =
  /failed to (connect|send|dial)|Failed fallback (TCP )?ping|Push\/Pull with|refused|timeout|attempting reconnect|no route to host|connection reset|unreachable/i;

/** Warnings and errors in the log of a Go program that a lost node doesn't explain. */
export function complaintsOf(log: readonly string[]): string[] {
  return log.filter((line) => /\[(WARN|ERR|ERROR)\]|panic:/.test(line) && !OF_LOST_NODES.test(line));
}

/** The accusation that a line of memberlist's log tells, if it does. */
export function accusationOf(line: string): Accusation | undefined {
  const [, suspected] = /memberlist: Suspect (\S+) has failed/.exec(line) ?? [];
  if (suspected !== undefined) return { accused: suspected, verdict: 'suspect' };
  const [, given] = /memberlist: Marking (\S+) as failed/.exec(line) ?? [];
  return given === undefined ? undefined : { accused: given, verdict: 'dead' };
}
