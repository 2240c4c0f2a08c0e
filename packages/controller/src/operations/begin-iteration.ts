/** An iteration whose first item was asked for already; `whole` gives that item and the others. */
export interface BegunIteration<T> {
  readonly first: Promise<IteratorResult<T>>;
  readonly whole: AsyncIterable<T>;
}

/** Asks for the first item at once: an async generator does nothing before. */
export function beginIteration<T>(items: AsyncIterable<T>): BegunIteration<T> {
  const iterator = items[Symbol.asyncIterator]();
  const first = iterator.next();
  let untold: Promise<IteratorResult<T>> | undefined = first;
  const whole: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const next = untold ?? iterator.next();
        untold = undefined;
        return next;
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  };
  return { first, whole };
}
