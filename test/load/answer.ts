/** What a client got back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Whether the connection may carry another request. */
  readonly keep: boolean;
}

/** `partial`: bytes are missing still. */
export type AnswerState = Answer | 'partial';

const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads one HTTP/1.1 answer from all bytes that a connection gave for a request. `ended`: no more will come, which completes an answer of
 * unknown length. Throws Error for bytes that are no answer.
 */
export function readAnswer(bytes: Buffer, method: string, ended: boolean): AnswerState {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return 'partial';
  const head = bytes.toString('latin1', 0, end);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  if (!(status >= 200)) throw new Error(`not an answer: ${JSON.stringify(head.slice(0, 80))}`);
  const keep = !/^connection:.*\bclose\b/im.test(head) && !head.startsWith('HTTP/1.0');
  const start = end + headEnd.length;
  if (method === 'HEAD' || status === 204 || status === 304) return { status, body: '', keep };
  if (/^transfer-encoding:.*\bchunked\b/im.test(head)) {
    const body = readChunks(bytes, start);
    return body === undefined ? 'partial' : { status, body, keep };
  }
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined)
    return ended ? { status, body: bytes.toString('utf8', start), keep: false } : 'partial';
  const stop = start + Number(length);
  return bytes.length < stop ? 'partial' : { status, body: bytes.toString('utf8', start, stop), keep };
}

/** The chunks' content; undefined while the last one is missing. */
function readChunks(bytes: Buffer, start: number): string | undefined {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('not an answer: a chunk without its size');
    const begin = lineEnd + 2;
    if (bytes.length < begin + size + 2) return undefined;
    if (size === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(bytes.subarray(begin, begin + size));
    at = begin + size + 2;
  }
}
