/** Thrown out of a step that was not awaited to its end, because somebody asked to stop. */
export class Stopped extends Error {}

/** A request to stop, which may come at any time and more than once. */
export class Stopping {
  readonly #asked = Promise.withResolvers<never>();
  #reason: string | null = null;

  constructor() {
    // Somebody may ask while no step is being awaited.
    this.#asked.promise.catch(() => undefined);
  }

  /** Asks; returns false where that has been asked for before. */
  ask(reason: string): boolean {
    if (this.#reason !== null) return false;
    this.#reason = reason;
    this.#asked.reject(new Stopped(reason));
    return true;
  }

  /** Resolves with the step; rejects with Stopped as soon as somebody asks to stop. */
  async unlessAsked<Value>(step: Promise<Value>): Promise<Value> {
    step.catch(() => undefined);
    return await Promise.race([this.#asked.promise, step]);
  }
}

/** Undoes what was done, newest first. One that fails does not keep the others from running. */
export class Undo {
  readonly #tasks: (() => Promise<unknown>)[] = [];

  /** Adds what undoes the step that comes next, or was just done. */
  add(task: () => Promise<unknown>): void {
    this.#tasks.push(task);
  }

  /** Runs every task once and returns what failed. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const task of this.#tasks.splice(0).reverse()) {
      try {
        await task();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}
