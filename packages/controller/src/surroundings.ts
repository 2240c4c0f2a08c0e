import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatAddress, parseAddress } from '@shoal/common';
import type { ControllerConfig } from './config.js';

/** The built console: the repository's own where this runs from it, else where packages put it; undefined when there is none. */
export function consoleDirectory(): string | undefined {
  const candidates = [
    fileURLToPath(new URL('../../console/dist', import.meta.url)),
    '/usr/share/shoal/console',
  ];
  return candidates.find((directory) => existsSync(join(directory, 'index.html')));
}

/** Whether only this host can reach the address (host:port). */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address);
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** The address under which the `shoal` command reaches the gRPC door. */
export function commandAddress(config: ControllerConfig, bound: string): string {
  const { host, port } = parseAddress(bound);
  const [advertised] = config.grpc.advertise;
  if (advertised !== undefined) return formatAddress({ host: parseAddress(advertised, port).host, port });
  return formatAddress({ host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port });
}
