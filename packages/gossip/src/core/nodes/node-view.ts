import type { Address } from '../address.js';
import type { Suspicion } from '../judgment/suspicion.js';
import { type Columns, type Intent, StatusCode } from './columns.js';
import type { Facts } from './directory.js';
import type { NodeRecord, NodeStatus } from './node-record.js';

const STATUSES: readonly NodeStatus[] = ['alive', 'suspect', 'dead', 'left'];

const NO_INTENT: Intent = { leaving: false, ltime: -1 };

/** A node's record in the columns of a table. */
export class NodeView implements NodeRecord {
  readonly name: string;
  /** The directory's number of the node. */
  readonly id: number;
  readonly #columns: Columns;

  constructor(columns: Columns, id: number, name: string = columns.directory.name(id)) {
    this.#columns = columns;
    this.id = id;
    this.name = name;
  }

  get facts(): Facts {
    return this.#columns.directory.facts(this.id, this.#columns.facts[this.id] ?? 0);
  }

  set facts(facts: Facts) {
    const { directory, facts: slots } = this.#columns;
    const before = slots[this.id] ?? 0;
    slots[this.id] = directory.holdFacts(this.id, facts);
    directory.releaseFacts(this.id, before);
  }

  get addr(): Uint8Array {
    return this.facts.addr;
  }

  get address(): Address {
    return this.facts.address;
  }

  get meta(): Uint8Array | null {
    return this.facts.meta;
  }

  get vsn(): Uint8Array | null {
    return this.facts.vsn;
  }

  get incarnation(): number {
    return this.#columns.incarnation[this.id] ?? 0;
  }

  set incarnation(incarnation: number) {
    this.#columns.incarnation[this.id] = incarnation;
  }

  get status(): NodeStatus {
    const code = (this.#columns.status[this.id] ?? 0) & ~StatusCode.tombstone;
    return STATUSES[code - 1] ?? 'dead';
  }

  get changedAt(): number {
    return this.#columns.changedAt[this.id] ?? 0;
  }

  get suspicion(): Suspicion | undefined {
    return this.#columns.suspicions.get(this.id);
  }

  set suspicion(suspicion: Suspicion | undefined) {
    if (suspicion) this.#columns.suspicions.set(this.id, suspicion);
    else this.#columns.suspicions.delete(this.id);
  }

  get leaving(): boolean {
    return this.#intent.leaving;
  }

  set leaving(leaving: boolean) {
    if (leaving !== this.leaving) this.#columns.intents.set(this.id, { ...this.#intent, leaving });
  }

  get intentTime(): number {
    return this.#intent.ltime;
  }

  set intentTime(ltime: number) {
    this.#columns.intents.set(this.id, { ...this.#intent, ltime });
  }

  get #intent(): Intent {
    return this.#columns.intents.get(this.id) ?? NO_INTENT;
  }
}
