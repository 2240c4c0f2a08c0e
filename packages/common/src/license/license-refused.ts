import { type ErrorCode, ShoalError } from '../errors/shoal-error.js';
import type { License, LicenseRefusal } from './license.js';

/** What kind of error each refusal is. */
export const licenseRefusalCodes: Readonly<Record<LicenseRefusal, ErrorCode>> = {
  'not-a-license': 'invalid_input',
  truncated: 'invalid_input',
  content: 'invalid_input',
  algorithm: 'permission_denied',
  'key-unknown': 'permission_denied',
  'key-revoked': 'permission_denied',
  signature: 'permission_denied',
  'other-cluster': 'failed_precondition',
  'not-yet-valid': 'failed_precondition',
  expired: 'failed_precondition',
  'clock-doubtful': 'failed_precondition',
};

/** A text that isn't taken for a license, and why: the reason for programs, the message for people. */
export class LicenseRefused extends ShoalError {
  readonly reason: LicenseRefusal;
  /** What it says; only once its signature held. */
  readonly license: License | null;

  constructor(reason: LicenseRefusal, message: string, hint: string, license: License | null = null) {
    super(licenseRefusalCodes[reason], `the license ${message}`, { hint });
    this.reason = reason;
    this.license = license;
  }
}
