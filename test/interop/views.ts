import type { Kind, Peer, Sight, View } from './peer.js';

/** What every peer should believe of a node. */
export interface Fact {
  readonly kind: Kind;
  readonly address: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: 'alive' | 'dead' | 'left';
  /** Number of the step since which it has this state. */
  readonly since: number;
}

/** A peer that is asked, and the number of the step in which it was started. */
export interface Viewer {
  readonly peer: Peer;
  readonly since: number;
}

/** Compares all views with the facts and with each other. Returns one line per disputed node; none if all agree. */
export function disputes(
  facts: ReadonlyMap<string, Fact>,
  views: ReadonlyMap<Viewer, View | string>,
): string[] {
  const unasked = [...views].flatMap(([{ peer }, view]) =>
    typeof view === 'string' ? [`${peer.name} gives no view: ${view}`] : [],
  );
  const disputed = [...facts].flatMap(([name, fact]) => {
    const cells = [...views].flatMap(([viewer, view]) =>
      typeof view === 'string' ? [] : [cellOf(viewer, view.get(name), fact)],
    );
    const incarnations = new Set(cells.flatMap((cell) => cell.incarnation ?? []));
    if (cells.every((cell) => cell.good) && (fact.state !== 'alive' || incarnations.size <= 1)) return [];
    const expected = `${fact.state} ${fact.address} ${shown(fact.tags)}`;
    return [`${name}, which is ${expected}:`, ...cells.map((cell) => `  ${cell.text}`)];
  });
  return [...unasked, ...disputed, ...strangers(facts, views)];
}

interface Cell {
  readonly good: boolean;
  readonly text: string;
  readonly incarnation: number | undefined;
}

function cellOf(viewer: Viewer, sight: Sight | undefined, fact: Fact): Cell {
  const good = sight === undefined ? mayNotKnow(viewer, fact) : agrees(viewer, sight, fact);
  const text = sight ? `${sight.state} ${sight.address} ${shown(sight.tags)}` : 'not known';
  const incarnation = sight?.incarnation;
  const told = incarnation === undefined ? '' : ` incarnation ${incarnation}`;
  return { good, text: `${good ? ' ' : '✗'} ${viewer.peer.name} says: ${text}${told}`, incarnation };
}

/** memberlist doesn't tell a newcomer of the nodes that went before it came. */
function mayNotKnow(viewer: Viewer, fact: Fact): boolean {
  return fact.state !== 'alive' && fact.since < viewer.since;
}

function agrees({ peer }: Viewer, sight: Sight, fact: Fact): boolean {
  // Serf takes only those for departed that announce it its way, which a plain memberlist program can't.
  const unannounced = peer.kind === 'serf' && fact.kind === 'memberlist' && fact.state === 'left';
  const state = unannounced ? 'dead' : fact.state;
  return sight.state === state && sight.address === fact.address && shown(sight.tags) === shown(fact.tags);
}

function strangers(facts: ReadonlyMap<string, Fact>, views: ReadonlyMap<Viewer, View | string>): string[] {
  return [...views].flatMap(([{ peer }, view]) =>
    typeof view === 'string'
      ? []
      : [...view.keys()]
          .filter((name) => !facts.has(name))
          .map((name) => `${peer.name} knows a stranger: ${name}`),
  );
}

function shown(tags: Readonly<Record<string, string>>): string {
  return `{${Object.keys(tags)
    .sort()
    .map((key) => `${key}=${tags[key]}`)
    .join(' ')}}`;
}
