import type { TokenView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { type Query, useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { clock } from '../state/clock.js';
import { useStore } from '../state/store.js';
import { Dialog } from '../ui/dialog.js';
import { NewToken } from '../ui/new-token.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { WordBadge } from '../ui/status.js';
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
      <Tokens query={query} onRevoke={setRevoking} />
      {creating && <NewToken onClose={close} />}
      {revoking !== undefined && <Revoke token={revoking} onClose={close} />}
    </Page>
  );
}

interface TokensProps {
  readonly query: Query<{ tokens: readonly TokenView[] }>;
  readonly onRevoke: (token: TokenView) => void;
}

function Tokens({ query: { data, error }, onRevoke }: TokensProps): JSX.Element {
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (data === undefined) return <Loading what="the tokens" />;
  if (data.tokens.length === 0) {
    return (
      <p class="empty">
        No token yet. Create one here, or on the controller’s host by <code>shoal token create</code>.
      </p>
    );
  }
  const tokens = [...data.tokens].sort((a, b) => b.createdAt - a.createdAt);
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">Join tokens, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">State</th>
            <th scope="col">Uses left</th>
            <th scope="col">Ends</th>
            <th scope="col">Created</th>
            <th scope="col">By</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <Row key={token.id} token={token} onRevoke={onRevoke} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ token, onRevoke }: { token: TokenView; onRevoke: (token: TokenView) => void }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <code>{token.id}</code>
      </th>
      <td class="cell-status">
        <WordBadge word={token.state} />
      </td>
      <td data-label="Uses left">
        {token.usesLeft} of {token.uses}
      </td>
      <td data-label="Ends">
        <Time at={token.expiresAt} />
      </td>
      <td data-label="Created">
        <Time at={token.createdAt} />
      </td>
      <td data-label="By">{token.createdBy}</td>
      <td class="cell-actions">
        {token.state === 'active' && (
          <button type="button" class="button small" onClick={() => onRevoke(token)}>
            Revoke<span class="visually-hidden"> token {token.id}</span> …
          </button>
        )}
      </td>
    </tr>
  );
}

function Revoke({ token, onClose }: { token: TokenView; onClose: () => void }): JSX.Element {
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const revoke = async () => {
    setBusy(true);
    try {
      await call('token.revoke', { id: token.id });
      onClose();
    } catch (thrown) {
      setError(ApiError.from(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Revoke the token ${token.id}?`} onClose={onClose} closable={!busy}>
      <p>No host can join with it any more. Nodes that joined with it stay.</p>
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={() => void revoke()} disabled={busy}>
          Revoke
        </button>
      </div>
    </Dialog>
  );
}
