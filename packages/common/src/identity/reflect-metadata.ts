/*
 * @peculiar/x509 brings tsyringe, and tsyringe refuses to load without the metadata functions of `Reflect` (the former
 * decorators proposal) that some polyfill must have put there. The few that it calls are these; a complete
 * polyfill that is there already is left alone.
 */

type Target = object;
const store = new WeakMap<Target, Map<unknown, unknown>>();

function own(key: unknown, target: Target): unknown {
  return store.get(target)?.get(key);
}

function inherited(key: unknown, target: Target): unknown {
  for (let at: Target | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    if (store.get(at)?.has(key)) return own(key, at);
  }
  return undefined;
}

function define(key: unknown, value: unknown, target: Target): void {
  const members = store.get(target) ?? new Map<unknown, unknown>();
  members.set(key, value);
  store.set(target, members);
}

/** Puts the metadata functions that tsyringe needs on `Reflect`, unless they are there. */
export function provideReflectMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const decorate = (key: unknown, value: unknown) => (target: Target) => define(key, value, target);
  const functions = {
    getMetadata: inherited,
    getOwnMetadata: own,
    hasMetadata: (key: unknown, target: Target) => inherited(key, target) !== undefined,
    hasOwnMetadata: (key: unknown, target: Target) => store.get(target)?.has(key) ?? false,
    defineMetadata: define,
    metadata: decorate,
  };
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
  }
}
