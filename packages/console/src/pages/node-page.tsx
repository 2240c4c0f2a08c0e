import type { NodeView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ChartPanel } from '../charts/chart-panel.js';
import { withoutLink } from '../lib/last-known.js';
import { LeaseNotice } from '../license/license-badge.js';
import { LogPanel } from '../logs/log-panel.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { DrainDialog, DrainNotice } from '../ui/drain.js';
import { Drifts } from '../ui/drifts.js';
import { Failure } from '../ui/failure.js';
import { Link } from '../ui/link.js';
import { Facts, Hashes, Services } from '../ui/node-details.js';
import { NodeSteps } from '../ui/node-steps.js';
import { Loading, Page, Section } from '../ui/page.js';
import { RemoveNode } from '../ui/remove-node.js';
import { NodeBadge, nodeLook } from '../ui/status.js';

/** One node, live: state, hashes, services, charts, logs, steps, facts. */
export function NodePage({ user, params }: PageProps): JSX.Element {
  const name = params['name'] ?? '';
  const node = useStore(cluster, (state) => state.nodes.get(name));
  const loaded = useStore(cluster, (state) => state.loaded);
  if (node === undefined) {
    return (
      <Page title={name}>
        {loaded ? (
          <p>
            The cluster has no node <code>{name}</code>. <Link to="/nodes">All nodes</Link>
          </p>
        ) : (
          <Loading what="the node" />
        )}
      </Page>
    );
  }
  return (
    <NodeContent node={node} mayRemove={may(user.role, 'admin')} mayOperate={may(user.role, 'operator')} />
  );
}

interface NodeContentProps {
  readonly node: NodeView;
  readonly mayRemove: boolean;
  readonly mayOperate: boolean;
}

function NodeContent({ node, mayRemove, mayOperate }: NodeContentProps): JSX.Element {
  const [removing, setRemoving] = useState(false);
  const [draining, setDraining] = useState<{ readonly service: string | undefined }>();
  const actions = (
    <>
      {mayOperate && !node.drainAsked.includes('*') && (
        <button type="button" class="button" onClick={() => setDraining({ service: undefined })}>
          Drain …
        </button>
      )}
      {mayRemove && (
        <button type="button" class="button" onClick={() => setRemoving(true)}>
          Remove node …
        </button>
      )}
    </>
  );
  return (
    <Page
      title={node.name}
      heading={
        <>
          {node.name} <NodeBadge status={node.status} />
        </>
      }
      actions={actions}
    >
      {node.status !== 'ok' && (
        <p class="lead muted">{withoutLink(node) ?? nodeLook(node.status).meaning}.</p>
      )}
      {node.failed !== null && (
        <Failure failure={node.failed.failure} where={<>Revision {node.failed.revision}</>} />
      )}
      <LeaseNotice node={node} />
      <DrainNotice node={node} mayDrain={mayOperate} />
      <Drifts node={node} mayRepair={mayOperate} />
      <div class="columns">
        <Section title="Configuration">
          <Hashes node={node} />
        </Section>
        <Section title="Services">
          <Services
            node={node}
            {...(mayOperate ? { onDrain: (service: string) => setDraining({ service }) } : {})}
          />
        </Section>
      </div>
      <ChartPanel node={node.name} />
      <Section title="Logs">
        <LogPanel node={node.name} />
      </Section>
      <div class="columns">
        <Section title="Steps">
          <NodeSteps node={node.name} revision={node.desired?.revision ?? node.running?.revision} />
        </Section>
        <Section title="Facts">
          <Facts node={node} />
        </Section>
      </div>
      {draining !== undefined && (
        <DrainDialog node={node} service={draining.service} onClose={() => setDraining(undefined)} />
      )}
      {removing && <RemoveNode name={node.name} onClose={() => setRemoving(false)} />}
    </Page>
  );
}
