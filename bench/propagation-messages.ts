/** Who connects to etcd, and how it is trusted; PEM. */
export interface TlsFiles {
  readonly ca: string;
  readonly key: string;
  readonly certificate: string;
}

/** What a worker of the propagation benchmark is asked for. */
export type WorkerRequest =
  /** Enrolls these nodes and opens their links; answered once all stand. */
  | {
      readonly kind: 'link';
      readonly controller: string;
      readonly token: string;
      readonly nodes: readonly string[];
    }
  /** Opens as many watches of a key; answered once all stand. */
  | {
      readonly kind: 'watch';
      readonly endpoint: string;
      readonly key: string;
      readonly watchers: number;
      readonly tls: TlsFiles;
    }
  /** What arrived since it was asked last. */
  | { readonly kind: 'collect' };

/** That a change arrived at one node or watcher. */
export interface Arrival {
  readonly name: string;
  /** The revision, or the version of the key. */
  readonly revision: number;
  /** ms since the epoch, with fractions: of a node once the manifest's signature and hash were verified. */
  readonly at: number;
}

/** A worker's answer to each request. */
export interface WorkerAnswer {
  readonly arrivals: readonly Arrival[];
  /** Bytes of the signed manifest that a node was offered last. */
  readonly manifestBytes?: number;
  readonly error?: string;
}
