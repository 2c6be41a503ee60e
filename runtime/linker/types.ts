import { LinkError } from './errors.ts';
import type { LinkLimits } from './limits.ts';
import type { PlanFunctionType, PlanType, TypeForm, TypeLayout } from './plan.ts';

/** What the table knows of a type beside its layout. */
interface TypeFacts {
  readonly weight: number;
  readonly depth: number;
  readonly hasPointer: boolean;
  readonly hasResource: boolean;
  readonly hasBorrow: boolean;
}

const PRIMITIVES: Readonly<Record<string, TypeLayout>> = {
  bool: { sizeBytes: 1, alignBytes: 1, flat: 'i' },
  u8: { sizeBytes: 1, alignBytes: 1, flat: 'i' },
  s8: { sizeBytes: 1, alignBytes: 1, flat: 'i' },
  u16: { sizeBytes: 2, alignBytes: 2, flat: 'i' },
  s16: { sizeBytes: 2, alignBytes: 2, flat: 'i' },
  u32: { sizeBytes: 4, alignBytes: 4, flat: 'i' },
  s32: { sizeBytes: 4, alignBytes: 4, flat: 'i' },
  u64: { sizeBytes: 8, alignBytes: 8, flat: 'I' },
  s64: { sizeBytes: 8, alignBytes: 8, flat: 'I' },
  f32: { sizeBytes: 4, alignBytes: 4, flat: 'f' },
  f64: { sizeBytes: 8, alignBytes: 8, flat: 'F' },
  char: { sizeBytes: 4, alignBytes: 4, flat: 'i' },
  string: { sizeBytes: 8, alignBytes: 4, flat: 'ii' },
};

/** Core parameters of a function; more go through memory (`CanonicalABI.md`, "Flattening"). */
export const FLAT_PARAMS_MAX = 16;
/** Core results of a function; more go through memory. */
export const FLAT_RESULTS_MAX = 1;
/** A flattening longer than this is only ever used by its length. */
const FLAT_KEPT_MAX = FLAT_PARAMS_MAX + 1;

/** Returns `offset` rounded up to `align`. */
export function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

/** Returns the bytes of a variant's discriminant: 1, 2 or 4. */
export function discriminantBytes(caseCount: number): number {
  if (caseCount <= 0x100) return 1;
  return caseCount <= 0x1_0000 ? 2 : 4;
}

/** Returns a variant's payloads, whatever its kind; null where the type is no variant. */
export function payloadsOf(form: TypeForm): readonly (number | null)[] | null {
  switch (form.kind) {
    case 'variant':
      return form.payloads;
    case 'enum':
      return form.names.map(() => null);
    case 'option':
      return [null, form.value];
    case 'result':
      return [form.ok, form.err];
    default:
      return null;
  }
}

/** Returns where a variant's payload begins in memory. */
export function caseOffset(
  types: readonly PlanType[],
  payloads: readonly (number | null)[],
): number {
  const aligns = payloads.map(payload =>
    payload === null ? 1 : (types[payload]?.alignBytes ?? 1),
  );
  return alignTo(discriminantBytes(payloads.length), Math.max(1, ...aligns));
}

/** Returns the core type that can carry both. */
function joinFlat(a: string, b: string): string {
  if (a === b) return a;
  const narrow = 'if';
  return narrow.includes(a) && narrow.includes(b) ? 'i' : 'I';
}

/**
 * All types of a component, each stored once, so that equality is equality of indices. A type is
 * refused when its tree grows over `typeWeightMax` nodes or `typeDepthMax` levels.
 */
export class TypeTable {
  readonly types: PlanType[] = [];
  readonly functionTypes: PlanFunctionType[] = [];
  readonly #facts: TypeFacts[] = [];
  readonly #indices = new Map<string, number>();
  readonly #functionIndices = new Map<string, number>();
  readonly #limits: LinkLimits;

  constructor(limits: LinkLimits) {
    this.#limits = limits;
  }

  /** Returns the type at an index that this table handed out. */
  type(index: number): PlanType {
    const type = this.types[index];
    if (type === undefined) throw new LinkError('LINK_INVALID', `no type ${index}`);
    return type;
  }

  functionType(index: number): PlanFunctionType {
    const type = this.functionTypes[index];
    if (type === undefined) throw new LinkError('LINK_INVALID', `no function type ${index}`);
    return type;
  }

  facts(index: number): TypeFacts {
    const facts = this.#facts[index];
    if (facts === undefined) throw new LinkError('LINK_INVALID', `no type ${index}`);
    return facts;
  }

  /** Returns the index of `form`, the same for equal forms. */
  intern(form: TypeForm): number {
    const key = JSON.stringify(form);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const children = childrenOf(form);
    const facts = this.#factsOf(form, children);
    if (facts.weight > this.#limits.typeWeightMax) {
      throw new LinkError('LINK_LIMIT', `a type of more than ${this.#limits.typeWeightMax} nodes`);
    }
    if (facts.depth > this.#limits.typeDepthMax) {
      throw new LinkError('LINK_LIMIT', `a type deeper than ${this.#limits.typeDepthMax}`);
    }
    const index = this.types.length;
    this.types.push({ form, ...this.#layout(form) });
    this.#facts.push(facts);
    this.#indices.set(key, index);
    return index;
  }

  internFunction(type: PlanFunctionType): number {
    const key = JSON.stringify(type);
    const known = this.#functionIndices.get(key);
    if (known !== undefined) return known;
    if (this.functionWeight(type) > this.#limits.typeWeightMax) {
      throw new LinkError('LINK_LIMIT', `a function of over ${this.#limits.typeWeightMax} nodes`);
    }
    if (type.result !== null && this.facts(type.result).hasBorrow) {
      throw new LinkError('LINK_INVALID', 'a function returns a borrow');
    }
    const index = this.functionTypes.length;
    this.functionTypes.push(type);
    this.#functionIndices.set(key, index);
    return index;
  }

  /** Returns the nodes of a function's types, each written out as a tree. */
  functionWeight(type: PlanFunctionType): number {
    let weight = 1;
    for (const param of type.params) weight += this.facts(param).weight;
    return type.result === null ? weight : weight + this.facts(type.result).weight;
  }

  /** Returns the flattening of several types in a row, cut after 17 letters. */
  flatten(indices: readonly number[]): string {
    let flat = '';
    for (const index of indices) {
      flat += this.type(index).flat;
      if (flat.length > FLAT_KEPT_MAX) return flat.slice(0, FLAT_KEPT_MAX);
    }
    return flat;
  }

  #factsOf(form: TypeForm, children: readonly number[]): TypeFacts {
    let weight = 1;
    let depth = 0;
    let hasPointer = form.kind === 'string' || form.kind === 'list';
    let hasResource = form.kind === 'own' || form.kind === 'borrow';
    let hasBorrow = form.kind === 'borrow';
    if (form.kind === 'enum' || form.kind === 'flags') weight += form.names.length;
    for (const child of children) {
      const facts = this.facts(child);
      weight += facts.weight;
      depth = Math.max(depth, facts.depth);
      hasPointer ||= facts.hasPointer;
      hasResource ||= facts.hasResource;
      hasBorrow ||= facts.hasBorrow;
    }
    return { weight, depth: depth + 1, hasPointer, hasResource, hasBorrow };
  }

  #layout(form: TypeForm): TypeLayout {
    switch (form.kind) {
      case 'list':
        return { sizeBytes: 8, alignBytes: 4, flat: 'ii' };
      case 'record':
      case 'tuple':
        return this.#recordLayout(form.items);
      case 'flags': {
        const bytes = form.names.length <= 8 ? 1 : form.names.length <= 16 ? 2 : 4;
        return { sizeBytes: bytes, alignBytes: bytes, flat: 'i' };
      }
      case 'own':
      case 'borrow':
        return { sizeBytes: 4, alignBytes: 4, flat: 'i' };
      default: {
        const payloads = payloadsOf(form);
        if (payloads !== null) return this.#variantLayout(payloads);
        const layout = PRIMITIVES[form.kind];
        if (layout === undefined) throw new LinkError('LINK_INVALID', `no type "${form.kind}"`);
        return layout;
      }
    }
  }

  #recordLayout(items: readonly number[]): TypeLayout {
    let size = 0;
    let align = 1;
    for (const item of items) {
      const layout = this.type(item);
      size = alignTo(size, layout.alignBytes) + layout.sizeBytes;
      align = Math.max(align, layout.alignBytes);
    }
    const flat = this.flatten(items);
    return { sizeBytes: alignTo(size, align), alignBytes: align, flat };
  }

  #variantLayout(payloads: readonly (number | null)[]): TypeLayout {
    const tagBytes = discriminantBytes(payloads.length);
    let size = 0;
    let align = 1;
    let flat = '';
    for (const payload of payloads) {
      if (payload === null) continue;
      const layout = this.type(payload);
      size = Math.max(size, layout.sizeBytes);
      align = Math.max(align, layout.alignBytes);
      let joined = '';
      for (let at = 0; at < Math.max(flat.length, layout.flat.length); at += 1) {
        const left = flat[at] ?? layout.flat[at] ?? 'i';
        joined += joinFlat(left, layout.flat[at] ?? left);
      }
      flat = joined;
    }
    const alignBytes = Math.max(align, tagBytes);
    return {
      sizeBytes: alignTo(alignTo(tagBytes, align) + size, alignBytes),
      alignBytes,
      flat: `i${flat}`.slice(0, FLAT_KEPT_MAX),
    };
  }
}

/** Pairs two lists of one length. */
export function zip<A, B>(left: readonly A[], right: readonly B[]): (readonly [A, B])[] {
  const pairs: (readonly [A, B])[] = [];
  for (const [index, a] of left.entries()) {
    const b = right[index];
    if (b !== undefined) pairs.push([a, b]);
  }
  return pairs;
}

function childrenOf(form: TypeForm): readonly number[] {
  if (form.kind === 'list') return [form.element];
  if (form.kind === 'record' || form.kind === 'tuple') return form.items;
  return (payloadsOf(form) ?? []).filter(payload => payload !== null);
}
