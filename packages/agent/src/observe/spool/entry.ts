/** Where a source was read up to; JSON, opaque to the spool. */
export type Position = { readonly [key: string]: string | number };

/** A record that waits in the spool to be shipped. */
export interface SpoolRecord<T> {
  /** Rises by 1 within a spool, from 1; never reused. */
  readonly sequence: number;
  readonly payload: T;
}

/** A line of a segment file, as JSON with short keys since there is one for each log line. */
export type SpoolEntry<T> =
  /** First line of each segment: what is needed to go on from this segment alone. */
  | {
      readonly spool: string;
      readonly created: number;
      readonly next: number;
      readonly acked: number;
      readonly positions: Record<string, Position>;
    }
  /** A record, with the position that its source has been read to by it. */
  | { readonly q: number; readonly d: T; readonly k?: string; readonly p?: Position }
  /** Positions that moved without a record; null: the source's file is done with. */
  | { readonly m: Record<string, Position | null> }
  /** Everything up to this sequence number is held by the controller. */
  | { readonly a: number };

/** The first line of a segment. */
export type SpoolHeader = Extract<SpoolEntry<never>, { spool: string }>;

/** Reads one line of a segment. Undefined when it was torn by a crash or isn't one: no line after it can be trusted. */
export function parseEntry<T>(line: string): SpoolEntry<T> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const known = 'q' in value || 'm' in value || 'a' in value || 'spool' in value;
  return known ? (value as SpoolEntry<T>) : undefined;
}
