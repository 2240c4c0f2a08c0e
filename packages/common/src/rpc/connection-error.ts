import { ShoalError } from '../errors/shoal-error.js';

/**
 * Says what an error of a gRPC connection means and what to do, when its cause is known by its words; leaves out grpc-js's own words around it.
 *
 * @param otherCa what to say when the server's certificate is of another CA than ours
 */
export function explainConnectionError(
  error: ShoalError,
  otherCa: { readonly message: string; readonly hint: string },
): ShoalError {
  const { code, hint } = error;
  const reason = /Last error: (?:Error: )?(.+?)\. Resolution note:/.exec(error.message)?.[1] ?? error.message;
  if (/certificate has expired|CERT_HAS_EXPIRED/i.test(reason)) {
    return new ShoalError(code, reason, { hint: 'compare the clocks of both hosts', cause: error });
  }
  if (/self-signed certificate|unable to (verify|get) .*(certificate|issuer)/i.test(reason)) {
    return new ShoalError('permission_denied', otherCa.message, { hint: otherCa.hint, cause: error });
  }
  if (reason === error.message) return error;
  return new ShoalError(code, reason, { ...(hint === undefined ? {} : { hint }), cause: error });
}
