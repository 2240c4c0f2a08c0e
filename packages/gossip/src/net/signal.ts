/** Something that happens once, and that can be waited for. */
export class Signal {
  /** It happened. */
  give: () => void = () => undefined;
  readonly promise: Promise<void> = new Promise((resolve) => {
    this.give = resolve;
  });
}
