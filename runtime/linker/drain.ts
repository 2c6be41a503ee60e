import { copyBytes } from '../base/copy-bytes.ts';
import { holdsUtf8 } from '../base/utf8.ts';
import { abiTrap } from './errors.ts';
import { coerceFlat } from './flat.ts';
import type { FrameSink } from './frame.ts';
import { framePrimitive, putByte, putShort, putWord } from './frame-primitive.ts';
import type { CanonContext } from './guest-memory.ts';
import { intAt, type Lifter } from './lift.ts';
import type { Plan, PlanType } from './plan.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { Flat } from './store.ts';
import type { StringCodec } from './strings.ts';
import { caseOffset, discriminantBytes, payloadsOf } from './types.ts';

/** Moves a value from guest memory to a frame. The address and its extent are already checked. */
export type DrainLoad = (at: number, sink: FrameSink) => void;
/** Moves a value from core values, the first at `slot`, to a frame. */
export type DrainFlat = (flat: readonly Flat[], slot: number, sink: FrameSink) => void;

interface Drain {
  readonly load: DrainLoad;
  readonly flat: DrainFlat;
}

/** A part of a record and its place in the whole. */
interface PlacedDrain extends Drain {
  readonly offset: number;
  readonly slot: number;
}

/** Moves what lies elsewhere, by address and length. */
type DrainAway = (at: number, length: number, sink: FrameSink) => void;

/**
 * Makes the closures that lift a guest's values into a frame: what `Lifter` followed by the
 * transport's encoder does, with the checks and the budget of both, and no value in between.
 */
export class Drainer {
  readonly #types: Plan['types'];
  readonly #context: CanonContext;
  readonly #strings: StringCodec;
  readonly #lifter: Lifter;
  readonly #drains = new Map<number, Drain>();

  /** `lifter` knows what an element of a list costs. */
  constructor(types: Plan['types'], context: CanonContext, strings: StringCodec, lifter: Lifter) {
    this.#types = types;
    this.#context = context;
    this.#strings = strings;
    this.#lifter = lifter;
  }

  load(index: number): DrainLoad {
    return this.#drain(index).load;
  }

  flat(index: number): DrainFlat {
    return this.#drain(index).flat;
  }

  #drain(index: number): Drain {
    let drain = this.#drains.get(index);
    if (drain === undefined) {
      drain = this.#make(typeAt(this.#types, index));
      this.#drains.set(index, drain);
    }
    return drain;
  }

  #make(type: PlanType): Drain {
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

  #primitive(kind: Parameters<typeof framePrimitive>[0]): Drain {
    const { memory } = this.#context;
    const { load, write } = framePrimitive(kind);
    return {
      load: (at, sink) => load(memory, at, sink),
      flat: (flat, slot, sink) => write(sink, flat[slot] ?? 0),
    };
  }

  #pair(away: DrainAway): Drain {
    const { memory } = this.#context;
    return {
      load: (at, sink) => {
        away(memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true), sink);
      },
      flat: (flat, slot, sink) => {
        away(intAt(flat, slot) >>> 0, intAt(flat, slot + 1) >>> 0, sink);
      },
    };
  }

  #utf8(): DrainAway {
    const context = this.#context;
    const { memory } = context;
    return (at, length, sink) => {
      requireBytes(context, at, length);
      if (!holdsUtf8(memory.buffer, at, at + length)) throw abiTrap('a string is not UTF-8');
      moveOut(context, at, length, sink);
    };
  }

  /** By way of a JavaScript string, for guests whose strings are not UTF-8. */
  #text(): DrainAway {
    const { lift } = this.#strings;
    return (at, length, sink) => {
      const text = lift(at, length);
      const size = Buffer.byteLength(text, 'utf8');
      putWord(sink, size);
      const place = sink.take(size);
      sink.buffer.utf8Write(text, place, size);
    };
  }

  #list(element: number): DrainAway {
    const { form, sizeBytes, alignBytes } = typeAt(this.#types, element);
    const context = this.#context;
    const { memory, store } = context;
    if (form.kind === 'u8') {
      return (at, length, sink) => {
        requireBytes(context, at, length);
        moveOut(context, at, length, sink);
      };
    }
    const { load } = this.#drain(element);
    const charge = Math.max(sizeBytes, this.#lifter.cost(element));
    return (at, length, sink) => {
      const size = length * sizeBytes;
      memory.require(at, size, alignBytes);
      context.requireValueSize(size);
      store.charge(length * charge);
      sink.charge(length);
      putWord(sink, length);
      for (let n = 0; n < length; n += 1) load(at + n * sizeBytes, sink);
    };
  }

  #record(items: readonly number[]): Drain {
    const { places } = rowLayout(this.#types, items);
    const parts: readonly PlacedDrain[] = places.map(({ type, offset, slot }) => {
      return { ...this.#drain(type), offset, slot };
    });
    return {
      load: (at, sink) => {
        for (const part of parts) part.load(at + part.offset, sink);
      },
      flat: (flat, at, sink) => {
        for (const part of parts) part.flat(flat, at + part.slot, sink);
      },
    };
  }

  #flags(count: number, size: number): Drain {
    const { memory } = this.#context;
    const byteCount = Math.ceil(count / 8);
    const lastMask = 0xff >>> (byteCount * 8 - count);
    // Bits beyond the flags mean nothing in a guest, and are no flags in a frame.
    const write = (sink: FrameSink, bits: number): void => {
      for (let n = 0; n < byteCount; n += 1) {
        putByte(sink, (bits >>> (8 * n)) & (n === byteCount - 1 ? lastMask : 0xff));
      }
    };
    return {
      load: (at, sink) => write(sink, memory.readUnsigned(at, size)),
      flat: (flat, slot, sink) => write(sink, intAt(flat, slot)),
    };
  }

  #handle(kind: 'own' | 'borrow', resource: number): Drain {
    const { memory, instance } = this.#context;
    const take = (handle: number): number => {
      return kind === 'own' ? instance.takeOwn(resource, handle) : instance.lend(resource, handle);
    };
    return {
      load: (at, sink) => putWord(sink, take(memory.view.getUint32(at, true))),
      flat: (flat, slot, sink) => putWord(sink, take(intAt(flat, slot) >>> 0)),
    };
  }

  #variant(type: PlanType): Drain {
    const payloads = payloadsOf(type.form) ?? [];
    const { memory } = this.#context;
    const count = payloads.length;
    const isWide = count > 0x100;
    const tagSize = discriminantBytes(count);
    const offset = caseOffset(this.#types, payloads);
    const loads = payloads.map(payload => (payload === null ? none : this.#drain(payload).load));
    const flats = payloads.map(payload =>
      payload === null ? none : this.#caseFlat(type, payload),
    );
    const write = (sink: FrameSink, tag: number): void => {
      if (tag >= count) throw abiTrap(`case ${tag} of ${count}`);
      if (isWide) putShort(sink, tag);
      else putByte(sink, tag);
    };
    return {
      load: (at, sink) => {
        const tag = memory.readUnsigned(at, tagSize);
        write(sink, tag);
        loads[tag]?.(at + offset, sink);
      },
      flat: (flat, slot, sink) => {
        const tag = intAt(flat, slot) >>> 0;
        write(sink, tag);
        flats[tag]?.(flat, slot + 1, sink);
      },
    };
  }

  /** Reads a payload whose core values were joined with those of other cases. */
  #caseFlat(variant: PlanType, payload: number): DrainFlat {
    const have = variant.flat.slice(1);
    const want = typeAt(this.#types, payload).flat;
    const drain = this.#drain(payload).flat;
    if (have.startsWith(want)) return drain;
    return (flat, slot, sink) => {
      const own: Flat[] = [];
      for (let n = 0; n < want.length; n += 1) {
        own.push(coerceFlat(flat[slot + n] ?? 0, have[n] ?? 'i', want[n] ?? 'i'));
      }
      drain(own, 0, sink);
    };
  }
}

function requireBytes(context: CanonContext, at: number, length: number): void {
  context.memory.require(at, length, 1);
  context.requireValueSize(length);
  context.store.charge(length);
}

/** Copies bytes of the guest, which are already checked, behind their length. */
function moveOut({ memory }: CanonContext, at: number, length: number, sink: FrameSink): void {
  putWord(sink, length);
  const place = sink.take(length);
  copyBytes(memory.buffer, at, at + length, sink.buffer, place);
}

function none(): void {
  // A case without a payload.
}
