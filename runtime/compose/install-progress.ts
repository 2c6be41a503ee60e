import type { InstallStep } from '../control/reports.ts';

/** Hands the steps of the installation under way to whoever follows them. */
export class InstallProgress {
  readonly #listeners = new Set<(step: InstallStep) => void>();

  /** Calls `onStep` for each further step, until stopped. */
  follow(onStep: (step: InstallStep) => void): { stop(): void } {
    this.#listeners.add(onStep);
    return { stop: () => void this.#listeners.delete(onStep) };
  }

  /** Tells a step. */
  tell(step: InstallStep): void {
    for (const listener of this.#listeners) listener(step);
  }
}
