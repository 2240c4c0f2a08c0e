/** Where a command writes: what it found, and beside it how far it has come. */
export interface Output {
  result(text: string): void;
  progress(text: string): void;
}
