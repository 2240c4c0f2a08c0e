import { once } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { etcdClient } from './etcd-client.js';
import { now } from './propagation-links.js';
import type { Arrival, WorkerRequest } from './propagation-messages.js';

interface WatchResponse {
  readonly created: boolean;
  readonly events: readonly { readonly kv: { readonly version: string; readonly value: Buffer } }[];
}

/** Watches of one key in etcd, each with a connection of its own. */
export class Watchers {
  readonly #options: Extract<WorkerRequest, { kind: 'watch' }>;
  readonly #arrivals: Arrival[] = [];

  constructor(options: Extract<WorkerRequest, { kind: 'watch' }>) {
    this.#options = options;
  }

  /** Resolves once every watch stands. */
  async open(): Promise<void> {
    const { endpoint, tls, key, watchers } = this.#options;
    for (let index = 0; index < watchers; index += 1) {
      const { watch } = etcdClient(endpoint, tls);
      const stream = watch() as ClientDuplexStream<unknown, WatchResponse>;
      const created = once(stream, 'data');
      stream.on('data', ({ events }: WatchResponse) => {
        for (const { kv } of events) {
          this.#arrivals.push({ name: String(index), revision: Number(kv.version), at: now() });
        }
      });
      stream.write({ createRequest: { key: Buffer.from(key) } });
      await created;
    }
  }

  /** What arrived since the last call. */
  collect(): Arrival[] {
    return this.#arrivals.splice(0);
  }
}
