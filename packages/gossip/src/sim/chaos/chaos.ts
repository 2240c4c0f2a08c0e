import type { GossipConfig } from '../../core/index.js';
import { pickSome } from '../../core/random.js';
import type { Bounds } from '../invariants/bounds.js';
import type { Detection } from '../invariants/deaths.js';
import type { Violation } from '../invariants/violation.js';
import { Watch } from '../invariants/watch.js';
import { World } from '../world.js';
import { FaultDriver } from './fault-driver.js';
import { describeFault } from './faults.js';
import { type ChaosPlan, type ChaosSize, firstNames, planChaos } from './plan.js';
import { Trace } from './trace.js';

/** How a run of chaos is played and judged. */
export interface ChaosOptions extends Partial<ChaosSize> {
  /** Overrides of the protocol's parameters. */
  readonly config?: Partial<GossipConfig>;
  /** Bounds to judge by instead of those that follow from the parameters. */
  readonly bounds?: Partial<Bounds>;
  /** `bytes` lets all go through its encoding. Default `objects`. */
  readonly mode?: 'bytes' | 'objects';
  /** Does something to the world before it begins; for tests of the judge itself. */
  readonly sabotage?: (world: World) => void;
}

/** What came of one run. */
export interface ChaosResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly faults: number;
  readonly detections: readonly Detection[];
  /** What was judged by. */
  readonly bounds: Bounds;
  /** From the end of all faults until all views were the truth, virtual ms. */
  readonly convergedMs: number;
  readonly virtualMs: number;
  /** Datagrams sent. */
  readonly packets: number;
  /** The same for each play of the seed. */
  readonly fingerprint: number;
  readonly trace: Trace;
  /** What the trace said, just before the first violation, of the nodes that it is about. */
  readonly beforeViolation: readonly string[];
}

/** Defaults: 50 nodes, a minute of faults. */
export const CHAOS_SIZE: ChaosSize = { nodes: 50, faultsMs: 60_000 };

/** Time for all nodes to join before the first fault, virtual ms. */
const FORM_MS = 5000;

/** After the views are the truth, they have to stay it for so long, virtual ms. */
const STABLE_MS = 10_000;

/** Lines of the trace that tell how a violation came about. */
const LINES_BEFORE = 60;

/** Greatest error of clocks. */
const CLOCK_DRIFT = 0.01;

/** Plays one run: a cluster forms, faults strike by the seed's plan, all is healed, the views have to converge, and a last crash has to be found. */
export function playChaos(seed: number, options: ChaosOptions = {}): ChaosResult {
  const size = { ...CHAOS_SIZE, ...options };
  const plan = planChaos(seed, size);
  const world = worldOf(plan, options);
  const trace = new Trace(world);
  // Read at once: many violations in a row push all that came before them out of sight.
  let beforeViolation: readonly string[] | undefined;
  const watch = new Watch(world, {
    ...(options.bounds && { bounds: options.bounds }),
    onViolation: (violation) => {
      beforeViolation ??= linesAbout(violation, trace);
      trace.note(`BROKEN: ${violation.invariant}`);
    },
  });
  options.sabotage?.(world);
  const site = (name: string): string => `site ${Number(name.slice(1)) % plan.sites}`;
  const driver = new FaultDriver(
    world,
    watch,
    (name) => ({ site: site(name) }),
    (text) => trace.note(text),
  );
  for (const name of firstNames(size.nodes)) driver.start(name);
  world.run(FORM_MS);
  for (const fault of plan.faults) driver.schedule(fault, () => trace.note(describeFault(fault)));
  world.run(size.faultsMs);
  driver.heal();
  trace.note('all faults have ended');
  const convergedMs = watch.converge();
  trace.note(`all views are the truth after ${convergedMs / 1000} s`);
  if (watch.isConverged()) {
    world.run(STABLE_MS);
    watch.checkViews('after it had been the truth');
    watch.checkDrained();
    crashLast(world, watch, trace);
  }
  const { violations, detections, bounds } = watch;
  const { now: virtualMs, packets, fingerprint } = world;
  return {
    ...{ seed, violations, faults: plan.faults.length, detections, bounds, convergedMs },
    ...{ virtualMs, packets, fingerprint, trace, beforeViolation: beforeViolation ?? [] },
  };
}

function linesAbout({ observer, subject }: Violation, trace: Trace): string[] {
  return trace.lines({ nodes: [observer, subject].flatMap((name) => name ?? []), last: LINES_BEFORE });
}

/** What the cluster went through mustn't have made it blind: it still finds a crash in time. */
function crashLast(world: World, watch: Watch, trace: Trace): void {
  const running = [...world.nodes].filter((node) => node.running);
  const [victim] = pickSome(world.random, running, 1, () => true);
  if (victim === undefined || running.length < 2) return;
  trace.note(`${victim.name} crashes after all has healed`);
  victim.vanish();
  world.run(watch.bounds.deathMs + 1);
  watch.checkViews('after the last crash');
}

function worldOf(plan: ChaosPlan, options: ChaosOptions): World {
  const { seed, link, farMs, sites } = plan;
  const { config, mode = 'objects' } = options;
  const world = new World({
    ...{ ...link, seed, mode, record: false, clockDrift: CLOCK_DRIFT },
    ...(config && { config }),
  });
  for (let a = 0; a < sites; a++) {
    for (let b = 0; b < sites; b++) {
      if (a !== b && farMs !== undefined)
        world.network.setLink(`site ${a}`, `site ${b}`, { ...link, latencyMs: [farMs, farMs * 1.5] });
    }
  }
  return world;
}
