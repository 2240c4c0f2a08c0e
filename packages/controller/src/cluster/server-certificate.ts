import { hostname, networkInterfaces } from 'node:os';
import { type CertificateAuthority, type Logger, parseAddress } from '@shoal/common';

/** A server's certificate in force. `certificatePem` holds the CA too. */
export interface ServerIdentity {
  readonly certificatePem: string;
  /** A secret. */
  readonly keyPem: string;
  /** ms since the epoch. */
  readonly notAfter: number;
}

const dayMs = 86_400_000;
const checkIntervalMs = 3_600_000;
const wildcards = new Set(['0.0.0.0', '::']);

/** Names under which a server that listens at `listen` may be dialed: those advertised, its own, and the host's when it listens everywhere. */
export function hostsOf(listen: readonly string[], advertise: readonly string[]): string[] {
  const hosts = new Set<string>(advertise.map((address) => parseAddress(address, 0).host));
  const bound = listen.map((address) => parseAddress(address, 0).host);
  for (const host of bound) if (!wildcards.has(host)) hosts.add(host);
  if (bound.some((host) => wildcards.has(host))) {
    hosts.add(hostname());
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) hosts.add(address.split('%')[0] ?? address);
    }
  }
  hosts.add('localhost');
  hosts.add('127.0.0.1');
  return [...hosts];
}

/**
 * The controller's own server certificate: issued at each start (the CA is at hand), renewed in the running process once two thirds of its life have
 * passed. Servers take the new one by `onRenewed`.
 */
export class ServerCertificate {
  readonly #authority: CertificateAuthority;
  readonly #hosts: readonly string[];
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #listeners: ((identity: ServerIdentity) => void)[] = [];
  #current: ServerIdentity;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: ServerCertificateOptions, first: ServerIdentity) {
    this.#authority = options.authority;
    this.#hosts = options.hosts;
    this.#ttlMs = options.ttlMs;
    this.#now = options.now;
    this.#logger = options.logger;
    this.#current = first;
  }

  static async issue(options: ServerCertificateOptions): Promise<ServerCertificate> {
    const certificate = new ServerCertificate(options, await issue(options));
    certificate.#timer = setInterval(() => void certificate.renewWhenDue(), checkIntervalMs).unref();
    return certificate;
  }

  get current(): ServerIdentity {
    return this.#current;
  }

  onRenewed(listener: (identity: ServerIdentity) => void): void {
    this.#listeners.push(listener);
  }

  /** Renews when a third of the life or less is left. A failure is logged and tried again in an hour. */
  async renewWhenDue(): Promise<void> {
    if (this.#current.notAfter - this.#now() > this.#ttlMs / 3) return;
    try {
      this.#current = await issue({
        authority: this.#authority,
        hosts: this.#hosts,
        ttlMs: this.#ttlMs,
        now: this.#now,
      });
    } catch (error) {
      this.#logger.error({ err: error }, 'server certificate not renewed');
      return;
    }
    this.#logger.info(
      { notAfter: new Date(this.#current.notAfter).toISOString() },
      'server certificate renewed',
    );
    for (const listener of this.#listeners) listener(this.#current);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** What a server certificate is made of. */
export interface ServerCertificateOptions {
  readonly authority: CertificateAuthority;
  /** Host names and IP addresses that it is for. */
  readonly hosts: readonly string[];
  readonly ttlMs: number;
  readonly now: () => number;
  readonly logger: Logger;
}

async function issue({
  authority,
  hosts,
  ttlMs,
  now,
}: Omit<ServerCertificateOptions, 'logger'>): Promise<ServerIdentity> {
  return authority.issueServer({ hosts, days: ttlMs / dayMs, now: now() });
}
