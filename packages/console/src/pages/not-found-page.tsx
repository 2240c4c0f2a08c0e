import type { JSX } from 'preact';
import { Link } from '../ui/link.js';
import { Page } from '../ui/page.js';

export function NotFoundPage(): JSX.Element {
  return (
    <Page title="Nothing here">
      <p>
        The console has no page at this address. <Link to="/nodes">Go to the nodes</Link>
      </p>
    </Page>
  );
}
