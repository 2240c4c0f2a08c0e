import type { JSX } from 'preact';
import { Link } from './link.js';
import { Section } from './page.js';
import { Scrollable } from './scrollable.js';

/** What to do while there is no node. */
export function JoinHelp(): JSX.Element {
  return (
    <Section title="No node has joined yet" class="join">
      <ol class="how">
        <li>
          <p>
            Make a join token, here on the page <Link to="/tokens">Tokens</Link> or on the controller’s host:
          </p>
          <pre class="snippet">shoal token create</pre>
        </li>
        <li>
          <p>
            On the host that shall join, name the controller and the token in{' '}
            <code>/etc/shoal/agent.yaml</code>:
          </p>
          <AgentSnippet token="shoal1.…" />
        </li>
        <li>
          <p>Start the agent. It enrols once and then appears here by itself.</p>
          <pre class="snippet">systemctl enable --now shoal-agent</pre>
        </li>
      </ol>
    </Section>
  );
}

/** The lines of agent.yaml that join a host to this cluster. */
export function agentYaml(token: string): string {
  return `cluster:\n  controller: ${window.location.hostname}:9898\n  token: ${token}\n`;
}

export function AgentSnippet({ token }: { token: string }): JSX.Element {
  return (
    <Scrollable class="snippet" label="Lines for agent.yaml">
      {agentYaml(token)}
    </Scrollable>
  );
}
