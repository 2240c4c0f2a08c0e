import { runUntilSignal } from '@shoal/common';
import { Agent } from './agent.js';
import { type AgentConfig, type AgentConfigSources, readAgentConfig } from './config.js';

export type { AgentConfig, AgentConfigSources } from './config.js';
export type { AgentStatus } from './local-api/status.js';

/** An agent that runs in this process. */
export interface RunningAgent {
  readonly config: AgentConfig;
  /** Logs that SIGHUP came, and goes on. */
  hangUp(): void;
  /** Leaves the gossip, stops child processes, releases the data directory. */
  stop(): Promise<void>;
}

/** Reads the configuration and starts the agent. Resolves when everything local runs; enrolling and linking go on in the background. Throws ShoalError. */
export async function startAgent(options: AgentConfigSources): Promise<RunningAgent> {
  return await Agent.start(await readAgentConfig(options));
}

/** `shoal agent run`: runs the agent until SIGTERM or SIGINT, then stops it gracefully; a second signal ends at once. SIGHUP is logged. Throws ShoalError when it can't start. */
export async function runAgent(options: AgentConfigSources): Promise<void> {
  await runUntilSignal(
    () => startAgent(options),
    async (agent) => agent.hangUp(),
  );
}
