// Original file: shoal/v1/enrollment.proto


export interface RenewRequest {
  /**
   * PKCS#10 certificate signing request, PEM, for a new key or the present one.
   */
  'csrPem'?: (string);
}

export interface RenewRequest__Output {
  /**
   * PKCS#10 certificate signing request, PEM, for a new key or the present one.
   */
  'csrPem': (string);
}
