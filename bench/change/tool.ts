/** Something that brings a changed value to all hosts. */
export interface Tool {
  /** As the report's rows call it. */
  readonly name: string;
  /** Rounds that are measured, of those that are asked for. */
  rounds(asked: number): number;
  /** Before its first round: whatever it runs, warm. */
  begin(): Promise<void>;
  /** What an operator would have edited before the command: nothing of it is measured. */
  edit(change: string): Promise<void>;
  /** The command, to its end. Throws when it fails. */
  apply(change: string): Promise<void>;
  /** After its last round: nothing of it runs any more. */
  end(): Promise<void>;
}

/** What a tool took, in seconds from the command's start, a round each. */
export interface Times {
  readonly tool: Tool;
  /** Until the last host served the change. */
  readonly serving: readonly number[];
  /** Until the command ended. */
  readonly ended: readonly number[];
}
