import type { NodeView, ServiceStatusView } from '@shoal/common';
import type { JSX } from 'preact';
import { nodePath } from '../state/router.js';
import { Link } from './link.js';
import { DrainMark, DriftMark, NodeBadge, WordBadge } from './status.js';
import { Hash, Time } from './text.js';

/** The nodes, a row each; a card each where it is narrow. */
export function NodeTable({ nodes }: { nodes: readonly NodeView[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">Nodes of the cluster</caption>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Node</th>
            <th scope="col">Site</th>
            <th scope="col">Revision</th>
            <th scope="col" title="Content hash of what runs">
              Running
            </th>
            <th scope="col" title="Content hash of what shall run">
              Desired
            </th>
            <th scope="col" title="Content hash of what was tried and failed">
              Failed
            </th>
            <th scope="col">Services</th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <Row key={node.name} node={node} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ node }: { node: NodeView }): JSX.Element {
  return (
    <tr data-node={node.name}>
      <td class="cell-status">
        <NodeBadge status={node.status} /> <DriftMark node={node} /> <DrainMark node={node} />
      </td>
      <th scope="row">
        <Link to={nodePath(node.name)}>{node.name}</Link>
      </th>
      <td data-label="Site">{node.site}</td>
      <td data-label="Revision">
        <RevisionCell node={node} />
      </td>
      <td data-label="Running">
        <Hash hash={node.running?.hash} />
      </td>
      <td data-label="Desired">
        <Hash hash={node.desired?.hash} />
      </td>
      <td data-label="Failed" class={node.failed === null ? 'cell-none' : ''}>
        <Hash hash={node.failed?.hash} />
      </td>
      <td data-label="Services" class="cell-services">
        <Services services={node.services} stale={!node.connected} />
      </td>
      <td data-label="Last seen">
        {node.connected ? (
          <span title="The link stands">connected</span>
        ) : (
          <Time at={node.lastSeenAt} none="never" />
        )}
      </td>
    </tr>
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
