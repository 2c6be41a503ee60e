import { Trap } from './errors.ts';
import type { ActivationLimits } from './limits.ts';

/** A core value as it crosses between WebAssembly and JavaScript. */
export type Flat = number | bigint;

/** A core function as JavaScript sees it. */
export type CoreFunction = (...args: readonly Flat[]) => unknown;

/** A bound function in JavaScript values. */
export type BoundFunction = (args: readonly unknown[]) => unknown;

/** What is said of a store whose death could not be put into words: the stack was full. */
const DEAD_WITHOUT_WORDS = 'the stack overflowed';

/**
 * What all instances of one activation share: whether they are dead, and what lifting may still
 * cost. A guest may swallow an exception, so `dead` is set before anything is thrown into it.
 */
export class Store {
  readonly limits: ActivationLimits;
  /** Why no instance may run again, or null. */
  dead: string | null = null;
  /** Whether an export runs; a host function must not call back. */
  running = false;
  #liftBytesLeft: number;

  constructor(limits: ActivationLimits) {
    this.limits = limits;
    this.#liftBytesLeft = limits.liftBytesMax;
  }

  /** Starts a call: gives it a whole lift budget. */
  begin(): void {
    this.#liftBytesLeft = this.limits.liftBytesMax;
  }

  /** Takes bytes from the call's lift budget. @throws Trap `TRAP_LIMIT` */
  charge(bytes: number): void {
    this.#liftBytesLeft -= bytes;
    if (this.#liftBytesLeft < 0) {
      throw new Trap('TRAP_LIMIT', `a call lifts over ${this.limits.liftBytesMax} bytes`);
    }
  }

  /** Throws when the store is dead, for instance because the guest swallowed an exception. */
  requireAlive(): void {
    if (this.dead !== null) throw new Trap('TRAP_DEAD', this.dead);
  }

  /** Marks the store dead and returns what to throw. */
  kill(error: unknown): Trap {
    const trap = trapOf(error);
    if (this.dead === null || this.dead === DEAD_WITHOUT_WORDS) this.dead = trap.message;
    return trap;
  }

  /** Marks the store dead without a call that a full stack could refuse. */
  markDead(): void {
    this.dead ??= DEAD_WITHOUT_WORDS;
  }
}

function trapOf(error: unknown): Trap {
  if (error instanceof Trap) return error;
  if (error instanceof WebAssembly.RuntimeError) {
    return new Trap('TRAP_GUEST', `the guest trapped: ${error.message}`, { cause: error });
  }
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new Trap('TRAP_STACK', 'the stack overflowed', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new Trap('TRAP_HOST', message, { cause: error });
}
