/** What went wrong, for programs. */
export type GossipErrorCode =
  | 'INVALID_OPTION'
  | 'TAGS_TOO_LARGE'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNAVAILABLE'
  | 'BIND_FAILED'
  | 'BAD_ADDRESS'
  | 'JOIN_FAILED'
  | 'KEY_REFUSED'
  | 'UNKNOWN_MEMBER'
  | 'MESSAGE_TOO_LARGE'
  | 'SEND_FAILED'
  | 'STOPPED';

/** An error of the gossip layer: code for programs, message and hint for people. */
export class GossipError extends Error {
  override readonly name: string = 'GossipError';
  readonly code: GossipErrorCode;
  /** What to do about it; may be ''. */
  readonly hint: string;

  constructor(code: GossipErrorCode, message: string, hint = '', cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As `messageOf`, but for an error of Node's network without the address or name that its message repeats. */
export function reasonOf(error: unknown): string {
  const { syscall, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return syscall && code ? `${syscall} ${code}` : messageOf(error);
}
