import { camelCase } from '../base/value-type.ts';
import { abiTrap } from './errors.ts';
import { coerceFlat, isScalar } from './flat.ts';
import type { CanonContext } from './guest-memory.ts';
import type { Plan, PlanType } from './plan.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { Flat } from './store.ts';
import type { StringCodec } from './strings.ts';
import { caseOffset, discriminantBytes, payloadsOf } from './types.ts';

/** Reads a value from guest memory. The address and its extent are already checked. */
export type Load = (at: number) => unknown;
/** Reads a value from flat core values, the first at `at`. */
export type LiftFlat = (flat: readonly Flat[], at: number) => unknown;

/** What a JavaScript value costs beside its bytes, roughly, in bytes. */
const OBJECT_COST = 32;
const SLOT_COST = 8;
const BYTES_COST = 128;

/** The two ways to read a type, and what an element of it costs. */
interface Lift {
  readonly load: Load;
  readonly flat: LiftFlat;
  readonly cost: number;
}

/** Makes the closures that read a guest's values (`CanonicalABI.md`, "Loading", "Flat Lifting"). */
export class Lifter {
  readonly #types: Plan['types'];
  readonly #context: CanonContext;
  readonly #strings: StringCodec;
  readonly #lifts = new Map<number, Lift>();

  constructor(types: Plan['types'], context: CanonContext, strings: StringCodec) {
    this.#types = types;
    this.#context = context;
    this.#strings = strings;
  }

  load(index: number): Load {
    return this.#lift(index).load;
  }

  flat(index: number): LiftFlat {
    return this.#lift(index).flat;
  }

  /** Returns what one value of a type is counted as beside what it points to, in bytes. */
  cost(index: number): number {
    return this.#lift(index).cost;
  }

  #lift(index: number): Lift {
    let lift = this.#lifts.get(index);
    if (lift === undefined) {
      lift = this.#make(typeAt(this.#types, index));
      this.#lifts.set(index, lift);
    }
    return lift;
  }

  #make(type: PlanType): Lift {
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
        return this.#primitive(form.kind);
    }
  }

  #primitive(kind: string): Lift {
    const { memory } = this.#context;
    const cost = SLOT_COST;
    switch (kind) {
      case 'bool':
        return {
          load: at => memory.bytes[at] !== 0,
          flat: (flat, at) => flat[at] !== 0,
          cost,
        };
      case 'u8':
        return { load: at => memory.bytes[at], flat: (f, at) => intAt(f, at) & 0xff, cost };
      case 's8':
        return {
          load: at => memory.view.getInt8(at),
          flat: (f, at) => (intAt(f, at) << 24) >> 24,
          cost,
        };
      case 'u16':
        return {
          load: at => memory.view.getUint16(at, true),
          flat: (f, at) => intAt(f, at) & 0xffff,
          cost,
        };
      case 's16':
        return {
          load: at => memory.view.getInt16(at, true),
          flat: (f, at) => (intAt(f, at) << 16) >> 16,
          cost,
        };
      case 'u32':
        return {
          load: at => memory.view.getUint32(at, true),
          flat: (f, at) => intAt(f, at) >>> 0,
          cost,
        };
      case 's32':
        return {
          load: at => memory.view.getInt32(at, true),
          flat: (f, at) => intAt(f, at) | 0,
          cost,
        };
      case 'u64':
        return {
          load: at => memory.view.getBigUint64(at, true),
          flat: (f, at) => BigInt.asUintN(64, BigInt(f[at] ?? 0n)),
          cost: cost * 3,
        };
      case 's64':
        return {
          load: at => memory.view.getBigInt64(at, true),
          flat: (f, at) => f[at],
          cost: cost * 3,
        };
      case 'f32':
        return { load: at => memory.view.getFloat32(at, true), flat: (f, at) => f[at], cost };
      case 'f64':
        return { load: at => memory.view.getFloat64(at, true), flat: (f, at) => f[at], cost };
      default:
        return {
          load: at => char(memory.view.getUint32(at, true)),
          flat: (f, at) => char(intAt(f, at) >>> 0),
          cost: cost * 3,
        };
    }
  }

  #string(): Lift {
    const { memory } = this.#context;
    const { lift } = this.#strings;
    return {
      load: at => lift(memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true)),
      flat: (flat, at) => lift(intAt(flat, at) >>> 0, intAt(flat, at + 1) >>> 0),
      cost: OBJECT_COST,
    };
  }

  #list(element: number): Lift {
    const type = typeAt(this.#types, element);
    const { memory } = this.#context;
    const bytes = type.form.kind === 'u8';
    const lift = bytes ? this.#bytes() : this.#elements(element, type);
    return {
      load: at => lift(memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true)),
      flat: (flat, at) => lift(intAt(flat, at) >>> 0, intAt(flat, at + 1) >>> 0),
      cost: bytes ? BYTES_COST : OBJECT_COST,
    };
  }

  #bytes(): (at: number, length: number) => Uint8Array {
    const context = this.#context;
    const { memory, store } = context;
    return (at, length) => {
      memory.require(at, length, 1);
      context.requireValueSize(length);
      store.charge(length);
      return memory.bytes.slice(at, at + length);
    };
  }

  #elements(element: number, type: PlanType): (at: number, length: number) => unknown[] {
    const context = this.#context;
    const { memory, store } = context;
    const { load, cost } = this.#lift(element);
    const { sizeBytes, alignBytes } = type;
    const charge = Math.max(sizeBytes, cost);
    return (at, length) => {
      const size = length * sizeBytes;
      memory.require(at, size, alignBytes);
      context.requireValueSize(size);
      store.charge(length * charge);
      const values: unknown[] = [];
      for (let place = at; place < at + size; place += sizeBytes) values.push(load(place));
      return values;
    };
  }

  #record(names: readonly string[], items: readonly number[]): Lift {
    const { loads, flats, cost } = this.#fields(items);
    const keys = names.map(camelCase);
    const template: Readonly<Record<string, unknown>> = Object.fromEntries(
      keys.map(key => [key, undefined]),
    );
    return {
      load: at => {
        const record: Record<string, unknown> = { ...template };
        for (let n = 0; n < keys.length; n += 1) record[keys[n] ?? ''] = loads[n]?.(at);
        return record;
      },
      flat: (flat, at) => {
        const record: Record<string, unknown> = { ...template };
        for (let n = 0; n < keys.length; n += 1) record[keys[n] ?? ''] = flats[n]?.(flat, at);
        return record;
      },
      cost,
    };
  }

  #tuple(items: readonly number[]): Lift {
    const { loads, flats, cost } = this.#fields(items);
    return {
      load: at => loads.map(load => load(at)),
      flat: (flat, at) => flats.map(lift => lift(flat, at)),
      cost,
    };
  }

  /** Returns readers of a record's parts that take the place of the whole record. */
  #fields(items: readonly number[]) {
    const { places } = rowLayout(this.#types, items);
    const loads = places.map(({ type, offset }) => shiftedLoad(this.#lift(type).load, offset));
    const flats = places.map(({ type, slot }) => shiftedFlat(this.#lift(type).flat, slot));
    const cost = items.reduce((sum, item) => sum + SLOT_COST + this.#lift(item).cost, OBJECT_COST);
    return { loads, flats, cost };
  }

  #flags(names: readonly string[], size: number): Lift {
    const { memory } = this.#context;
    const keys = names.map(camelCase);
    const spread = (bits: number): unknown => {
      const flags: Record<string, boolean> = {};
      for (let n = 0; n < keys.length; n += 1) flags[keys[n] ?? ''] = ((bits >>> n) & 1) === 1;
      return flags;
    };
    return {
      load: at => spread(memory.readUnsigned(at, size)),
      flat: (flat, at) => spread(intAt(flat, at)),
      cost: OBJECT_COST + SLOT_COST * names.length,
    };
  }

  #handle(kind: 'own' | 'borrow', resource: number): Lift {
    const { memory, instance } = this.#context;
    const take =
      kind === 'own'
        ? (handle: number): number => instance.takeOwn(resource, handle)
        : (handle: number): number => instance.lend(resource, handle);
    return {
      load: at => take(memory.view.getUint32(at, true)),
      flat: (flat, at) => take(intAt(flat, at) >>> 0),
      cost: SLOT_COST,
    };
  }

  #variant(type: PlanType): Lift {
    const payloads = payloadsOf(type.form) ?? [];
    const { memory } = this.#context;
    const tagSize = discriminantBytes(payloads.length);
    const offset = caseOffset(this.#types, payloads);
    const build = caseBuilders(this.#types, type);
    const loads = payloads.map(payload => (payload === null ? null : this.#lift(payload).load));
    const flats = payloads.map(payload =>
      payload === null ? null : this.#caseFlat(type, payload),
    );
    const costs = payloads.map(payload => (payload === null ? 0 : this.#lift(payload).cost));
    const count = payloads.length;
    return {
      load: at => {
        const tag = memory.readUnsigned(at, tagSize);
        if (tag >= count) throw abiTrap(`case ${tag} of ${count}`);
        return build[tag]?.(loads[tag]?.(at + offset));
      },
      flat: (flat, at) => {
        const tag = intAt(flat, at) >>> 0;
        if (tag >= count) throw abiTrap(`case ${tag} of ${count}`);
        return build[tag]?.(flats[tag]?.(flat, at + 1));
      },
      cost: OBJECT_COST + Math.max(0, ...costs),
    };
  }

  /** Reads a payload whose core values were joined with those of other cases. */
  #caseFlat(variant: PlanType, payload: number): LiftFlat {
    const have = variant.flat.slice(1);
    const want = typeAt(this.#types, payload).flat;
    const lift = this.#lift(payload).flat;
    if (have.startsWith(want)) return lift;
    return (flat, at) => {
      const own: Flat[] = [];
      for (let n = 0; n < want.length; n += 1) {
        own.push(coerceFlat(flat[at + n] ?? 0, have[n] ?? 'i', want[n] ?? 'i'));
      }
      return lift(own, 0);
    };
  }
}

/** Returns how each case's payload becomes a JavaScript value. */
function caseBuilders(types: Plan['types'], type: PlanType): ((payload: unknown) => unknown)[] {
  const { form } = type;
  switch (form.kind) {
    case 'enum':
      return form.names.map(name => () => name);
    case 'variant':
      return form.names.map((tag, index) => {
        if ((form.payloads[index] ?? null) === null) return () => ({ tag });
        return (val: unknown) => ({ tag, val });
      });
    case 'result':
      return [val => ({ tag: 'ok', val }), val => ({ tag: 'err', val })];
    case 'option':
      return typeAt(types, form.value).form.kind === 'option'
        ? [() => ({ tag: 'none' }), val => ({ tag: 'some', val })]
        : [() => undefined, val => val];
    default:
      return [];
  }
}

function shiftedLoad(load: Load, by: number): Load {
  return by === 0 ? load : at => load(at + by);
}

function shiftedFlat(lift: LiftFlat, by: number): LiftFlat {
  return by === 0 ? lift : (flat, at) => lift(flat, at + by);
}

/** Returns a core value that must be a 32-bit integer. */
export function intAt(flat: readonly Flat[], at: number): number {
  const value = flat[at];
  if (typeof value !== 'number') throw abiTrap('a core value is no 32-bit integer');
  return value;
}

function char(code: number): string {
  if (!isScalar(code)) throw abiTrap(`no character ${code}`);
  return String.fromCodePoint(code);
}
