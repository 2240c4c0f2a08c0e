import { type ClientDuplexStream, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { controllerServerName } from '@shoal/common';
import type { TlsFiles } from './propagation-messages.js';

const file = new URL('../etcd.proto', import.meta.url).pathname;

type Stub = new (
  address: string,
  ssl: ReturnType<typeof credentials.createSsl>,
  options: Record<string, string | number>,
) => {
  Put(
    request: { key: Buffer; value: Buffer },
    options: { deadline: Date },
    callback: (error: Error | null) => void,
  ): void;
  Watch(): ClientDuplexStream<unknown, unknown>;
  close(): void;
};

const { etcdserverpb } = loadPackageDefinition(
  loadSync(file, { longs: String, defaults: true }),
) as unknown as {
  etcdserverpb: { KV: Stub; Watch: Stub };
};

/** What the benchmark asks etcd for. */
export interface EtcdClient {
  /** Resolves once it is stored. */
  put(key: string, value: Buffer): Promise<void>;
  watch(): ClientDuplexStream<unknown, unknown>;
}

/** A client with a connection of its own, by a certificate. */
export function etcdClient(endpoint: string, tls: TlsFiles): EtcdClient {
  const pems = [tls.ca, tls.key, tls.certificate].map((pem) => Buffer.from(pem));
  const ssl = credentials.createSsl(...(pems as [Buffer, Buffer, Buffer]));
  const options = {
    // etcd's certificate in the benchmark is issued as a controller's is.
    'grpc.ssl_target_name_override': controllerServerName,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
  };
  const kv = new etcdserverpb.KV(endpoint, ssl, options);
  const watch = new etcdserverpb.Watch(endpoint, ssl, options);
  return {
    put: (key, value) =>
      new Promise((resolve, reject) => {
        const deadline = new Date(Date.now() + 10_000);
        kv.Put({ key: Buffer.from(key), value }, { deadline }, (error) =>
          error === null ? resolve() : reject(error),
        );
      }),
    watch: () => watch.Watch(),
  };
}
