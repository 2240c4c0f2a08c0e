/** Something that happens at one moment of virtual time. */
export interface Task {
  run(): void;
}

const FIRST_CAPACITY = 1024;

/** Children of a node of the heap: four make it half as deep as two, and lie beside each other in memory. */
const ARITY = 4;

/**
 * Virtual time: runs what is due in the order of time, and of scheduling where times are equal. A heap in typed
 * columns, because a large cluster keeps a hundred thousand tasks waiting and millions pass through it.
 */
export class Scheduler {
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  /** Where the task of each heap entry is in `#tasks`. */
  #slots = new Uint32Array(FIRST_CAPACITY);
  readonly #tasks: (Task | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #size = 0;
  #now = 0;
  #order = 0;
  #done = 0;

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now;
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#size;
  }

  /** Tasks run so far. */
  get done(): number {
    return this.#done;
  }

  /** Runs the task after a delay in ms; what lies in the past is due at once. */
  schedule(delayMs: number, task: Task): void {
    const slot = this.#freeSlots.pop() ?? this.#tasks.length;
    this.#tasks[slot] = task;
    if (this.#size === this.#times.length) this.#grow();
    this.#rise(this.#size++, this.#now + Math.max(0, delayMs), this.#order++, slot);
  }

  /** Runs everything due within `ms`, and lets that much time pass. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#size > 0 && (this.#times[0] as number) <= end) {
      this.#now = this.#times[0] as number;
      const task = this.#pop();
      this.#done++;
      task?.run();
    }
    this.#now = end;
  }

  #pop(): Task | undefined {
    const slot = this.#slots[0] as number;
    const task = this.#tasks[slot];
    this.#tasks[slot] = undefined;
    this.#freeSlots.push(slot);
    const last = --this.#size;
    if (last > 0)
      this.#sink(this.#times[last] as number, this.#orders[last] as number, this.#slots[last] as number);
    return task;
  }

  /** Puts an entry in at `at`, or as far above as it is due earlier. */
  #rise(from: number, time: number, order: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = ((at - 1) / ARITY) | 0;
      // A new entry has the highest order, so that it comes after all with an equal time.
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, order, slot);
  }

  /** Puts an entry in at the top, or as far below as it is due later. */
  #sink(time: number, order: number, slot: number): void {
    const times = this.#times;
    const orders = this.#orders;
    let at = 0;
    for (;;) {
      const first = ARITY * at + 1;
      const end = Math.min(first + ARITY, this.#size);
      let best = -1;
      let bestTime = time;
      let bestOrder = order;
      for (let child = first; child < end; child++) {
        const childTime = times[child] as number;
        if (childTime > bestTime || (childTime === bestTime && (orders[child] as number) > bestOrder))
          continue;
        best = child;
        bestTime = childTime;
        bestOrder = orders[child] as number;
      }
      if (best < 0) break;
      this.#move(best, at);
      at = best;
    }
    this.#put(at, time, order, slot);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from] as number, this.#orders[from] as number, this.#slots[from] as number);
  }

  #put(at: number, time: number, order: number, slot: number): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#slots[at] = slot;
  }

  #grow(): void {
    const capacity = 2 * this.#times.length;
    const grown = <T extends Float64Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#times = grown(new Float64Array(capacity), this.#times);
    this.#orders = grown(new Float64Array(capacity), this.#orders);
    this.#slots = grown(new Uint32Array(capacity), this.#slots);
  }
}
