import type { NodeView } from '@shoal/common';
import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { drainState, servedElsewhere } from '../lib/draining.js';
import { useAsking } from '../lib/use-asking.js';
import { applyEvent, cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Dialog } from './dialog.js';
import { ErrorNotice, Notice } from './notice.js';

/** That nothing new is sent to the node or to some of its services, why, and the way back. */
export function DrainNotice({ node, mayDrain }: { node: NodeView; mayDrain: boolean }): JSX.Element | null {
  const { busy, error, run } = useAsking();
  const state = drainState(node);
  if (state === undefined) return null;
  const undrain = () =>
    run(async () => {
      const view = await call('node.undrain', { name: node.name });
      cluster.update((held) => applyEvent(held, { type: 'node', node: view }));
    });
  return (
    <Notice tone={state.isAsked ? 'warn' : 'busy'} title={state.title}>
      {state.detail !== '' && <p>{state.detail}</p>}
      {error !== undefined && <ErrorNotice error={error} />}
      {mayDrain && state.isAsked && (
        <div class="actions">
          <button type="button" class="button" disabled={busy} onClick={() => void undrain()}>
            {busy ? 'Undraining …' : 'Undrain'}
          </button>
        </div>
      )}
    </Notice>
  );
}

interface DrainDialogProps {
  readonly node: NodeView;
  /** Default: all of them. */
  readonly service: string | undefined;
  readonly onClose: () => void;
}

/** Asks before requests are kept away from a node, or one of its services. */
export function DrainDialog({ node, service, onClose }: DrainDialogProps): JSX.Element {
  const nodes = useStore(cluster, (state) => state.nodes);
  const { busy, error, run } = useAsking();
  const asked = service === undefined ? node.services.map((one) => one.service) : [service];
  const alone = asked.filter((name) => !servedElsewhere(name, node.name, nodes.values()));
  const drain = () =>
    run(async () => {
      const view = await call('node.drain', {
        name: node.name,
        ...(service === undefined ? {} : { service }),
      });
      cluster.update((held) => applyEvent(held, { type: 'node', node: view }));
      onClose();
    });
  return (
    <Dialog
      title={service === undefined ? `Drain ${node.name}?` : `Drain ${service} on ${node.name}?`}
      onClose={onClose}
      closable={!busy}
    >
      <p>
        Load balancers send nothing new {service === undefined ? 'to its services' : `to its ${service}`}{' '}
        until it is undrained; what is under way ends. Nothing is stopped.
      </p>
      {!node.connected && <p>The node has no link: it hears of it as it comes back.</p>}
      {alone.length > 0 && (
        <Notice tone="warn" title={`No other node serves ${alone.join(', ')}.`}>
          <p>A pool is never empty: load balancers go on sending to it.</p>
        </Notice>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Back
        </button>
        <button type="button" class="button danger" onClick={() => void drain()} disabled={busy}>
          {busy ? 'Draining …' : 'Drain'}
        </button>
      </div>
    </Dialog>
  );
}
