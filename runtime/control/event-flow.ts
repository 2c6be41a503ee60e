/** Items of a flow that wait for a slow client; further ones are lost, and counted for it. */
const WAITING_MAX = 1_024;

/** Items that travel in one event. */
const BATCH_MAX = 16;

/** Sends a flow of items in batches, no faster than the client reads. */
export class EventFlow<Item> {
  readonly #send: (items: readonly Item[], lost: number) => void;
  readonly #drained: () => Promise<void>;
  #waiting: Item[] = [];
  #lost = 0;
  #pumping = false;
  #stopped = false;

  constructor(send: (items: readonly Item[], lost: number) => void, drained: () => Promise<void>) {
    this.#send = send;
    this.#drained = drained;
  }

  /** Takes one further item, as it happens. */
  push(item: Item): void {
    if (this.#waiting.length >= WAITING_MAX) this.#lost += 1;
    else this.#waiting.push(item);
    void this.#pump();
  }

  /** Sends items that exist already, all of them, before those that are pushed meanwhile. */
  async sendAll(items: readonly Item[]): Promise<void> {
    this.#pumping = true;
    for (let at = 0; at < items.length && !this.#stopped; at += BATCH_MAX) {
      this.#send(items.slice(at, at + BATCH_MAX), 0);
      await this.#drained();
    }
    this.#pumping = false;
    await this.#pump();
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#waiting.length > 0 && !this.#stopped) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const lost = this.#lost;
      this.#lost = 0;
      this.#send(batch, lost);
      await this.#drained();
    }
    this.#pumping = false;
  }
}
