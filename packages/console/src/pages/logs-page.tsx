import type { JSX } from 'preact';
import { LogPanel } from '../logs/log-panel.js';
import type { PageProps } from '../shell.js';
import { Page } from '../ui/page.js';

/** The log lines of the whole cluster, live. */
export function LogsPage(_: PageProps): JSX.Element {
  return (
    <Page title="Logs">
      <LogPanel />
    </Page>
  );
}
