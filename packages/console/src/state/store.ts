import { useEffect, useState } from 'preact/hooks';

/** A value that can be watched. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  update(change: (value: T) => T): void;
  /** Returns how to stop. */
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const set = (next: T) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * The part of a store that a component shows; it renders again when that part changes. `select` picks a part that is
 * there (or makes a plain value of it); it never builds a new object, which would differ each time.
 */
export function useStore<T, P = T>(
  store: Store<T>,
  select: (value: T) => P = (value) => value as unknown as P,
): P {
  const selected = select(store.get());
  const [, render] = useState<unknown>(undefined);
  useEffect(() => {
    let shown = selected;
    const look = () => {
      const next = select(store.get());
      if (Object.is(next, shown)) return;
      shown = next;
      render({});
    };
    look();
    return store.subscribe(look);
  }, [store, selected]);
  return selected;
}
