import type { NodeView, ServiceStatusView } from '@shoal/common';
import type { JSX } from 'preact';
import { Lease } from '../license/license-badge.js';
import { nodePath } from '../state/router.js';
import { Link } from './link.js';
import { DrainMark, DriftMark, NodeBadge, WordBadge } from './status.js';
import { type Column, Table } from './table.js';
import { Hash, Time } from './text.js';

const columns: readonly Column<NodeView>[] = [
  {
    heading: 'Status',
    kind: 'status',
    cell: (node) => (
      <>
        <NodeBadge status={node.status} /> <DriftMark node={node} /> <DrainMark node={node} />
      </>
    ),
  },
  { heading: 'Node', kind: 'name', cell: ({ name }) => <Link to={nodePath(name)}>{name}</Link> },
  { heading: 'Site', cell: ({ site }) => site },
  { heading: 'Revision', cell: (node) => <RevisionCell node={node} /> },
  {
    heading: 'Running',
    title: 'Content hash of what runs',
    cell: ({ running }) => <Hash hash={running?.hash} />,
  },
  {
    heading: 'Desired',
    title: 'Content hash of what shall run',
    cell: ({ desired }) => <Hash hash={desired?.hash} />,
  },
  {
    heading: 'Failed',
    title: 'Content hash of what was tried and failed',
    class: ({ failed }) => (failed === null ? 'cell-none' : ''),
    cell: ({ failed }) => <Hash hash={failed?.hash} />,
  },
  {
    heading: 'Services',
    class: 'cell-services',
    cell: ({ services, connected }) => <Services services={services} stale={!connected} />,
  },
  { heading: 'Lease', title: 'The node’s lease of the license', cell: (node) => <Lease node={node} /> },
  {
    heading: 'Last seen',
    cell: ({ connected, lastSeenAt }) =>
      connected ? <span title="The link stands">connected</span> : <Time at={lastSeenAt} none="never" />,
  },
];

/** The nodes, a row each; a card each where it is narrow. */
export function NodeTable({ nodes }: { nodes: readonly NodeView[] }): JSX.Element {
  return (
    <Table
      caption="Nodes of the cluster"
      columns={columns}
      rows={nodes}
      rowKey={({ name }) => name}
      nodeOf={({ name }) => name}
    />
  );
}

function RevisionCell({ node }: { node: NodeView }): JSX.Element {
  const running = node.running?.revision;
  const desired = node.desired?.revision;
  if (running === undefined && desired === undefined) return <span class="muted">–</span>;
  if (running === desired || desired === undefined) return <>{running}</>;
  return (
    <span title={`Runs ${running ?? 'nothing'}, shall run ${desired}`}>
      {running ?? '–'} → {desired}
    </span>
  );
}

/** Without a link nobody knows: what was last known is shown as such. */
function Services({
  services,
  stale,
}: {
  services: readonly ServiceStatusView[];
  stale: boolean;
}): JSX.Element {
  if (services.length === 0) return <span class="muted">none</span>;
  return (
    <ul class="inline-list">
      {services.map(({ service, health, process, detail }) => {
        const word = health === 'unknown' ? process : health;
        return (
          <li key={service}>
            {service}
            <WordBadge word={word} title={detail || word} stale={stale} />
          </li>
        );
      })}
    </ul>
  );
}
