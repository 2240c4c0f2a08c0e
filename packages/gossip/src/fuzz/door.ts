import { WireError } from '../core/index.js';

/**
 * One way in for bytes from the network. Opening it says what became of them, in few different words: inputs with a
 * new outcome are kept and mutated further. It throws when something must not have happened.
 */
export interface Door {
  readonly name: string;
  /** Most memory, in bytes, that one input may take. */
  readonly memory: number;
  open(bytes: Uint8Array): string;
}

/** A property that must hold for every input did not. */
export class BrokenRule extends Error {
  override readonly name: string = 'BrokenRule';
}

/** Throws BrokenRule unless it holds. */
export function rule(holds: boolean, what: () => string): void {
  if (!holds) throw new BrokenRule(what());
}

/** What an action gives, or the WireError that it throws; any other error is a crash and goes through. */
export function outcome<T>(action: () => T): { value: T } | { error: WireError } {
  try {
    return { value: action() };
  } catch (error) {
    if (error instanceof WireError) return { error };
    throw error;
  }
}

/** A message without its figures and quoted parts, so that equal complaints look equal. */
export function outline(message: string): string {
  return message
    .replace(/'.*'/gs, "'…'")
    .replace(/0x[0-9a-f]+|-?\d[\d.e+]*/g, '#')
    .slice(0, 120);
}
