/** What a schedule of chaos can do to a cluster. Times are virtual ms; nodes go by name. */
export type Fault =
  /** The process is killed; its host lives on and refuses connections, or is gone. Comes back unless undefined. */
  | { kind: 'crash'; node: string; host: 'up' | 'gone'; backAfterMs: number | undefined; remembers: boolean }
  | { kind: 'freeze'; node: string; forMs: number }
  /** Each handling is delayed by up to `maxMs`. */
  | { kind: 'slow'; node: string; maxMs: number; forMs: number }
  /** Groups that hear nothing of each other. */
  | { kind: 'split'; groups: readonly (readonly string[])[]; forMs: number }
  /** Some don't reach some others (one way: but are heard by them), while the rest reaches all. */
  | { kind: 'cut'; from: readonly string[]; to: readonly string[]; oneWay: boolean; forMs: number }
  /** All links lose this share of datagrams more. */
  | { kind: 'storm'; loss: number; forMs: number }
  | { kind: 'leave'; node: string; backAfterMs: number | undefined; remembers: boolean }
  | { kind: 'join'; node: string }
  /** The node changes its tags. */
  | { kind: 'retag'; node: string };

/** A fault and when it strikes, in virtual ms since the chaos began. */
export type ScheduledFault = Fault & { readonly at: number };

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const back = (afterMs: number | undefined, remembers: boolean): string => {
  if (afterMs === undefined) return ', for good';
  return `, back after ${seconds(afterMs)}${remembers ? '' : ' without its incarnation'}`;
};

/** A fault in words. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'crash':
      return `${fault.node} crashes${fault.host === 'gone' ? ' with its host' : ''}${back(fault.backAfterMs, fault.remembers)}`;
    case 'freeze':
      return `${fault.node} is frozen for ${seconds(fault.forMs)}`;
    case 'slow':
      return `${fault.node} is slow for ${seconds(fault.forMs)}, up to ${Math.round(fault.maxMs)} ms each time`;
    case 'split':
      return `split for ${seconds(fault.forMs)}: ${fault.groups.map((group) => group.join(' ')).join(' | ')}`;
    case 'cut':
      return `${fault.from.join(' ')} ${fault.oneWay ? '->' : '<->'} ${fault.to.join(' ')} cut for ${seconds(fault.forMs)}`;
    case 'storm':
      return `${Math.round(100 * fault.loss)} % more loss for ${seconds(fault.forMs)}`;
    case 'leave':
      return `${fault.node} leaves${back(fault.backAfterMs, fault.remembers)}`;
    case 'join':
      return `${fault.node} joins`;
    case 'retag':
      return `${fault.node} changes its tags`;
  }
}
