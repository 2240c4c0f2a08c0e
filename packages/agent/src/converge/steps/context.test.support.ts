import type { Supervisor } from '../../supervise/supervisor.js';
import { systemClock } from '../clock.js';
import { runCommand } from '../command.js';
import { probeHealth } from '../health.js';
import type { RenderedService } from '../render/rendered.js';
import type { StepContext } from './handler.js';

/** What a step works with in a test: the host itself, but for what is given. */
export function testContext(given: Partial<StepContext> & Pick<StepContext, 'directory'>): StepContext {
  return {
    service: { name: 'web', steps: [] as RenderedService['steps'] } as RenderedService,
    ask: runCommand,
    run: runCommand,
    supervisor: {} as Supervisor,
    probe: probeHealth,
    clock: systemClock,
    signal: new AbortController().signal,
    guard: { dataDir: '/var/lib/shoal', own: '/var/lib/shoal/services/web' },
    output: () => {},
    applied: undefined,
    saveApplied: async () => {},
    ...given,
  };
}
