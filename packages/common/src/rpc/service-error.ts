import type { ServiceError } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { Problem, ShoalErrorJson } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { codeOfGrpcStatus, errorStatus } from '../errors/status.js';

/** Metadata key under which a ShoalError crosses gRPC, as JSON. */
export const errorMetadataKey: string = 'shoal-error-bin';

/** Bytes of error JSON that fit beside other metadata into HTTP/2 trailers (peers allow 8 KiB or more). */
const maxErrorBytes = 6 * 1024;

/** Anything thrown as the error that a grpc-js handler hands to its callback or emits on its stream. The cause stays here. */
export function toServiceError(error: unknown): ServiceError {
  const known = ShoalError.from(error);
  const metadata = new Metadata();
  metadata.set(errorMetadataKey, Buffer.from(JSON.stringify(fit(known.toJSON())), 'utf8'));
  const details = known.message.slice(0, 1024);
  return Object.assign(new Error(details), { code: errorStatus[known.code].grpc, details, metadata });
}

/** What a grpc-js call failed with, as a ShoalError: the peer's own when it sent one, else by the status. */
export function fromServiceError(error: unknown): ShoalError {
  if (ShoalError.is(error)) return error;
  const { code, details, metadata } = (error ?? {}) as Partial<ServiceError>;
  const json = metadata?.get(errorMetadataKey)[0];
  const sent = Buffer.isBuffer(json) ? parseError(json) : undefined;
  if (sent !== undefined) return ShoalError.fromJson(sent);
  if (typeof code !== 'number') return ShoalError.from(error);
  return new ShoalError(
    codeOfGrpcStatus(code),
    details === undefined || details === '' ? `gRPC status ${code}` : details,
    {
      cause: error,
    },
  );
}

/** Drops problems from the end, then text, until the error fits into the trailers. */
function fit(json: ShoalErrorJson): ShoalErrorJson {
  const size = (value: ShoalErrorJson) => Buffer.byteLength(JSON.stringify(value));
  if (size(json) <= maxErrorBytes) return json;
  const { problems: _, ...bare } = json;
  const problems: Problem[] = [];
  const short = { ...bare, message: json.message.slice(0, 1024) };
  for (const problem of json.problems ?? []) {
    if (size({ ...short, problems: [...problems, problem] }) > maxErrorBytes) break;
    problems.push(problem);
  }
  return problems.length === 0 ? short : { ...short, problems };
}

function parseError(bytes: Buffer): ShoalErrorJson | undefined {
  try {
    const json = JSON.parse(bytes.toString('utf8')) as Partial<ShoalErrorJson>;
    if (json.code === undefined || !(json.code in errorStatus) || typeof json.message !== 'string')
      return undefined;
    return json as ShoalErrorJson;
  } catch {
    return undefined;
  }
}
