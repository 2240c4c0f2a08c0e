import type { Manifest, NodeReport, StepDifference } from '@shoal/common';
import type {
  ConvergeListener,
  Converger,
  ObservedService,
  OfferOptions,
  RepairOutcome,
} from '../converge/converger.js';

/** A converger that does as it is told: an offer is in force at once. */
export class FakeConverger implements Converger {
  readonly offers: ({ manifest: Manifest; hash: string } & OfferOptions)[] = [];
  drained: readonly string[] = [];
  readonly listener: ConvergeListener;
  observing: readonly ObservedService[] = [];
  factsChanges = 0;
  stopped = false;
  current: NodeReport = { full: true, runningHash: '', runningRevision: 0, state: 'IDLE', services: [] };

  constructor(listener: ConvergeListener) {
    this.listener = listener;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.stopped = true;
  }

  offer(manifest: Manifest, hash: string, options: OfferOptions): void {
    this.offers.push({ manifest, hash, ...options });
    this.current = { ...this.current, runningHash: hash, runningRevision: manifest.revision };
    this.listener.reportChanged(this.current);
  }

  held(hash: string): Manifest | undefined {
    return this.offers.findLast((offer) => offer.hash === hash)?.manifest;
  }

  async check(manifest: Manifest): Promise<readonly StepDifference[]> {
    return manifest.services.map(({ name }) => ({ service: name, step: 'config', difference: '+ a line' }));
  }

  async repair(service: string): Promise<RepairOutcome> {
    return { repaired: [{ service, step: 'config' }], failure: null };
  }

  report(): NodeReport {
    return this.current;
  }

  draining(): readonly string[] {
    return this.drained;
  }

  async drain(services: readonly string[]): Promise<void> {
    this.drained = services;
    this.listener.reportChanged(this.current);
  }

  observed(): readonly ObservedService[] {
    return this.observing;
  }

  observe(services: readonly ObservedService[]): void {
    this.observing = services;
    this.listener.observedChanged(services);
  }

  factsChanged(): void {
    this.factsChanges += 1;
  }
}
