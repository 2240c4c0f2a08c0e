import type { TokenView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { clock } from '../state/clock.js';
import { useStore } from '../state/store.js';
import { Answer } from '../ui/answer.js';
import { NewToken } from '../ui/new-token.js';
import { Page } from '../ui/page.js';
import { RemovalDialog } from '../ui/removal-dialog.js';
import { WordBadge } from '../ui/status.js';
import { type Column, Table } from '../ui/table.js';
import { Time } from '../ui/text.js';

/** Join tokens: made, listed, revoked. */
export function TokensPage(_: PageProps): JSX.Element {
  const minute = useStore(clock, (now) => Math.floor(now / 30_000));
  const query = useQuery((signal) => call('token.list', {}, signal), [minute]);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<TokenView>();
  const close = () => {
    setCreating(false);
    setRevoking(undefined);
    query.reload();
  };
  return (
    <Page
      title="Join tokens"
      actions={
        <button type="button" class="button primary" onClick={() => setCreating(true)}>
          Create token …
        </button>
      }
    >
      <p class="lead muted">
        A host joins the cluster with a token. It is needed once: afterwards the agent has a certificate of
        its own, and outlives the token.
      </p>
      <Answer query={query} what="the tokens">
        {({ tokens }) => <Tokens tokens={tokens} onRevoke={setRevoking} />}
      </Answer>
      {creating && <NewToken onClose={close} />}
      {revoking !== undefined && <Revoke token={revoking} onClose={close} />}
    </Page>
  );
}

interface TokensProps {
  readonly tokens: readonly TokenView[];
  readonly onRevoke: (token: TokenView) => void;
}

const columns: readonly Column<TokenView>[] = [
  { heading: 'Token', kind: 'name', cell: ({ id }) => <code>{id}</code> },
  { heading: 'State', kind: 'status', cell: ({ state }) => <WordBadge word={state} /> },
  { heading: 'Uses left', cell: ({ usesLeft, uses }) => `${usesLeft} of ${uses}` },
  { heading: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  { heading: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { heading: 'By', cell: ({ createdBy }) => createdBy },
];

function Tokens({ tokens, onRevoke }: TokensProps): JSX.Element {
  if (tokens.length === 0) {
    return (
      <p class="empty">
        No token yet. Create one here, or on the controller’s host by <code>shoal token create</code>.
      </p>
    );
  }
  const revoke = (token: TokenView) =>
    token.state === 'active' && (
      <button type="button" class="button small" onClick={() => onRevoke(token)}>
        Revoke<span class="visually-hidden"> token {token.id}</span> …
      </button>
    );
  return (
    <Table
      caption="Join tokens, newest first"
      columns={[...columns, { heading: 'Actions', kind: 'actions', cell: revoke }]}
      rows={[...tokens].sort((a, b) => b.createdAt - a.createdAt)}
      rowKey={({ id }) => id}
    />
  );
}

function Revoke({ token, onClose }: { token: TokenView; onClose: () => void }): JSX.Element {
  const asking = useAsking();
  const revoke = () =>
    asking.run(async () => {
      await call('token.revoke', { id: token.id });
      onClose();
    });
  return (
    <RemovalDialog
      title={`Revoke the token ${token.id}?`}
      action="Revoke"
      asking={asking}
      remove={revoke}
      onClose={onClose}
    >
      <p>No host can join with it any more. Nodes that joined with it stay.</p>
    </RemovalDialog>
  );
}
