import { abiTrap, Trap } from './errors.ts';

/** A handle in a component instance's table. */
interface HandleEntry {
  readonly resource: number;
  readonly representation: number;
  readonly own: boolean;
  /** Calls to which an owned handle is lent at present. */
  lends: number;
}

/**
 * What a component instance has at run time: its handle table and the flags of the canonical ABI
 * (`CanonicalABI.md`, "Runtime State"). Handle 0 does not exist.
 */
export class InstanceState {
  /** False while the guest allocates or cleans up: it must not call out then. */
  mayLeave = true;
  /** Whether an export of the instance runs. */
  entered = false;
  /** Borrowed handles that the running export still has to drop. */
  borrows = 0;
  readonly #handlesMax: number;
  readonly #entries: (HandleEntry | null)[] = [null];
  readonly #free: number[] = [];
  readonly #lent: HandleEntry[] = [];

  constructor(handlesMax: number) {
    this.#handlesMax = handlesMax;
  }

  /** Requires that the guest may call out. */
  requireMayLeave(): void {
    if (!this.mayLeave) throw abiTrap('the guest calls out while it allocates or cleans up');
  }

  /** Returns a new handle. @throws Trap `TRAP_LIMIT` */
  add(resource: number, representation: number, own: boolean): number {
    const entry = { resource, representation, own, lends: 0 };
    if (!own) this.borrows += 1;
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#entries[free] = entry;
      return free;
    }
    if (this.#entries.length > this.#handlesMax) {
      throw new Trap('TRAP_LIMIT', `over ${this.#handlesMax} handles`);
    }
    return this.#entries.push(entry) - 1;
  }

  /** Returns the representation behind a handle and removes the handle: it is given away. */
  takeOwn(resource: number, handle: number): number {
    const entry = this.#entry(resource, handle);
    if (!entry.own) throw abiTrap('a borrowed handle is given away');
    this.#remove(handle, entry);
    return entry.representation;
  }

  /** Returns the representation behind a handle, which is lent until `returnLent`. */
  lend(resource: number, handle: number): number {
    const entry = this.#entry(resource, handle);
    if (entry.own) {
      entry.lends += 1;
      this.#lent.push(entry);
    }
    return entry.representation;
  }

  /** Ends the loans of a call. */
  returnLent(): void {
    for (let entry = this.#lent.pop(); entry !== undefined; entry = this.#lent.pop()) {
      entry.lends -= 1;
    }
  }

  /** Returns the representation behind a handle. */
  representation(resource: number, handle: number): number {
    return this.#entry(resource, handle).representation;
  }

  /** Removes a handle. Returns what to destroy, or null where it was only borrowed. */
  drop(resource: number, handle: number): number | null {
    const entry = this.#entry(resource, handle);
    this.#remove(handle, entry);
    if (entry.own) return entry.representation;
    this.borrows -= 1;
    return null;
  }

  /** Removes all handles. Returns the owned resources. */
  drain(): { readonly resource: number; readonly representation: number }[] {
    const owned = this.#entries.filter(entry => entry?.own === true);
    this.#entries.length = 1;
    this.#free.length = 0;
    return owned.filter(entry => entry !== null);
  }

  #entry(resource: number, handle: number): HandleEntry {
    const entry = this.#entries[handle];
    if (entry === undefined || entry === null) throw abiTrap(`unknown handle ${handle}`);
    if (entry.resource !== resource) throw abiTrap(`handle ${handle} is of another resource`);
    return entry;
  }

  #remove(handle: number, entry: HandleEntry): void {
    if (entry.lends > 0) throw abiTrap('a lent handle is dropped or given away');
    this.#entries[handle] = null;
    this.#free.push(handle);
  }
}
