import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { User } from './api/session.js';
import { cluster } from './state/cluster.js';
import { may } from './state/roles.js';
import { useStore } from './state/store.js';
import { theme, toggleTheme } from './state/theme.js';
import { Icon, Mark } from './ui/icon.js';
import { Link } from './ui/link.js';
import { UserMenu } from './ui/user-menu.js';

const sections = [
  { to: '/nodes', word: 'Nodes', role: 'viewer' },
  { to: '/logs', word: 'Logs', role: 'viewer' },
  { to: '/apply', word: 'Apply', role: 'operator' },
  { to: '/revisions', word: 'Revisions', role: 'viewer' },
  { to: '/rollouts', word: 'Rollouts', role: 'viewer' },
  { to: '/blueprints', word: 'Blueprints', role: 'viewer' },
  { to: '/secrets', word: 'Secrets', role: 'viewer' },
  { to: '/tokens', word: 'Tokens', role: 'admin' },
  { to: '/license', word: 'License', role: 'viewer' },
] as const;

/** The cluster's name and state, the sections, and the reader's own things. */
export function Header({ user, path }: { user: User; path: string }): JSX.Element {
  const status = useStore(cluster, (state) => state.status);
  const nav = useRef<HTMLElement>(null);
  // Where the sections don't fit they scroll: the one that is shown stays in view.
  useEffect(() => {
    const show = () => {
      const bar = nav.current;
      const current = bar?.querySelector<HTMLElement>('[aria-current]');
      if (bar && current) bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
    };
    show();
    window.addEventListener('resize', show);
    return () => window.removeEventListener('resize', show);
  }, [path]);
  return (
    <header class="header">
      <div class="header-cluster">
        <Link to="/nodes" class="brand">
          <Mark />
          <span class="visually-hidden">Shoal: </span>
          <span class="brand-name">{status?.clusterName ?? 'Shoal'}</span>
        </Link>
        {status !== null && (
          <Link to="/license" class={`tier tier-${status.license.status}`}>
            <span class="visually-hidden">License: </span>
            {status.tier}
          </Link>
        )}
        <ConnectionDot />
      </div>
      <nav class="nav" aria-label="Sections" ref={nav}>
        {sections
          .filter(({ role }) => may(user.role, role))
          .map(({ to, word }) => (
            <Link key={to} to={to} current={path.startsWith(to) || (to === '/nodes' && path === '/')}>
              {word}
            </Link>
          ))}
      </nav>
      <div class="header-own">
        <ThemeButton />
        <UserMenu user={user} />
      </div>
    </header>
  );
}

const connectionWords = { connecting: 'connecting', live: 'live', lost: 'disconnected' } as const;

function ConnectionDot(): JSX.Element {
  const kind = useStore(cluster, (state) => state.connection.kind);
  return (
    <span class={`connection connection-${kind}`} title="The live connection to the controller">
      <span class="connection-dot" aria-hidden="true" />
      {connectionWords[kind]}
    </span>
  );
}

function ThemeButton(): JSX.Element {
  const other = useStore(theme) === 'dark' ? 'light' : 'dark';
  const label = `Use the ${other} theme`;
  return (
    <button type="button" class="button quiet square" onClick={toggleTheme} aria-label={label} title={label}>
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
    </button>
  );
}
