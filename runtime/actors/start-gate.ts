/**
 * Lets one controller start at a time. A controller that takes its whole host process down while
 * it starts is then the only one to blame, and its siblings are not counted towards quarantine.
 */
export class StartGate {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn, with the function that ends the turn. */
  async enter(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return resolve;
  }
}
