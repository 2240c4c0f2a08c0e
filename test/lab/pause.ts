const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the process for so many milliseconds: for cleaning up in an exit handler, where nothing can be awaited. */
export function pauseSync(milliseconds: number): void {
  Atomics.wait(cell, 0, 0, milliseconds);
}
