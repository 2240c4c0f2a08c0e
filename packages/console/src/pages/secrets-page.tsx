import type { SecretView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { count } from '../lib/format.js';
import { type Query, useQuery } from '../lib/use-query.js';
import { RemoveSecret } from '../secrets/remove-secret.js';
import { SetSecret } from '../secrets/set-secret.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { ErrorNotice, Notice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { WordBadge } from '../ui/status.js';
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
      <Secrets query={query} {...(maySet ? { onAsk: setAsked } : {})} />
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
  readonly query: Query<{ secrets: readonly SecretView[] }>;
  readonly onAsk?: (asked: Asked) => void;
}

function Secrets({ query: { data, error }, onAsk }: SecretsProps): JSX.Element {
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (data === undefined) return <Loading what="the secrets" />;
  if (data.secrets.length === 0) {
    return (
      <p class="empty">
        No secret yet. Set one here, or by <code>shoal secret set NAME</code>.
      </p>
    );
  }
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">Secrets by name</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Used by</th>
            <th scope="col">Set</th>
            <th scope="col">By</th>
            {onAsk !== undefined && (
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {data.secrets.map((secret) => (
            <Row key={secret.name} secret={secret} {...(onAsk === undefined ? {} : { onAsk })} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ secret, onAsk }: { secret: SecretView; onAsk?: (asked: Asked) => void }): JSX.Element {
  const { name, usedBy, isPending, createdAt, createdBy } = secret;
  return (
    <tr>
      <th scope="row">
        <code>{name}</code>
      </th>
      <td class="cell-status">
        <WordBadge word={isPending ? 'new value waits' : usedBy.length > 0 ? 'in use' : 'unused'} />
      </td>
      <td data-label="Used by">
        {usedBy.length === 0 ? (
          <span class="muted">nothing</span>
        ) : (
          usedBy.map(({ service, nodes }) => `${service} on ${count(nodes.length, 'node')}`).join(', ')
        )}
      </td>
      <td data-label="Set">
        <Time at={createdAt} />
      </td>
      <td data-label="By">{createdBy}</td>
      {onAsk !== undefined && (
        <td class="cell-actions">
          <button type="button" class="button small" onClick={() => onAsk({ kind: 'set', secret })}>
            New value<span class="visually-hidden"> of {name}</span> …
          </button>{' '}
          <button type="button" class="button small" onClick={() => onAsk({ kind: 'remove', secret })}>
            Remove<span class="visually-hidden"> {name}</span> …
          </button>
        </td>
      )}
    </tr>
  );
}
