import type { GatePolicy, ManifestService, MemberView, NodeReport } from '@shoal/common';
import type { TrafficReader, TrafficWindow } from '../../observe/traffic/window.js';
import type { TestHost, Toy } from '../harness.test.support.js';
import { manifestOf, member, startHost, toyService, until } from '../harness.test.support.js';

type Case = { testdir(): string; teardown(f: () => unknown): void };

/** Another member of the cluster, with these tags. */
export function other(svc = 'toy:h', drain = ''): MemberView {
  return { ...member('two', '127.41.0.2'), tags: { svc, ...(drain === '' ? {} : { drain }) } };
}

/** What the test says that the service's traffic is. */
export class FakeTraffic implements TrafficReader {
  /** Of the minute before a change; undefined: not known. */
  before: TrafficWindow | undefined;
  after: TrafficWindow = { ms: 0, requests: 0, errors: 0, latency: [] };
  seen: number | undefined;
  /** The stretches that were asked for. */
  readonly asked: { readonly since: number; readonly until: number }[] = [];

  /** The window before a change is asked for a minute, that after it for less. */
  window(_service: string, since: number, until: number): TrafficWindow | undefined {
    this.asked.push({ since, until });
    return until - since >= 60_000 ? this.before : this.after;
  }

  lastSeen(): number | undefined {
    return this.seen;
  }
}

/** A converger with traffic that the test makes up, and another member beside it. */
export interface Scene {
  readonly host: TestHost;
  readonly traffic: FakeTraffic;
  readonly directory: string;
  readonly url: string;
  /** A toy that drains, and restarts with each new body. */
  service(body: string, more?: Partial<Toy>, drain?: ManifestService['drain']): ManifestService;
  /** What `report().draining` was at each step event, as `step:kind draining`. */
  told(): string[];
}

/** Makes one; `port`: where its toy listens on 127.41.0.1. */
export async function scene(t: Case, port: number, members: MemberView[] = [other()]): Promise<Scene> {
  const directory = t.testdir();
  const traffic = new FakeTraffic();
  const host = await startHost(t, {
    dataDir: `${directory}/data`,
    traffic,
    address: '127.41.0.1',
    members: [member('one', '127.41.0.1'), ...members],
  });
  return {
    host,
    traffic,
    directory,
    url: `http://127.41.0.1:${port}/`,
    service: (body, more = {}, drain = { quiet: '20ms', settle: '50ms', timeout: '10s' }) =>
      drainingToy({ directory, port, body, address: '127.41.0.1', ...more }, drain),
    told: () => host.kinds().filter((kind) => /^(drain|gate|health|run|remove|config):/.test(kind)),
  };
}

/** A toy that drains and knows no reload. */
export function drainingToy(toy: Toy, drain: ManifestService['drain'] = {}): ManifestService {
  const service = toyService(toy);
  const { reloadSignal: _, ...process } = service.process;
  return { ...service, process, drain };
}

const quick: GatePolicy = { observeMs: 600 };

/** 6000 good requests in a minute. */
export const goodMinute: TrafficWindow = { ms: 60_000, requests: 6000, errors: 0, latency: [] };

/** Offers with a policy of the gate, and waits for the outcome. */
export async function change(
  s: Scene,
  revision: number,
  services: ManifestService[],
  gate: GatePolicy = quick,
): Promise<NodeReport> {
  const manifest = manifestOf(revision, ...services);
  s.host.events.length = 0;
  const hash = s.host.offer(manifest, false, gate);
  return until('the outcome', () => {
    const report = s.host.converger.report();
    const ended = report.state === 'IDLE' || report.state === 'FAILED';
    return ended && [report.runningHash, report.failedHash].includes(hash) ? report : undefined;
  });
}
