/** The public half of an Ed25519 key as a JWK (RFC 8037). */
export interface LicensePublicKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** A vendor's key whose licenses count. */
export interface TrustedLicenseKey {
  /** RFC 7638 thumbprint of `publicKey` (SHA-256, base64url). */
  readonly kid: string;
  readonly publicKey: LicensePublicKey;
  /** Who signs with it; licenses must name the same `iss`. */
  readonly vendor: string;
  /** RFC 3339. */
  readonly addedAt: string;
}

/** A key whose licenses don't count any more, whatever their dates. */
export interface RevokedLicenseKey {
  readonly kid: string;
  /** For people, shown when a license is refused for it. */
  readonly reason: string;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * Whose licenses count: `trusted-license-keys.json`, which is part of a build. A key that is in `revoked` doesn't count, in `keys` or not.
 */
export interface TrustedLicenseKeys {
  readonly keys: readonly TrustedLicenseKey[];
  readonly revoked: readonly RevokedLicenseKey[];
}
