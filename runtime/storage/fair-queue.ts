/** Bounds of a FairQueue, of each namespace and of each batch taken from it. */
export interface FairQueueLimits {
  readonly namespacesMax: number;
  readonly operationsMax: number;
  readonly bytesMax: number;
  readonly batchOperationsMax: number;
  readonly batchBytesMax: number;
}

interface Lane<T> {
  readonly items: { readonly item: T; readonly bytes: number }[];
  bytes: number;
}

/**
 * Waiting operations by namespace, each lane bounded. A batch takes one operation of every lane in
 * turn, so a namespace that floods waits behind itself and nobody else.
 */
export class FairQueue<T> {
  readonly #limits: FairQueueLimits;
  // The order of insertion is the order of turns.
  readonly #lanes = new Map<string, Lane<T>>();
  #count = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** Operations that wait. */
  get count(): number {
    return this.#count;
  }

  /** Takes an operation, or returns false when its lane, or the table of lanes, is full. */
  push(namespace: string, item: T, bytes: number): boolean {
    const { namespacesMax, operationsMax, bytesMax } = this.#limits;
    let lane = this.#lanes.get(namespace);
    if (lane === undefined) {
      if (this.#lanes.size >= namespacesMax) return false;
      lane = { items: [], bytes: 0 };
    }
    if (lane.items.length >= operationsMax || lane.bytes + bytes > bytesMax) return false;
    lane.items.push({ item, bytes });
    lane.bytes += bytes;
    this.#lanes.set(namespace, lane);
    this.#count += 1;
    return true;
  }

  /** Removes and returns the next batch: at least one operation where any waits. */
  takeBatch(): T[] {
    const batch: T[] = [];
    let bytes = 0;
    while (batch.length < this.#limits.batchOperationsMax) {
      const turn = this.#lanes.entries().next().value;
      if (turn === undefined) break;
      const [namespace, lane] = turn;
      const first = lane.items[0];
      if (first === undefined) break;
      if (batch.length > 0 && bytes + first.bytes > this.#limits.batchBytesMax) break;
      lane.items.shift();
      lane.bytes -= first.bytes;
      bytes += first.bytes;
      batch.push(first.item);
      this.#count -= 1;
      // To the back of the turns, or away when it is empty.
      this.#lanes.delete(namespace);
      if (lane.items.length > 0) this.#lanes.set(namespace, lane);
    }
    return batch;
  }

  /** Removes and returns everything, in no order across namespaces. */
  takeAll(): T[] {
    const all = [...this.#lanes.values()].flatMap(lane => lane.items.map(({ item }) => item));
    this.#lanes.clear();
    this.#count = 0;
    return all;
  }
}
