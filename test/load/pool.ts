import { Connection } from './connection.js';

/** Connections to one target: kept ones that are used in turn, so that each of them is idle for a while and then used again. */
export class Pool {
  readonly #target: URL;
  readonly #size: number;
  readonly #idle: Connection[] = [];
  readonly #kept = new Set<Connection>();

  constructor(target: URL, size: number) {
    this.#target = target;
    this.#size = size;
  }

  /** One that nobody uses: new as long as the pool isn't full, then the one that has been idle longest. */
  take(): Connection {
    const idle = this.#kept.size < this.#size ? undefined : this.#idle.shift();
    if (idle !== undefined) return idle;
    const connection = this.fresh();
    if (this.#kept.size < this.#size) this.#kept.add(connection);
    return connection;
  }

  /** One outside of the pool. */
  fresh(): Connection {
    return new Connection(this.#target, (closed) => this.#forget(closed));
  }

  /** Its request is answered. One that isn't of the pool is closed. */
  giveBack(connection: Connection): void {
    if (this.#kept.has(connection)) this.#idle.push(connection);
    else connection.close();
  }

  close(): void {
    for (const connection of [...this.#kept]) connection.close();
  }

  #forget(connection: Connection): void {
    this.#kept.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
