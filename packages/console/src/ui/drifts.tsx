import type { DriftView, NodeView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { count } from '../lib/format.js';
import { Difference } from './diff.js';
import { ErrorNotice } from './notice.js';
import { Section } from './page.js';
import { DriftBadge } from './status.js';
import { AsOf, Time } from './text.js';

/** What no longer holds on a node, with the differences; operators can have it put back. */
export function Drifts({ node, mayRepair }: { node: NodeView; mayRepair: boolean }): JSX.Element | null {
  const { busy, error, repair } = useRepair(node.name);
  if (node.drifts.length === 0 && error === undefined) return null;
  const services = [...new Set(node.drifts.map(({ service }) => service))];
  return (
    <Section title="Drift">
      <p class="hint">
        {count(node.drifts.length, 'step')} of what runs here no longer{' '}
        {node.drifts.length === 1 ? 'holds' : 'hold'}
        {node.connected ? '' : ', as was last known'}
        {!node.connected && <AsOf at={node.lastSeenAt} />}. Differences lead from what is on the host to what
        it shall be.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      {services.map((service) => (
        <div key={service} class="drift-service">
          <div class="service-head">
            <strong>{service}</strong>
            {mayRepair && (
              <button
                type="button"
                class="button small"
                disabled={busy !== undefined || !node.connected}
                onClick={() => void repair(service)}
              >
                {busy === service ? 'Repairing …' : `Repair ${service}`}
              </button>
            )}
          </div>
          <ul class="drifts">
            {node.drifts
              .filter((drift) => drift.service === service)
              .map((drift) => (
                <OneDrift key={drift.step} drift={drift} node={node.name} />
              ))}
          </ul>
        </div>
      ))}
    </Section>
  );
}

function OneDrift({ drift, node }: { drift: DriftView; node: string }): JSX.Element {
  const { service, step, since, difference, state, detail, retryAt } = drift;
  return (
    <li>
      <p>
        <code>{step}</code> <DriftBadge state={state} />{' '}
        <span class="hint">
          seen <Time at={since} />
          {retryAt !== null && (
            <>
              , tried again <Time at={retryAt} />
            </>
          )}
        </span>
      </p>
      {detail !== '' && <p class="drift-detail">{detail}</p>}
      <Difference text={difference} label={`Difference of ${service}/${step} on ${node}`} />
    </li>
  );
}

function useRepair(node: string) {
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const repair = async (service: string) => {
    setBusy(service);
    setError(undefined);
    try {
      await call('drift.repair', { node, service });
    } catch (thrown) {
      setError(ApiError.from(thrown));
    } finally {
      setBusy(undefined);
    }
  };
  return { busy, error, repair };
}
