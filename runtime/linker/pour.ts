import { copyBytes } from '../base/copy-bytes.ts';
import { holdsUtf8 } from '../base/utf8.ts';
import { Trap } from './errors.ts';
import { coerceFlat, zeroOf } from './flat.ts';
import type { FrameSource } from './frame.ts';
import { byteOf, framePrimitive, wordOf } from './frame-primitive.ts';
import type { CanonContext } from './guest-memory.ts';
import type { Plan, PlanResource, PlanType } from './plan.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { Flat } from './store.ts';
import type { StringCodec } from './strings.ts';
import { caseOffset, discriminantBytes, payloadsOf } from './types.ts';

/** Moves a value from a frame to guest memory. The address and its extent are already checked. */
export type PourStore = (at: number, source: FrameSource) => void;
/** Moves a value from a frame to core values, the first at `slot`. */
export type PourFlat = (flat: Flat[], slot: number, source: FrameSource) => void;

interface Pour {
  readonly store: PourStore;
  readonly flat: PourFlat;
}

/** A part of a record and its place in the whole. */
interface PlacedPour extends Pour {
  readonly offset: number;
  readonly slot: number;
}

/** Moves what lies elsewhere: returns its address, and leaves its length for `length`. */
interface PourAway {
  readonly write: (source: FrameSource) => number;
  readonly length: () => number;
}

/**
 * Makes the closures that lower values for a guest from a frame: what the transport's decoder
 * followed by `Lowerer` does, with the checks of both, and no value in between. A frame that does
 * not fit its type is a fault of the host.
 */
export class Pourer {
  readonly #types: Plan['types'];
  readonly #resources: readonly PlanResource[];
  readonly #instance: number;
  readonly #context: CanonContext;
  readonly #strings: StringCodec;
  readonly #pours = new Map<number, Pour>();

  constructor(
    plan: Pick<Plan, 'types' | 'resources'>,
    instance: number,
    context: CanonContext,
    strings: StringCodec,
  ) {
    this.#types = plan.types;
    this.#resources = plan.resources;
    this.#instance = instance;
    this.#context = context;
    this.#strings = strings;
  }

  store(index: number): PourStore {
    return this.#pour(index).store;
  }

  flat(index: number): PourFlat {
    return this.#pour(index).flat;
  }

  #pour(index: number): Pour {
    let pour = this.#pours.get(index);
    if (pour === undefined) {
      pour = this.#make(typeAt(this.#types, index));
      this.#pours.set(index, pour);
    }
    return pour;
  }

  #make(type: PlanType): Pour {
    const { form } = type;
    switch (form.kind) {
      case 'string':
        return this.#pair(this.#strings.encoding === 'utf8' ? this.#utf8() : this.#text());
      case 'list':
        return this.#pair(this.#list(form.element));
      case 'record':
      case 'tuple':
        return this.#record(form.items);
      case 'flags':
        return this.#flags(form.names.length, type.sizeBytes);
      case 'own':
      case 'borrow':
        return this.#handle(form.kind, form.resource);
      case 'variant':
      case 'enum':
      case 'option':
      case 'result':
        return this.#variant(type);
      default:
        return this.#primitive(form.kind);
    }
  }

  #primitive(kind: Parameters<typeof framePrimitive>[0]): Pour {
    const { memory } = this.#context;
    const { read, store } = framePrimitive(kind);
    return {
      store: (at, source) => store(memory, at, source),
      flat: (flat, slot, source) => {
        flat[slot] = read(source);
      },
    };
  }

  /** Writes address and length of what `away` moves. */
  #pair({ write, length }: PourAway): Pour {
    const { memory } = this.#context;
    return {
      store: (at, source) => {
        const address = write(source);
        memory.view.setUint32(at, address, true);
        memory.view.setUint32(at + 4, length(), true);
      },
      flat: (flat, slot, source) => {
        flat[slot] = write(source);
        flat[slot + 1] = length();
      },
    };
  }

  #utf8(): PourAway {
    const context = this.#context;
    let written = 0;
    return {
      write: source => {
        const size = wordOf(source);
        const start = source.take(size);
        requireText(source, start, size);
        written = size;
        return moveIn(context, source, start, size);
      },
      length: () => written,
    };
  }

  /** By way of a JavaScript string, for guests whose strings are not UTF-8. */
  #text(): PourAway {
    const strings = this.#strings;
    return {
      write: source => {
        const size = wordOf(source);
        const start = source.take(size);
        requireText(source, start, size);
        return strings.lower(source.buffer.utf8Slice(start, start + size));
      },
      length: () => strings.length,
    };
  }

  #list(element: number): PourAway {
    const { form, sizeBytes, alignBytes } = typeAt(this.#types, element);
    const context = this.#context;
    let written = 0;
    const length = (): number => written;
    if (form.kind === 'u8') {
      const write = (source: FrameSource): number => {
        const size = wordOf(source);
        const start = source.take(size);
        written = size;
        return moveIn(context, source, start, size);
      };
      return { write, length };
    }
    const { store } = this.#pour(element);
    const write = (source: FrameSource): number => {
      const count = wordOf(source);
      source.charge(count);
      const size = count * sizeBytes;
      context.requireValueSize(size);
      const at = context.allocate(size, alignBytes);
      for (let n = 0; n < count; n += 1) store(at + n * sizeBytes, source);
      written = count;
      return at;
    };
    return { write, length };
  }

  #record(items: readonly number[]): Pour {
    const { places } = rowLayout(this.#types, items);
    const parts: readonly PlacedPour[] = places.map(({ type, offset, slot }) => {
      return { ...this.#pour(type), offset, slot };
    });
    return {
      store: (at, source) => {
        for (const part of parts) part.store(at + part.offset, source);
      },
      flat: (flat, at, source) => {
        for (const part of parts) part.flat(flat, at + part.slot, source);
      },
    };
  }

  #flags(count: number, size: number): Pour {
    const { memory } = this.#context;
    const byteCount = Math.ceil(count / 8);
    const read = (source: FrameSource): number => {
      let bits = 0;
      for (let n = 0; n < byteCount; n += 1) bits += byteOf(source) * 2 ** (8 * n);
      if (bits >= 2 ** count) throw unfit('flags');
      return bits;
    };
    return {
      store: (at, source) => memory.writeUnsigned(at, size, read(source)),
      flat: (flat, slot, source) => {
        // A core value of 32 bits is signed.
        flat[slot] = read(source) | 0;
      },
    };
  }

  #handle(kind: 'own' | 'borrow', resource: number): Pour {
    const { memory, instance } = this.#context;
    // A borrow given to the component that implements the resource is the representation itself.
    const isOwner = this.#resources[resource]?.instance === this.#instance;
    const give = (source: FrameSource): number => {
      const value = wordOf(source);
      if (kind === 'borrow' && isOwner) return value | 0;
      return instance.add(resource, value, kind === 'own');
    };
    return {
      store: (at, source) => memory.view.setUint32(at, give(source), true),
      flat: (flat, slot, source) => {
        flat[slot] = give(source);
      },
    };
  }

  #variant(type: PlanType): Pour {
    const payloads = payloadsOf(type.form) ?? [];
    const { memory } = this.#context;
    const count = payloads.length;
    const isWide = count > 0x100;
    const tagSize = discriminantBytes(count);
    const offset = caseOffset(this.#types, payloads);
    const stores = payloads.map(payload => (payload === null ? none : this.#pour(payload).store));
    const flats = payloads.map(payload => this.#caseFlat(type, payload));
    const read = (source: FrameSource): number => {
      const tag = isWide ? source.buffer.readUInt16LE(source.take(2)) : byteOf(source);
      if (tag >= count) throw unfit(type.form.kind);
      return tag;
    };
    return {
      store: (at, source) => {
        const tag = read(source);
        memory.writeUnsigned(at, tagSize, tag);
        stores[tag]?.(at + offset, source);
      },
      flat: (flat, slot, source) => {
        const tag = read(source);
        flat[slot] = tag;
        flats[tag]?.(flat, slot + 1, source);
      },
    };
  }

  /** Writes a payload so that it fills the core values that all cases share. */
  #caseFlat(variant: PlanType, payload: number | null): PourFlat {
    const have = variant.flat.slice(1);
    const want = payload === null ? '' : typeAt(this.#types, payload).flat;
    const pour = payload === null ? null : this.#pour(payload).flat;
    const same = have.startsWith(want);
    const zeros: readonly Flat[] = [...have].map(zeroOf);
    return (flat, at, source) => {
      pour?.(flat, at, source);
      if (!same) {
        for (let n = 0; n < want.length; n += 1) {
          flat[at + n] = coerceFlat(flat[at + n] ?? 0, want[n] ?? 'i', have[n] ?? 'i');
        }
      }
      for (let n = want.length; n < zeros.length; n += 1) flat[at + n] = zeros[n] ?? 0;
    };
  }
}

/** Has the guest allocate and copies bytes of the frame there. */
function moveIn(context: CanonContext, source: FrameSource, start: number, size: number): number {
  context.requireValueSize(size);
  const at = context.allocate(size, 1);
  copyBytes(source.buffer, start, start + size, context.memory.bytes, at);
  return at;
}

function requireText({ buffer }: FrameSource, start: number, size: number): void {
  if (!holdsUtf8(buffer, start, start + size)) throw unfit('string');
}

function unfit(what: string): Trap {
  return new Trap('TRAP_HOST', `the host's frame holds no ${what}`);
}

function none(): void {
  // A case without a payload.
}
