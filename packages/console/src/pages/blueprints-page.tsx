import type { AddedBlueprint, BlueprintView, Problem } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { UploadBlueprint } from '../blueprints/upload-blueprint.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { blueprintPath } from '../state/router.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { ErrorNotice, Notice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { Badge, newestBlueprint } from '../ui/status.js';
import { type Column, Table } from '../ui/table.js';

/** Every version of every blueprint that specs can name. */
export function BlueprintsPage({ user }: PageProps): JSX.Element {
  const changes = useStore(cluster, (state) => state.revisionEvents);
  const { data, error, reload } = useQuery((signal) => call('blueprint.list', {}, signal), [changes]);
  const [uploading, setUploading] = useState(false);
  const [added, setAdded] = useState<AddedBlueprint>();
  const close = (result?: AddedBlueprint) => {
    setUploading(false);
    setAdded(result);
    if (result !== undefined) reload();
  };
  return (
    <Page
      title="Blueprints"
      {...(may(user.role, 'admin')
        ? {
            actions: (
              <button type="button" class="button primary" onClick={() => setUploading(true)}>
                Upload …
              </button>
            ),
          }
        : {})}
    >
      <p class="lead muted">
        What services are made of. A spec names one as <code>blueprint: NAME</code>, for its newest version,
        or as <code>NAME@VERSION</code>.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      {added !== undefined && <Added result={added} />}
      {data === undefined && error === undefined && <Loading what="the blueprints" />}
      {data !== undefined && data.problems.length > 0 && <Problems problems={data.problems} />}
      {data !== undefined && data.blueprints.length === 0 && (
        <p class="empty">The controller knows no blueprint.</p>
      )}
      {data !== undefined && data.blueprints.length > 0 && (
        <Table
          caption="Blueprints by name and version"
          columns={columns}
          rows={data.blueprints}
          rowKey={({ name, version }) => `${name}@${version}`}
        />
      )}
      {uploading && <UploadBlueprint onClose={close} />}
    </Page>
  );
}

function Added({ result: { blueprint, added } }: { result: AddedBlueprint }): JSX.Element {
  const name = `${blueprint.name}@${blueprint.version}`;
  return (
    <div role="status">
      <Notice
        tone="good"
        title={added ? `${name} is there.` : `${name} was there already, with this very content.`}
      >
        {blueprint.note !== '' && <p>{blueprint.note}</p>}
        <p>
          <Link to={blueprintPath(name)}>Look at it</Link>
        </p>
      </Notice>
    </div>
  );
}

function Problems({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return (
    <Notice
      tone="bad"
      title="Blueprints on the controller’s disk have faults: no spec can be applied until they are mended."
    >
      <ul class="problems">
        {problems.map(({ message, path }) => (
          <li key={`${path}${message}`}>{message}</li>
        ))}
      </ul>
    </Notice>
  );
}

const columns: readonly Column<BlueprintView>[] = [
  {
    heading: 'Blueprint',
    kind: 'name',
    cell: ({ name, version }) => <Link to={blueprintPath(`${name}@${version}`)}>{name}</Link>,
  },
  {
    heading: 'Version',
    kind: 'status',
    class: 'cell-version',
    cell: ({ version, newest }) => (
      <>
        <span class="version">{version}</span> {newest && <Badge shown={newestBlueprint} />}
      </>
    ),
  },
  { heading: 'Source', cell: ({ source }) => source },
  {
    heading: 'Used by',
    cell: ({ usedBy }) => (usedBy.length === 0 ? <span class="muted">nothing</span> : usedBy.join(', ')),
  },
  {
    heading: 'What it is',
    kind: 'text',
    class: 'cell-meaning',
    cell: ({ description, note }) => (
      <>
        {description}
        {note !== '' && <span class="hint">{note}</span>}
      </>
    ),
  },
];
