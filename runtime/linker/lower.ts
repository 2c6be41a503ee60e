import { camelCase } from '../base/value-type.ts';
import { coerceFlat, zeroOf } from './flat.ts';
import type { CanonContext } from './guest-memory.ts';
import { type Lower, type LowerFlat, type StoreValue, unfit } from './lower-form.ts';
import { lowerPrimitive } from './lower-primitive.ts';
import type { Plan, PlanResource, PlanType } from './plan.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { Flat } from './store.ts';
import type { StringCodec } from './strings.ts';
import { caseOffset, discriminantBytes, payloadsOf } from './types.ts';

/** Splits a variant's JavaScript value into its case and payload. */
type SplitCase = (value: unknown) => { readonly tag: number; readonly payload: unknown };

/**
 * Makes the closures that write values for a guest (`CanonicalABI.md`, "Storing", "Flat Lowering").
 * A value that does not fit its type is a fault of the host: Trap `TRAP_HOST`.
 */
export class Lowerer {
  readonly #types: Plan['types'];
  readonly #resources: readonly PlanResource[];
  readonly #instance: number;
  readonly #context: CanonContext;
  readonly #strings: StringCodec;
  readonly #lowers = new Map<number, Lower>();

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

  store(index: number): StoreValue {
    return this.#lower(index).store;
  }

  flat(index: number): LowerFlat {
    return this.#lower(index).flat;
  }

  #lower(index: number): Lower {
    let lower = this.#lowers.get(index);
    if (lower === undefined) {
      lower = this.#make(typeAt(this.#types, index));
      this.#lowers.set(index, lower);
    }
    return lower;
  }

  #make(type: PlanType): Lower {
    const { form } = type;
    switch (form.kind) {
      case 'string':
        return this.#string();
      case 'list':
        return this.#list(form.element);
      case 'record':
        return this.#record(form.names, form.items);
      case 'tuple':
        return this.#tuple(form.items);
      case 'flags':
        return this.#flags(form.names, type.sizeBytes);
      case 'own':
      case 'borrow':
        return this.#handle(form.kind, form.resource);
      case 'variant':
      case 'enum':
      case 'option':
      case 'result':
        return this.#variant(type);
      default:
        return lowerPrimitive(form.kind, this.#context.memory);
    }
  }

  #string(): Lower {
    const strings = this.#strings;
    const write = (value: unknown): number => {
      if (typeof value !== 'string') throw unfit('string');
      return strings.lower(value);
    };
    return this.#pair(write, () => strings.length);
  }

  /** Writes what `write` allocates as address and length. */
  #pair(write: (value: unknown) => number, length: () => number): Lower {
    const { memory } = this.#context;
    return {
      store: (at, value) => {
        const address = write(value);
        memory.view.setUint32(at, address, true);
        memory.view.setUint32(at + 4, length(), true);
      },
      flat: (flat, at, value) => {
        flat[at] = write(value);
        flat[at + 1] = length();
      },
    };
  }

  #list(element: number): Lower {
    const type = typeAt(this.#types, element);
    const context = this.#context;
    const { memory } = context;
    let written = 0;
    if (type.form.kind === 'u8') {
      return this.#pair(
        value => {
          if (!(value instanceof Uint8Array)) throw unfit('list<u8>');
          context.requireValueSize(value.length);
          const at = context.allocate(value.length, 1);
          memory.bytes.set(value, at);
          written = value.length;
          return at;
        },
        () => written,
      );
    }
    const { store } = this.#lower(element);
    const { sizeBytes, alignBytes } = type;
    return this.#pair(
      value => {
        if (!Array.isArray(value)) throw unfit('list');
        const { length } = value;
        context.requireValueSize(length * sizeBytes);
        const at = context.allocate(length * sizeBytes, alignBytes);
        for (let n = 0; n < length; n += 1) store(at + n * sizeBytes, value[n]);
        written = length;
        return at;
      },
      () => written,
    );
  }

  #record(names: readonly string[], items: readonly number[]): Lower {
    const keys = names.map(camelCase);
    const parts = this.#parts(items);
    return {
      store: (at, value) => {
        if (!isObject(value)) throw unfit('record');
        for (let n = 0; n < parts.length; n += 1) {
          parts[n]?.store(at, value[keys[n] ?? '']);
        }
      },
      flat: (flat, at, value) => {
        if (!isObject(value)) throw unfit('record');
        for (let n = 0; n < parts.length; n += 1) {
          parts[n]?.flat(flat, at, value[keys[n] ?? '']);
        }
      },
    };
  }

  #tuple(items: readonly number[]): Lower {
    const parts = this.#parts(items);
    return {
      store: (at, value) => {
        if (!Array.isArray(value) || value.length !== parts.length) throw unfit('tuple');
        for (let n = 0; n < parts.length; n += 1) parts[n]?.store(at, value[n]);
      },
      flat: (flat, at, value) => {
        if (!Array.isArray(value) || value.length !== parts.length) throw unfit('tuple');
        for (let n = 0; n < parts.length; n += 1) parts[n]?.flat(flat, at, value[n]);
      },
    };
  }

  /** Returns writers of a record's parts that take the place of the whole record. */
  #parts(items: readonly number[]): readonly Lower[] {
    const { places } = rowLayout(this.#types, items);
    return places.map(({ type, offset, slot }) => shifted(this.#lower(type), offset, slot));
  }

  #flags(names: readonly string[], size: number): Lower {
    const { memory } = this.#context;
    const keys = names.map(camelCase);
    const gather = (value: unknown): number => {
      if (!isObject(value)) throw unfit('flags');
      let bits = 0;
      for (let n = 0; n < keys.length; n += 1) {
        if (value[keys[n] ?? ''] === true) bits |= 1 << n;
      }
      return bits;
    };
    return {
      store: (at, value) => memory.writeUnsigned(at, size, gather(value)),
      flat: (flat, at, value) => {
        flat[at] = gather(value);
      },
    };
  }

  #handle(kind: 'own' | 'borrow', resource: number): Lower {
    const { memory, instance } = this.#context;
    // A borrow given to the component that implements the resource is the representation itself.
    const own = this.#resources[resource]?.instance === this.#instance;
    const give = (value: unknown): number => {
      if (typeof value !== 'number') throw unfit(kind);
      return kind === 'borrow' && own ? value | 0 : instance.add(resource, value, kind === 'own');
    };
    return {
      store: (at, value) => memory.view.setUint32(at, give(value), true),
      flat: (flat, at, value) => {
        flat[at] = give(value);
      },
    };
  }

  #variant(type: PlanType): Lower {
    const payloads = payloadsOf(type.form) ?? [];
    const { memory } = this.#context;
    const tagSize = discriminantBytes(payloads.length);
    const offset = caseOffset(this.#types, payloads);
    const split = caseSplitter(this.#types, type);
    const stores = payloads.map(p => (p === null ? null : this.#lower(p).store));
    const flats = payloads.map(payload => this.#caseFlat(type, payload));
    return {
      store: (at, value) => {
        const { tag, payload } = split(value);
        memory.writeUnsigned(at, tagSize, tag);
        stores[tag]?.(at + offset, payload);
      },
      flat: (flat, at, value) => {
        const { tag, payload } = split(value);
        flat[at] = tag;
        flats[tag]?.(flat, at + 1, payload);
      },
    };
  }

  /** Writes a payload so that it fills the core values that all cases share. */
  #caseFlat(variant: PlanType, payload: number | null): LowerFlat {
    const have = variant.flat.slice(1);
    const want = payload === null ? '' : typeAt(this.#types, payload).flat;
    const lower = payload === null ? null : this.#lower(payload).flat;
    const same = have.startsWith(want);
    const zeros: Flat[] = [...have].map(zeroOf);
    return (flat, at, value) => {
      lower?.(flat, at, value);
      if (!same) {
        for (let n = 0; n < want.length; n += 1) {
          flat[at + n] = coerceFlat(flat[at + n] ?? 0, want[n] ?? 'i', have[n] ?? 'i');
        }
      }
      for (let n = want.length; n < zeros.length; n += 1) flat[at + n] = zeros[n] ?? 0;
    };
  }
}

/** Whether a value's properties may be read. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Whether a value has the form of a variant. */
function isTagged(value: unknown): value is { readonly tag: string; readonly val?: unknown } {
  return isObject(value) && 'tag' in value && typeof value.tag === 'string';
}

function shifted({ store, flat }: Lower, offset: number, slot: number): Lower {
  return {
    store: offset === 0 ? store : (at, value) => store(at + offset, value),
    flat: slot === 0 ? flat : (into, at, value) => flat(into, at + slot, value),
  };
}

/** Returns how a variant's JavaScript value splits into case and payload. */
function caseSplitter(types: Plan['types'], type: PlanType): SplitCase {
  const { form } = type;
  if (form.kind === 'option' && typeAt(types, form.value).form.kind !== 'option') {
    return value =>
      value === undefined || value === null
        ? { tag: 0, payload: value }
        : { tag: 1, payload: value };
  }
  if (form.kind === 'enum') {
    const tags = new Map(form.names.map((name, tag) => [name, tag]));
    return value => {
      const tag = typeof value === 'string' ? tags.get(value) : undefined;
      if (tag === undefined) throw unfit('case of the enum');
      return { tag, payload: undefined };
    };
  }
  const names =
    form.kind === 'variant'
      ? form.names
      : form.kind === 'option'
        ? ['none', 'some']
        : ['ok', 'err'];
  const tags = new Map(names.map((name, tag) => [name, tag]));
  return value => {
    if (!isTagged(value)) throw unfit(form.kind);
    const tag = tags.get(value.tag);
    if (tag === undefined) throw unfit(`case of the ${form.kind}`);
    return { tag, payload: value.val };
  };
}
