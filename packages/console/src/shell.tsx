import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { User } from './api/session.js';
import { Header } from './header.js';
import { LicenseBanner } from './license/license-banner.js';
import { ApplyPage } from './pages/apply-page.js';
import { BlueprintPage } from './pages/blueprint-page.js';
import { BlueprintsPage } from './pages/blueprints-page.js';
import { LicensePage } from './pages/license-page.js';
import { LogsPage } from './pages/logs-page.js';
import { NodePage } from './pages/node-page.js';
import { NodesPage } from './pages/nodes-page.js';
import { NotFoundPage } from './pages/not-found-page.js';
import { RevisionPage } from './pages/revision-page.js';
import { RevisionsPage } from './pages/revisions-page.js';
import { RolloutPage } from './pages/rollout-page.js';
import { RolloutsPage } from './pages/rollouts-page.js';
import { SecretsPage } from './pages/secrets-page.js';
import { TokensPage } from './pages/tokens-page.js';
import { followCluster } from './state/cluster.js';
import { location, matchPath } from './state/router.js';
import { useStore } from './state/store.js';
import { ConnectionBanner } from './ui/connection-banner.js';
import { RolloutBanner } from './ui/rollout-banner.js';
import { Warnings } from './ui/warnings.js';

/** What a page is given: who looks, and the named parts of its address. */
export interface PageProps {
  readonly user: User;
  readonly params: Readonly<Record<string, string>>;
}

const routes: readonly (readonly [string, ComponentType<PageProps>])[] = [
  ['', NodesPage],
  ['/nodes', NodesPage],
  ['/nodes/:name', NodePage],
  ['/logs', LogsPage],
  ['/apply', ApplyPage],
  ['/revisions', RevisionsPage],
  ['/revisions/:number', RevisionPage],
  ['/rollouts', RolloutsPage],
  ['/rollouts/:revision', RolloutPage],
  ['/blueprints', BlueprintsPage],
  ['/blueprints/:name', BlueprintPage],
  ['/secrets', SecretsPage],
  ['/tokens', TokensPage],
  ['/license', LicensePage],
];

/** What surrounds every page once somebody is logged in; keeps the live connection. */
export function Shell({ user }: { user: User }): JSX.Element {
  const { path } = useStore(location);
  useEffect(() => {
    const abort = new AbortController();
    followCluster(abort.signal);
    return () => abort.abort();
  }, [user.name]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header user={user} path={path} />
      <ConnectionBanner />
      <LicenseBanner path={path} />
      <RolloutBanner path={path} />
      <Warnings />
      <CurrentPage path={path} user={user} />
    </>
  );
}

function CurrentPage({ path, user }: { path: string; user: User }): JSX.Element {
  for (const [pattern, Page] of routes) {
    const params = matchPath(pattern, path);
    if (params !== undefined) return <Page key={path} user={user} params={params} />;
  }
  return <NotFoundPage />;
}
