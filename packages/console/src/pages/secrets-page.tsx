import type { SecretView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { count } from '../lib/format.js';
import { useQuery } from '../lib/use-query.js';
import { RemoveSecret } from '../secrets/remove-secret.js';
import { SetSecret } from '../secrets/set-secret.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { Answer } from '../ui/answer.js';
import { Link } from '../ui/link.js';
import { Notice } from '../ui/notice.js';
import { Page } from '../ui/page.js';
import { WordBadge } from '../ui/status.js';
import { type Column, Table } from '../ui/table.js';
import { Time } from '../ui/text.js';

type Asked =
  | { readonly kind: 'set'; readonly secret: SecretView | undefined }
  | { readonly kind: 'remove'; readonly secret: SecretView };

/** Secrets by name: set, listed, removed; their values are on no page. */
export function SecretsPage({ user }: PageProps): JSX.Element {
  const changes = useStore(cluster, (state) => state.revisionEvents);
  const query = useQuery((signal) => call('secret.list', {}, signal), [changes]);
  const [asked, setAsked] = useState<Asked>();
  const maySet = may(user.role, 'operator');
  const close = (isChanged: boolean) => {
    setAsked(undefined);
    if (isChanged) query.reload();
  };
  const pending = query.data?.secrets.filter(({ isPending }) => isPending) ?? [];
  return (
    <Page
      title="Secrets"
      {...(maySet
        ? {
            actions: (
              <button
                type="button"
                class="button primary"
                onClick={() => setAsked({ kind: 'set', secret: undefined })}
              >
                Set a secret …
              </button>
            ),
          }
        : {})}
    >
      <p class="lead muted">
        Texts that specs refer to by name. They are sealed on the controller, and again for each node that
        uses them; nothing gives a value back.
      </p>
      {pending.length > 0 && (
        <Notice tone="warn" title={pendingWords(pending)}>
          <p>
            Nodes get {pending.length === 1 ? 'it' : 'them'} with the next applied spec, also an unchanged
            one. {maySet && <Link to="/apply">Apply</Link>}
          </p>
        </Notice>
      )}
      <Answer query={query} what="the secrets">
        {({ secrets }) => <Secrets secrets={secrets} {...(maySet ? { onAsk: setAsked } : {})} />}
      </Answer>
      {asked?.kind === 'set' && (
        <SetSecret secret={asked.secret} onClose={(set) => close(set !== undefined)} />
      )}
      {asked?.kind === 'remove' && (
        <RemoveSecret secret={asked.secret} onClose={(removed = false) => close(removed)} />
      )}
    </Page>
  );
}

function pendingWords(pending: readonly SecretView[]): string {
  const [first] = pending;
  return pending.length === 1
    ? `${first?.name} has a new value that no node has yet.`
    : `${pending.length} secrets have new values that no node has yet.`;
}

interface SecretsProps {
  readonly secrets: readonly SecretView[];
  readonly onAsk?: (asked: Asked) => void;
}

const columns: readonly Column<SecretView>[] = [
  { heading: 'Name', kind: 'name', cell: ({ name }) => <code>{name}</code> },
  {
    heading: 'State',
    kind: 'status',
    cell: ({ isPending, usedBy }) => (
      <WordBadge word={isPending ? 'new value waits' : usedBy.length > 0 ? 'in use' : 'unused'} />
    ),
  },
  {
    heading: 'Used by',
    cell: ({ usedBy }) =>
      usedBy.length === 0 ? (
        <span class="muted">nothing</span>
      ) : (
        usedBy.map(({ service, nodes }) => `${service} on ${count(nodes.length, 'node')}`).join(', ')
      ),
  },
  { heading: 'Set', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { heading: 'By', cell: ({ createdBy }) => createdBy },
];

function Secrets({ secrets, onAsk }: SecretsProps): JSX.Element {
  if (secrets.length === 0) {
    return (
      <p class="empty">
        No secret yet. Set one here, or by <code>shoal secret set NAME</code>.
      </p>
    );
  }
  const actions: readonly Column<SecretView>[] =
    onAsk === undefined ? [] : [{ heading: 'Actions', kind: 'actions', cell: actionsOf(onAsk) }];
  return (
    <Table
      caption="Secrets by name"
      columns={[...columns, ...actions]}
      rows={secrets}
      rowKey={({ name }) => name}
    />
  );
}

const actionsOf = (onAsk: (asked: Asked) => void) =>
  function Actions(secret: SecretView): JSX.Element {
    const { name } = secret;
    return (
      <>
        <button type="button" class="button small" onClick={() => onAsk({ kind: 'set', secret })}>
          New value<span class="visually-hidden"> of {name}</span> …
        </button>{' '}
        <button type="button" class="button small" onClick={() => onAsk({ kind: 'remove', secret })}>
          Remove<span class="visually-hidden"> {name}</span> …
        </button>
      </>
    );
  };
