import type { TypeDefinition, TypeReference } from './definitions.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { NO_NAMES, type Scope, type TypeItem, type TypeNames } from './scope.ts';

/** Kinds of value types that a component must name before an extern may mention them. */
const NOMINAL: ReadonlySet<string> = new Set(['record', 'variant', 'enum', 'flags']);

type Marks = ReadonlySet<number>;
const NO_MARKS: Marks = new Set();

/**
 * Gives types their marks (`Explainer.md`, "External Visibility of Types"). Layout and equality
 * need none: they follow structure. A type that is imported or exported gets a mark of its own, and
 * only validation asks for marks; without it all names are empty.
 */
export class TypeNaming {
  readonly #builder: PlanBuilder;
  readonly #active: boolean;
  /** By what makes the type, then by its resource: each instance has resources of its own. */
  readonly #marks = new Map<object, Map<number, number>>();
  #markCount = 0;

  constructor(builder: PlanBuilder, active: boolean) {
    this.#builder = builder;
    this.#active = active;
  }

  /** Returns `item` as an import or export that `key` stands for makes it known. */
  renamed(item: TypeItem, key: object): TypeItem {
    if (!this.#active || !this.#isNominal(item)) return item;
    const resource = item.type.kind === 'resource' ? item.type.index : -1;
    return { ...item, names: this.#marked(key, resource, item.names.parts) };
  }

  /** Returns the names of a new resource. */
  ofResource(key: object, resource: number): TypeNames {
    return this.#active ? this.#marked(key, resource, NO_MARKS) : NO_NAMES;
  }

  /** Returns the names of a value or function type that `definition` makes in `scope`. */
  ofDefinition(definition: TypeDefinition, scope: Scope): TypeNames {
    if (!this.#active) return NO_NAMES;
    const of = (reference: TypeReference | null | undefined): TypeNames =>
      typeof reference === 'number' ? scope.get('type', reference).names : NO_NAMES;
    switch (definition.kind) {
      case 'list':
      case 'option':
        return transparent(of(definition.element).mentions);
      case 'tuple':
        return transparent(this.#union(definition.items.map(of)));
      case 'result': {
        const { ok, err } = definition;
        return { ...transparent(this.#union([of(ok), of(err)])), made: of(ok).own };
      }
      case 'record':
        return this.#marked(definition, -1, this.#union(definition.items.map(of)));
      case 'variant':
        return this.#marked(definition, -1, this.#union(definition.payloads.map(of)));
      case 'enum':
      case 'flags':
        return this.#marked(definition, -1, NO_MARKS);
      case 'own':
      case 'borrow': {
        const { mark, mentions } = of(definition.resource);
        const own = definition.kind === 'own' ? mark : null;
        const borrow = definition.kind === 'borrow' ? mark : null;
        return { ...transparent(mentions), own, borrow, made: own };
      }
      case 'func': {
        const { names, params, result } = definition;
        const mentions = this.#union([...params.map(of), of(result)]);
        const borrow = names[0] === 'self' ? of(params[0]).borrow : null;
        return { ...transparent(mentions), borrow, made: of(result).made };
      }
      default:
        return NO_NAMES;
    }
  }

  #isNominal({ type }: TypeItem): boolean {
    if (type.kind === 'resource') return true;
    return type.kind === 'value' && NOMINAL.has(this.#builder.types.type(type.index).form.kind);
  }

  #marked(key: object, resource: number, parts: Marks): TypeNames {
    const marks = this.#marks.get(key) ?? new Map<number, number>();
    this.#marks.set(key, marks);
    let mark = marks.get(resource);
    if (mark === undefined) {
      mark = this.#markCount;
      this.#markCount += 1;
      marks.set(resource, mark);
    }
    return { ...NO_NAMES, mark, mentions: new Set([mark]), parts };
  }

  #union(all: readonly TypeNames[]): Marks {
    const [first, ...others] = all.filter(({ mentions }) => mentions.size > 0);
    if (first === undefined) return NO_MARKS;
    if (others.length === 0) return first.mentions;
    const union = new Set(first.mentions);
    for (const { mentions } of others) {
      this.#builder.count(mentions.size);
      for (const mark of mentions) union.add(mark);
    }
    return union;
  }
}

/** Names of a type that needs no name: what it is made of must have some. */
function transparent(mentions: Marks): TypeNames {
  return { ...NO_NAMES, mentions, parts: mentions };
}
