import type { HashView, NodeView } from '@shoal/common';
import type { ComponentChildren, JSX } from 'preact';
import { formatBytes } from '../lib/format.js';
import { verdict } from '../lib/last-known.js';
import { Lease } from '../license/license-badge.js';
import { Link } from './link.js';
import { WordBadge } from './status.js';
import { AsOf, Hash, Time } from './text.js';

/** The three hashes, what each means, and what they say together. */
export function Hashes({ node }: { node: NodeView }): JSX.Element {
  return (
    <>
      <dl class="hashes">
        <HashRow name="Desired" meaning="what the spec says it shall be" view={node.desired} />
        <HashRow
          name="Running"
          meaning={
            node.connected ? 'what is in force, measured by the agent' : 'what was in force, as last measured'
          }
          view={node.running}
        />
        <HashRow
          name="Failed"
          meaning="what was tried last and undone; not offered again unasked"
          view={node.failed}
        />
      </dl>
      <p class="verdict">
        {verdict(node)}
        {!node.connected && node.desired !== null && <AsOf at={node.lastSeenAt} />}.
      </p>
    </>
  );
}

function HashRow({
  name,
  meaning,
  view,
}: {
  name: string;
  meaning: string;
  view: HashView | null;
}): JSX.Element {
  return (
    <div>
      <dt>
        {name} <span class="hint">{meaning}</span>
      </dt>
      <dd>
        <Hash hash={view?.hash} />
        {view !== null && view.revision > 0 && (
          <Link to={`/revisions/${view.revision}`} class="hash-revision">
            revision {view.revision}
          </Link>
        )}
      </dd>
    </div>
  );
}

/** Each service's process and health; what was last known of them when the node has no link. */
export function Services({
  node,
  onDrain,
}: {
  node: NodeView;
  /** Asks to drain one service; left out: nobody may. */
  onDrain?: (service: string) => void;
}): JSX.Element {
  const { services } = node;
  const stale = !node.connected;
  if (services.length === 0) return <p class="muted">No service runs here yet.</p>;
  return (
    <ul class="services">
      {services.map((service) => (
        <li key={service.service}>
          <div class="service-head">
            <strong>{service.service}</strong>
            <span class="pair">
              <span class="muted">process</span> <WordBadge word={service.process} stale={stale} />
            </span>
            <span class="pair">
              <span class="muted">health</span> <WordBadge word={service.health} stale={stale} />
            </span>
            {node.draining.includes(service.service) && (
              <WordBadge word="draining" title="Load balancers send nothing new here" stale={stale} />
            )}
            {onDrain !== undefined && services.length > 1 && node.drainAsked.length === 0 && (
              <button type="button" class="button small quiet" onClick={() => onDrain(service.service)}>
                Drain<span class="visually-hidden"> {service.service}</span> …
              </button>
            )}
          </div>
          <p class="hint">
            started <Time at={service.startedAt} none="at an unknown time" />, restarted {service.restarts}{' '}
            {service.restarts === 1 ? 'time' : 'times'}
            {service.detail !== '' && <>; {service.detail}</>}
            {stale && <AsOf at={node.lastSeenAt} />}
          </p>
        </li>
      ))}
    </ul>
  );
}

/** Facts whose value is a number of bytes. */
const byteFacts = /(memory|bytes)/i;

/** What the agent says of its host, and what the controller knows of the agent. */
export function Facts({ node }: { node: NodeView }): JSX.Element {
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['site', node.site],
    ['gossip address', node.address === '' ? '–' : <code>{node.address}</code>],
    ['gossip says', node.member ?? 'not a member'],
    ['gossip key', node.gossipKeys === null ? '–' : <code>{node.gossipKeys.primary}</code>],
    ['lease', <Lease key="lease" node={node} />],
    ...(node.lease === null ? [] : [['tier', node.lease.tier] as const]),
    ['link', node.connected ? 'connected' : 'not connected'],
    ['last seen', node.connected ? 'now' : <Time key="seen" at={node.lastSeenAt} none="never" />],
    ['agent version', node.agentVersion || '–'],
    ['enrolled', <Time key="enrolled" at={node.enrolledAt} />],
    ['certificate ends', <Time key="ends" at={node.certificateExpiresAt} />],
    ...Object.entries(node.facts)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, value]) => [name, factValue(name, value)] as const),
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factValue(name: string, value: string): string {
  const number = Number(value);
  return byteFacts.test(name) && value !== '' && number > 10_000 ? formatBytes(number) : value;
}
