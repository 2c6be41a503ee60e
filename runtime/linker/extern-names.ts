import { LinkError } from './errors.ts';
import { annotationOf } from './names.ts';
import type { AnyItem, FunctionItem, TypeItem } from './scope.ts';

/** Which of a component's two lists of names an extern joins. */
export type Direction = 'import' | 'export';

/** The resources that one list names. */
class NamedResources {
  readonly #names = new Map<number, string>();
  readonly #known = new Set<string>();

  add(name: string, mark: number): void {
    this.#names.set(mark, name.toLowerCase());
    this.#known.add(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#known.has(name.toLowerCase());
  }

  isNamed(mark: number | null, name: string): boolean {
    return mark !== null && this.#names.get(mark) === name.toLowerCase();
  }
}

/**
 * The names that a component, a component type or an instance type gives to types, in order.
 * Imports may mention only imported types, exports only imported and exported ones (`Explainer.md`,
 * "External Visibility of Types"); a method belongs to a resource that its own list names
 * (`Binary.md`, "Import and Export Definitions").
 */
export class ExternNames {
  /** An instance type is closed only where it is used. */
  readonly #closed: boolean;
  readonly #visible = { import: new Set<number>(), export: new Set<number>() };
  readonly #resources = { import: new NamedResources(), export: new NamedResources() };

  /** Counts steps: instances within instances can be many more than their definitions. */
  readonly #count: (steps: number) => void;

  constructor(closed: boolean, count: (steps: number) => void) {
    this.#closed = closed;
    this.#count = count;
  }

  /** Admits an import or export. @throws LinkError `LINK_INVALID` */
  add(direction: Direction, name: string, item: AnyItem): void {
    if (item.sort === 'type' && item.type.kind === 'resource' && item.names.mark !== null) {
      this.#resources[direction].add(name, item.names.mark);
    }
    if (this.#closed) this.#admit(direction, name, item);
    const annotation = annotationOf(name);
    if (annotation !== null) this.#requireShape(direction, name, annotation, item);
  }

  #admit(direction: Direction, name: string, item: AnyItem): void {
    this.#count(1);
    switch (item.sort) {
      case 'func':
        this.#requireVisible(direction, name, item.names.mentions);
        return;
      case 'type':
        this.#admitType(direction, name, item);
        return;
      case 'instance':
        for (const [inner, member] of item.exports) {
          this.#admit(direction, inner, member);
        }
        return;
      default:
        return;
    }
  }

  #admitType(direction: Direction, name: string, { names }: TypeItem): void {
    this.#requireVisible(direction, name, names.parts);
    if (names.mark === null) return;
    this.#visible.export.add(names.mark);
    if (direction === 'import') this.#visible.import.add(names.mark);
  }

  #requireVisible(direction: Direction, name: string, marks: ReadonlySet<number>): void {
    this.#count(marks.size);
    for (const mark of marks) {
      if (this.#visible[direction].has(mark)) continue;
      throw invalid(`${direction} "${name}" mentions a type that no ${direction} names`);
    }
  }

  #requireShape(
    direction: Direction,
    name: string,
    { kind, resource }: { readonly kind: string; readonly resource: string },
    item: AnyItem,
  ): void {
    if (item.sort !== 'func') throw invalid(`"${name}" is no function`);
    const resources = this.#resources[direction];
    const { made, borrow }: FunctionItem['names'] = item.names;
    if (kind === 'constructor' && !resources.isNamed(made, resource)) {
      throw invalid(`"${name}" does not return an own handle of "${resource}"`);
    }
    if (kind === 'method' && !resources.isNamed(borrow, resource)) {
      throw invalid(`"${name}" has no first parameter "self" that borrows a "${resource}"`);
    }
    if (!resources.has(resource)) throw invalid(`no resource "${resource}" is known to "${name}"`);
  }
}

function invalid(message: string): LinkError {
  return new LinkError('LINK_INVALID', message);
}
