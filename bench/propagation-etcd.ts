import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CertificateAuthority } from '@shoal/common';
import { type EtcdClient, etcdClient } from './etcd-client.js';
import { freePort } from './free-port.js';
import { type ProcessSample, sampleProcess } from './processes.js';
import type { TlsFiles } from './propagation-messages.js';

const address = '127.97.2.1';

/** One etcd with mutual TLS, its data on disk. */
export class Etcd {
  readonly #child: ChildProcess;
  readonly client: EtcdClient;
  readonly endpoint: string;
  readonly tls: TlsFiles;

  private constructor(child: ChildProcess, endpoint: string, tls: TlsFiles) {
    this.#child = child;
    this.endpoint = endpoint;
    this.tls = tls;
    this.client = etcdClient(endpoint, tls);
  }

  static async start(directory: string): Promise<Etcd> {
    const [client, peer] = await Promise.all([freePort(address), freePort(address)]);
    const tls = await certificates(directory);
    const endpoint = `${address}:${client}`;
    const flags = [
      `--data-dir=${directory}/etcd`,
      `--listen-client-urls=https://${endpoint}`,
      `--advertise-client-urls=https://${endpoint}`,
      `--listen-peer-urls=http://${address}:${peer}`,
      `--cert-file=${directory}/etcd.crt`,
      `--key-file=${directory}/etcd.key`,
      '--client-cert-auth',
      `--trusted-ca-file=${directory}/etcd-ca.crt`,
      '--logger=zap',
      '--log-level=error',
    ];
    const child = spawn('etcd', flags, { stdio: 'ignore' });
    const etcd = new Etcd(child, endpoint, tls);
    for (let tries = 0; ; tries += 1) {
      try {
        await etcd.client.put('ready', Buffer.from('1'));
        return etcd;
      } catch (error) {
        if (tries < 100 && child.exitCode === null) await delay(100);
        else {
          child.kill('SIGKILL');
          throw error;
        }
      }
    }
  }

  /** Memory and processor time so far. */
  sample(): ProcessSample {
    return sampleProcess(this.#child.pid ?? 0);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** The version that is installed. */
export function etcdVersion(): string {
  return /Version: (\S+)/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
}

async function certificates(directory: string): Promise<TlsFiles> {
  const now = Date.now();
  const ca = await CertificateAuthority.create({ clusterName: 'etcd', now });
  const server = await ca.issueServer({ hosts: [address], days: 1 });
  const client = await ca.issueOperator({ clusterId: 'etcd', name: 'watcher', role: 'viewer', days: 1 });
  await writeFile(join(directory, 'etcd.crt'), server.certificatePem);
  await writeFile(join(directory, 'etcd.key'), server.keyPem, { mode: 0o600 });
  await writeFile(join(directory, 'etcd-ca.crt'), ca.certificatePem);
  return { ca: ca.certificatePem, key: client.keyPem, certificate: client.certificatePem };
}
