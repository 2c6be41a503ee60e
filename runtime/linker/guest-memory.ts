import { abiTrap, Trap } from './errors.ts';
import type { InstanceState } from './resources.ts';
import type { CoreFunction, Store } from './store.ts';

const EMPTY = new ArrayBuffer(0);

/**
 * Views of a linear memory. Growing detaches the old buffer, whose views then have length zero, so
 * `refresh` after each run of guest code is enough and costs one comparison.
 */
export class GuestMemory {
  bytes: Uint8Array;
  buffer: Buffer;
  view: DataView;
  readonly #memory: WebAssembly.Memory | null;

  constructor(memory: WebAssembly.Memory | null) {
    this.#memory = memory;
    const buffer = memory === null ? EMPTY : memory.buffer;
    this.bytes = new Uint8Array(buffer);
    this.buffer = Buffer.from(buffer);
    this.view = new DataView(buffer);
  }

  /** Takes the memory's present buffer, if guest code may have run since. */
  refresh(): void {
    if (this.bytes.length === 0 && this.#memory !== null) {
      const { buffer } = this.#memory;
      this.bytes = new Uint8Array(buffer);
      this.buffer = Buffer.from(buffer);
      this.view = new DataView(buffer);
    }
  }

  /** Requires `size` bytes at `at`, aligned. @throws Trap `TRAP_ABI` */
  require(at: number, size: number, align: number): void {
    if (at % align !== 0) throw abiTrap(`address ${at} is not aligned to ${align}`);
    if (at + size > this.bytes.length) throw abiTrap(`${size} bytes at ${at} leave the memory`);
  }

  /** Reads a number of 1, 2 or 4 bytes at a place that is already checked. */
  readUnsigned(at: number, size: number): number {
    if (size === 1) return this.view.getUint8(at);
    return size === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
  }

  /** Writes a number of 1, 2 or 4 bytes at a place that is already checked. */
  writeUnsigned(at: number, size: number, value: number): void {
    if (size === 1) this.view.setUint8(at, value);
    else if (size === 2) this.view.setUint16(at, value, true);
    else this.view.setUint32(at, value, true);
  }
}

/** What lifting and lowering for one set of canonical options need. */
export class CanonContext {
  readonly store: Store;
  readonly instance: InstanceState;
  readonly memory: GuestMemory;
  readonly #realloc: CoreFunction | null;

  constructor(
    store: Store,
    instance: InstanceState,
    memory: GuestMemory,
    realloc: CoreFunction | null,
  ) {
    this.store = store;
    this.instance = instance;
    this.memory = memory;
    this.#realloc = realloc;
  }

  /** Has the guest allocate. Returns a checked address. */
  allocate(size: number, align: number): number {
    if (this.#realloc === null) throw abiTrap('the guest cannot allocate');
    this.instance.mayLeave = false;
    const at = this.#realloc(0, 0, align, size);
    this.instance.mayLeave = true;
    this.memory.refresh();
    if (typeof at !== 'number') throw abiTrap('realloc returned no address');
    const address = at >>> 0;
    this.memory.require(address, size, align);
    return address;
  }

  /** Requires that a list or string of `size` bytes is within bounds. @throws Trap `TRAP_LIMIT` */
  requireValueSize(size: number): void {
    if (size > this.store.limits.valueBytesMax) {
      throw new Trap(
        'TRAP_LIMIT',
        `a value of ${size} bytes, over ${this.store.limits.valueBytesMax}`,
      );
    }
  }
}
