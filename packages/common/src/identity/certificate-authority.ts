import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { JsonGeneralName, PublicKey } from '@peculiar/x509';
import { ShoalError } from '../errors/shoal-error.js';
import { toPem } from './certificate-request.js';
import { validateNodeName } from './node-name.js';
import type { OperatorRole } from './principal.js';
import { certificateFingerprint, nodeUri, operatorUri } from './principal.js';
import { controllerServerName } from './server-name.js';
import { loadX509 } from './x509.js';

const dayMs = 86_400_000;
/** Certificates begin this much before they are issued, for hosts whose clocks are behind. */
const backdateMs = 3_600_000;
const caDays = 3650;
/** Longest signing request that is looked at; one over a P-256 key takes 400 characters. */
const maxRequestLength = 8192;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate that was issued to someone who has the key. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Hex. */
  readonly serial: string;
  /** End of validity, ms since the epoch. */
  readonly notAfter: number;
}

/** A certificate together with its new key. */
export interface IssuedIdentity extends IssuedCertificate {
  /** ECDSA P-256, PKCS#8 PEM. */
  readonly keyPem: string;
}

interface Leaf {
  readonly commonName: string;
  readonly names: readonly JsonGeneralName[];
  readonly usage: 'serverAuth' | 'clientAuth';
  readonly days: number;
  readonly now: number;
}

/** The cluster's own CA: ECDSA P-256, ten years, signs leaves only. */
export class CertificateAuthority {
  readonly certificatePem: string;
  /** PKCS#8 PEM. A secret. */
  readonly keyPem: string;
  /** SHA-256 of the certificate's DER, 64 hex digits: what join tokens carry. */
  readonly fingerprint: string;

  private constructor(certificatePem: string, keyPem: string) {
    this.certificatePem = certificatePem;
    this.keyPem = keyPem;
    this.fingerprint = certificateFingerprint(new X509Certificate(certificatePem));
  }

  /** A new CA, valid from `now` (ms since the epoch; less an hour). */
  static async create(options: { clusterName: string; now: number }): Promise<CertificateAuthority> {
    const x509 = await loadX509();
    const keys = await generateKeys();
    const { BasicConstraintsExtension, KeyUsagesExtension, SubjectKeyIdentifierExtension, KeyUsageFlags } =
      x509;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [`${plain(options.clusterName)} CA`] }],
      serialNumber: newSerial(),
      notBefore: new Date(options.now - backdateMs),
      notAfter: new Date(options.now + caDays * dayMs),
      keys,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new CertificateAuthority(
      toPem('CERTIFICATE', new Uint8Array(certificate.rawData)),
      await keyToPem(keys.privateKey),
    );
  }

  /** The CA that was stored. Throws `failed_precondition` when certificate and key don't belong together or can't be read. */
  static async load(stored: { certificatePem: string; keyPem: string }): Promise<CertificateAuthority> {
    const broken = (cause?: unknown) =>
      new ShoalError(
        'failed_precondition',
        "the stored CA can't be used: certificate and key don't belong together",
        {
          hint: 'restore both from the same backup',
          cause,
        },
      );
    let matches: boolean;
    try {
      matches = new X509Certificate(stored.certificatePem).checkPrivateKey(createPrivateKey(stored.keyPem));
    } catch (thrown) {
      throw broken(thrown);
    }
    if (!matches) throw broken();
    return new CertificateAuthority(stored.certificatePem, stored.keyPem);
  }

  /**
   * A server's certificate for `controllerServerName` and these host names and IP addresses, with its key. `certificatePem` holds the CA's certificate as well: servers
   * must present it, because joining agents compare it with their token's fingerprint. `now` defaults to the clock.
   */
  async issueServer(options: {
    hosts: readonly string[];
    days: number;
    now?: number;
  }): Promise<IssuedIdentity> {
    const names = [controllerServerName, ...options.hosts].map(
      (host): JsonGeneralName => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }),
    );
    const leaf = { commonName: options.hosts[0] ?? 'controller', names, usage: 'serverAuth' } as const;
    const issued = await this.#issueWithKey({ ...leaf, days: options.days, now: options.now ?? Date.now() });
    return { ...issued, certificatePem: issued.certificatePem + this.certificatePem };
  }

  /**
   * A node's certificate for the key of its request. Throws `invalid_input` for a request that can't be read, isn't signed by its own
   * key or holds another key than ECDSA P-256, and for a name that can't be a node's.
   */
  async issueNode(options: {
    csrPem: string;
    clusterId: string;
    node: string;
    days: number;
    now?: number;
  }): Promise<IssuedCertificate> {
    validateNodeName(options.node);
    const publicKey = await verifiedKeyOf(options.csrPem);
    const names = [{ type: 'url', value: nodeUri(options.clusterId, options.node) } as const];
    const { days, now = Date.now() } = options;
    return this.#issue({ commonName: options.node, names, usage: 'clientAuth', days, now }, publicKey);
  }

  /** A client certificate for a person or program that operates the cluster, with its key. */
  async issueOperator(options: {
    clusterId: string;
    name: string;
    role: OperatorRole;
    days: number;
    now?: number;
  }): Promise<IssuedIdentity> {
    if (!/^[A-Za-z0-9._@-]{1,64}$/.test(options.name)) {
      const expected = "1 to 64 letters, digits, '.', '_', '@' and '-'";
      throw new ShoalError(
        'invalid_input',
        `operator name: expected ${expected}, found ${JSON.stringify(options.name)}`,
      );
    }
    const names = [
      { type: 'url', value: operatorUri(options.clusterId, options.name, options.role) } as const,
    ];
    const { days, now = Date.now() } = options;
    return this.#issueWithKey({ commonName: options.name, names, usage: 'clientAuth', days, now });
  }

  async #issueWithKey(leaf: Leaf): Promise<IssuedIdentity> {
    const keys = await generateKeys();
    return { ...(await this.#issue(leaf, keys.publicKey)), keyPem: await keyToPem(keys.privateKey) };
  }

  async #issue(leaf: Leaf, publicKey: PublicKey | webcrypto.CryptoKey): Promise<IssuedCertificate> {
    const x509 = await loadX509();
    const ca = new x509.X509Certificate(this.certificatePem);
    const serial = newSerial();
    // X.509 counts in whole seconds.
    const notAfter = Math.floor((leaf.now + leaf.days * dayMs) / 1000) * 1000;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [plain(leaf.commonName).slice(0, 64)] }],
      issuer: ca.subjectName,
      serialNumber: serial,
      notBefore: new Date(leaf.now - backdateMs),
      notAfter: new Date(notAfter),
      publicKey,
      signingKey: await importKey(this.keyPem),
      signingAlgorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[leaf.usage]]),
        new x509.SubjectAlternativeNameExtension([...leaf.names]),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return { certificatePem: toPem('CERTIFICATE', new Uint8Array(certificate.rawData)), serial, notAfter };
  }
}

/** 128 random bits; the leading digit keeps the number positive and of constant length. */
function newSerial(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`;
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return toPem('PRIVATE KEY', new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', key)));
}

function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
}

/** The public key of a request that proves possession of the private one. */
async function verifiedKeyOf(csrPem: string): Promise<PublicKey> {
  const { Pkcs10CertificateRequest } = await loadX509();
  const bad = (what: string, cause?: unknown) =>
    new ShoalError('invalid_input', `certificate signing request ${what}`, { cause });
  if (csrPem.length > maxRequestLength) throw bad(`is longer than ${maxRequestLength} characters`);
  try {
    const request = new Pkcs10CertificateRequest(csrPem);
    const key = request.publicKey.algorithm as { name?: string; namedCurve?: string };
    if (key.name !== algorithm.name || key.namedCurve !== algorithm.namedCurve) {
      throw bad('holds another key than ECDSA P-256');
    }
    if (!(await request.verify())) throw bad("isn't signed by the key that it holds");
    return request.publicKey;
  } catch (thrown) {
    throw ShoalError.is(thrown) ? thrown : bad("can't be read: expected PKCS#10 as PEM", thrown);
  }
}

/** A name without what the library would read as its notation for names; common names are for people's eyes only. */
function plain(name: string): string {
  return name.replace(/[^\w.@ -]/g, '');
}
