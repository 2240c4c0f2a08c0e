import { createStore, type Store } from './store.js';

/** The address that is shown. */
export interface Location {
  readonly path: string;
  readonly query: URLSearchParams;
}

const read = (): Location => ({
  path: window.location.pathname,
  query: new URLSearchParams(window.location.search),
});

export const location: Store<Location> = createStore(read());

/** Shows another page of the console. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  location.set(read());
  window.scrollTo(0, 0);
}

window.addEventListener('popstate', () => location.set(read()));

/** The parameters of `path` when it fits `pattern` (`/nodes/:name`), decoded; undefined when it doesn't. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/');
  const found = path.replace(/\/$/, '').split('/');
  if (wanted.length !== found.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = found[index] ?? '';
    if (segment.startsWith(':')) {
      try {
        params[segment.slice(1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    } else if (segment !== value) return undefined;
  }
  return params;
}

/** A name in an address. Dots are encoded: a server takes an address that ends like a file name for a file. */
const segment = (name: string) => encodeURIComponent(name).replaceAll('.', '%2E');

/** Address of a node's page. */
export function nodePath(name: string): string {
  return `/nodes/${segment(name)}`;
}

/** Address of a blueprint's page; `name` with or without its version. */
export function blueprintPath(name: string): string {
  return `/blueprints/${segment(name)}`;
}
