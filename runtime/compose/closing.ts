/** Things to close, in reverse order of their opening; one that fails does not keep the rest. */
export class Closing {
  #tasks: (() => Promise<void> | void)[] = [];
  #errors: unknown[] = [];

  /** Adds something to close. */
  add(task: () => Promise<void> | void): void {
    this.#tasks.push(task);
  }

  /** Closes everything added since the last time; returns what was thrown. */
  async close(): Promise<readonly unknown[]> {
    const tasks = this.#tasks.reverse();
    this.#tasks = [];
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        this.#errors.push(error);
      }
    }
    return this.#errors;
  }
}
