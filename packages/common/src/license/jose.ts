type Jose = typeof import('jose');

let loading: Promise<Jose> | undefined;

/** The JOSE library, loaded at first use: an agent never needs it. */
export function loadJose(): Promise<Jose> {
  loading ??= import('jose');
  return loading;
}
