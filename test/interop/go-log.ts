import type { Accusation } from './peer.js';

/** What memberlist's and Serf's log says when another node has crashed, is cut off or doesn't answer any more. */
const OF_LOST_NODES =
  /failed to (connect|send|dial)|Failed fallback (TCP )?ping|Push\/Pull with|refused|timeout|attempting reconnect|no route to host|connection reset|unreachable/i;

/** A Serf agent that was told to end may still notice that the Serf within it has. */
const OF_ENDING = /Serf shutdown detected, quitting/;

/** Warnings and errors in the log of a Go program that neither a lost node nor a wanted end explains. */
export function complaintsOf(log: readonly string[]): string[] {
  const end = log.findIndex((line) => line.includes('agent: requesting serf shutdown'));
  return log.filter((line, index) => {
    if (!/\[(WARN|ERR|ERROR)\]|panic:/.test(line) || OF_LOST_NODES.test(line)) return false;
    return end < 0 || index < end || !OF_ENDING.test(line);
  });
}

/** The accusation that a line of memberlist's log tells, if it does. */
export function accusationOf(line: string): Accusation | undefined {
  const [, suspected] = /memberlist: Suspect (\S+) has failed/.exec(line) ?? [];
  if (suspected !== undefined) return { accused: suspected, verdict: 'suspect' };
  const [, given] = /memberlist: Marking (\S+) as failed/.exec(line) ?? [];
  return given === undefined ? undefined : { accused: given, verdict: 'dead' };
}
