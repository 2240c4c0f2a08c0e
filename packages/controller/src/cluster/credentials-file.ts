import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CertificateAuthority, writeFileAtomic } from '@shoal/common';

/** What lets the `shoal` command talk to this controller. */
export interface AdminCredentials {
  /** host:port of the controller's gRPC. */
  readonly server: string;
  readonly clusterId: string;
  readonly caPem: string;
  readonly certificatePem: string;
  /** A secret. */
  readonly keyPem: string;
}

const dayMs = 86_400_000;

async function read(path: string): Promise<AdminCredentials | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as AdminCredentials;
  } catch {
    // Missing or torn: it is written anew.
    return undefined;
  }
}

function isGood(
  present: AdminCredentials,
  wanted: Omit<AdminCredentials, 'certificatePem' | 'keyPem'>,
  ttlMs: number,
  now: number,
): boolean {
  if (
    present.server !== wanted.server ||
    present.clusterId !== wanted.clusterId ||
    present.caPem !== wanted.caPem
  )
    return false;
  try {
    return Date.parse(new X509Certificate(present.certificatePem).validTo) - now > ttlMs / 3;
  } catch {
    return false;
  }
}

/**
 * Keeps `<dataDir>/admin-credentials.json` (mode 0600): the administrator's client certificate for the `shoal` command. Written at the first
 * start, and again when the server's address changed or two thirds of the certificate's life have passed. Gives the path.
 */
export async function keepCredentialsFile(options: {
  dataDir: string;
  server: string;
  clusterId: string;
  authority: CertificateAuthority;
  ttlMs: number;
  now: number;
}): Promise<string> {
  const { dataDir, server, clusterId, authority, ttlMs, now } = options;
  const path = join(dataDir, 'admin-credentials.json');
  const wanted = { server, clusterId, caPem: authority.certificatePem };
  const present = await read(path);
  if (present !== undefined && isGood(present, wanted, ttlMs, now)) return path;
  const issued = await authority.issueOperator({
    clusterId,
    name: 'admin',
    role: 'admin',
    days: ttlMs / dayMs,
    now,
  });
  const credentials: AdminCredentials = {
    ...wanted,
    certificatePem: issued.certificatePem,
    keyPem: issued.keyPem,
  };
  await writeFileAtomic(path, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return path;
}
