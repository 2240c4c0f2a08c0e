import type { NodeView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../lib/format.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { GossipKeyLine } from '../ui/gossip-key-line.js';
import { JoinHelp } from '../ui/join-help.js';
import { Link } from '../ui/link.js';
import { NodeTable } from '../ui/node-table.js';
import { Loading, Page } from '../ui/page.js';
import { NodeBadge, nodeLook, RolloutBadge } from '../ui/status.js';

const urgency: readonly NodeView['status'][] = [
  'down',
  'failed',
  'unhealthy',
  'unreachable',
  'behind',
  'drifted',
  'converging',
  'new',
  'ok',
];

/** Every node, live. */
export function NodesPage(_: PageProps): JSX.Element {
  const nodes = useStore(cluster, (state) => state.nodes);
  const loaded = useStore(cluster, (state) => state.loaded);
  const [only, setOnly] = useState<NodeView['status']>();
  const all = [...nodes.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const shown = only === undefined ? all : all.filter((node) => node.status === only);
  return (
    <Page title="Nodes">
      {!loaded && all.length === 0 && <Loading what="the nodes" />}
      {loaded && all.length === 0 && <JoinHelp />}
      {all.length > 0 && (
        <>
          <p role="status" class="visually-hidden">
            {all.filter((node) => node.status === 'ok').length} of {count(all.length, 'node')} ok
          </p>
          <Summary nodes={all} />
          <Filter nodes={all} only={only} onChange={setOnly} />
          <NodeTable nodes={shown} />
          <GossipKeyLine />
        </>
      )}
    </Page>
  );
}

function Summary({ nodes }: { nodes: readonly NodeView[] }): JSX.Element {
  const status = useStore(cluster, (state) => state.status);
  const rollouts = useStore(cluster, (state) => state.rollouts);
  const newest = useStore(cluster, (state) => state.newest);
  const rollout = [...rollouts.values()].sort((a, b) => b.revision - a.revision)[0];
  const fine = nodes.filter((node) => node.status === 'ok').length;
  const underWay = nodes.filter((node) => node.status === 'converging').length;
  const services = nodes.flatMap((node) => node.services);
  const known = nodes.filter((node) => node.connected).flatMap((node) => node.services);
  const healthy = known.filter((service) => service.health === 'healthy').length;
  const sites = new Set(nodes.map((node) => node.site)).size;
  return (
    <dl class="tiles">
      <Tile
        name="Nodes ok"
        tone={fine === nodes.length ? 'good' : fine + underWay === nodes.length ? 'busy' : 'bad'}
        value={`${fine} / ${nodes.length}`}
        note={count(sites, 'site')}
      />
      <Tile
        name="Services healthy"
        tone={services.length === 0 ? 'quiet' : healthy === services.length ? 'good' : 'bad'}
        value={services.length === 0 ? '–' : `${healthy} / ${services.length}`}
        note={
          services.length === 0
            ? 'no service yet'
            : count(new Set(services.map(({ service }) => service)).size, 'service')
        }
      />
      <Tile
        name="Revision"
        tone="quiet"
        value={newest === null ? '–' : <Link to={`/revisions/${newest.number}`}>{newest.number}</Link>}
        note={
          newest === null ? (
            <Link to="/apply">apply the first</Link>
          ) : (
            revisionNote(newest.status, newest.number, status?.revision.running)
          )
        }
      />
      <Tile
        name="Last rollout"
        tone="quiet"
        value={
          rollout === undefined ? '–' : <Link to={`/rollouts/${rollout.revision}`}>{rollout.revision}</Link>
        }
        note={rollout === undefined ? 'none yet' : <RolloutBadge status={rollout.status} />}
      />
    </dl>
  );
}

function revisionNote(status: string, newest: number, running: number | undefined): string {
  if (status === 'failed' && running !== undefined && running !== newest) return `failed; ${running} runs`;
  return status === 'rolling-out' ? 'rolling out' : status;
}

function Tile(props: {
  name: string;
  tone: string;
  value: JSX.Element | string;
  note: JSX.Element | string;
}): JSX.Element {
  return (
    <div class={`tile tone-${props.tone}`}>
      <dt>{props.name}</dt>
      <dd class="tile-value">{props.value}</dd>
      <dd class="tile-note">{props.note}</dd>
    </div>
  );
}

interface FilterProps {
  readonly nodes: readonly NodeView[];
  readonly only: NodeView['status'] | undefined;
  readonly onChange: (only: NodeView['status'] | undefined) => void;
}

/** The states that occur, with their numbers; offered once there is more than one of them. */
function Filter({ nodes, only, onChange }: FilterProps): JSX.Element | null {
  const states = urgency.filter((status) => nodes.some((node) => node.status === status));
  if (states.length < 2 && only === undefined) return null;
  return (
    <fieldset class="filter">
      <legend class="visually-hidden">Show nodes by status</legend>
      <button
        type="button"
        class="chip"
        aria-pressed={only === undefined}
        onClick={() => onChange(undefined)}
      >
        all <span class="chip-count">{nodes.length}</span>
      </button>
      {states.map((status) => (
        <button
          key={status}
          type="button"
          class="chip"
          aria-pressed={only === status}
          title={nodeLook(status).meaning}
          onClick={() => onChange(only === status ? undefined : status)}
        >
          <NodeBadge status={status} />{' '}
          <span class="chip-count">{nodes.filter((node) => node.status === status).length}</span>
        </button>
      ))}
    </fieldset>
  );
}
