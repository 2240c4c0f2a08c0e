/** What a parser found in a line. */
export interface ParsedLine {
  /** The line's own time, milliseconds since the epoch. */
  readonly at?: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Longest value of a field, characters; longer ones are cut. The line itself is kept whole. */
export const maxFieldLength: number = 1024;

/** Fields kept of one line. */
export const maxFields: number = 32;
