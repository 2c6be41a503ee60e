import type {
  ComponentShape,
  FunctionShape,
  InterfaceShape,
  ValueType,
} from '../base/value-type.ts';
import { LinkError } from './errors.ts';
import type { Evaluation, RootExtern } from './evaluate.ts';
import { ROOT_INTERFACE } from './names.ts';
import type { Plan } from './plan.ts';
import { type AnyItem, isSort } from './scope.ts';
import { zip } from './types.ts';

/** The parts of a plan that describe types. */
type PlanTypes = Pick<Plan, 'types' | 'functionTypes' | 'resources'>;

/** Turns a plan's types into shared data. Equal types become one object. */
export class ShapeWriter {
  readonly #plan: PlanTypes;
  readonly #values = new Map<number, ValueType>();

  constructor(plan: PlanTypes) {
    this.#plan = plan;
  }

  /** Returns a function by its name and the index of its type. */
  function(name: string, index: number): FunctionShape {
    const type = this.#plan.functionTypes[index];
    if (type === undefined) throw new LinkError('LINK_INVALID', `no function type ${index}`);
    return {
      name,
      params: zip(type.names, type.params).map(([param, at]) => ({
        name: param,
        type: this.#value(at),
      })),
      result: this.#payload(type.result),
    };
  }

  #value(index: number): ValueType {
    let value = this.#values.get(index);
    if (value === undefined) {
      value = this.#make(index);
      this.#values.set(index, value);
    }
    return value;
  }

  #payload(index: number | null): ValueType | null {
    return index === null ? null : this.#value(index);
  }

  #make(index: number): ValueType {
    const form = this.#plan.types[index]?.form;
    if (form === undefined) throw new LinkError('LINK_INVALID', `no type ${index}`);
    switch (form.kind) {
      case 'list':
        return { kind: 'list', element: this.#value(form.element) };
      case 'record': {
        const fields = zip(form.names, form.items);
        return {
          kind: 'record',
          fields: fields.map(([name, item]) => ({ name, type: this.#value(item) })),
        };
      }
      case 'tuple':
        return { kind: 'tuple', items: form.items.map(item => this.#value(item)) };
      case 'variant': {
        const cases = zip(form.names, form.payloads);
        return {
          kind: 'variant',
          cases: cases.map(([name, item]) => ({ name, type: this.#payload(item) })),
        };
      }
      case 'option':
        return { kind: 'option', value: this.#value(form.value) };
      case 'result':
        return { kind: 'result', ok: this.#payload(form.ok), err: this.#payload(form.err) };
      case 'own':
      case 'borrow':
        return { kind: form.kind, resource: this.#plan.resources[form.resource]?.name ?? '' };
      default:
        return form;
    }
  }
}

/**
 * Returns what a component imports and exports, by interface. Functions at the root are listed
 * under `$root`. @throws LinkError `LINK_LIMIT` when written out it is too large
 */
export function shapeOf({ builder, imports, exports }: Evaluation): ComponentShape {
  const { types, resources } = builder;
  const plan = { types: types.types, functionTypes: types.functionTypes, resources };
  const writer = new ShapeWriter(plan);
  const interfaceOf = (name: string, items: Iterable<readonly [string, AnyItem]>) => {
    const functions: FunctionShape[] = [];
    const declared: string[] = [];
    for (const [member, item] of items) {
      if (item.sort === 'type' && item.type.kind === 'resource') {
        // A resource of another interface is only used here.
        const owner = resources[item.type.index]?.interface ?? '';
        if (owner === '' || owner === name) declared.push(member);
      }
      if (item.sort !== 'func') continue;
      builder.count(types.functionWeight(types.functionType(item.type)));
      functions.push(writer.function(member, item.type));
    }
    return { name, functions, resources: declared };
  };
  const interfacesOf = (externs: readonly RootExtern[]): InterfaceShape[] => {
    const root: [string, AnyItem][] = [];
    const interfaces: InterfaceShape[] = [];
    for (const { name, item } of externs) {
      if (isSort(item, 'instance')) interfaces.push(interfaceOf(name, item.exports));
      else root.push([name, item]);
    }
    const rest = interfaceOf(ROOT_INTERFACE, root);
    const empty = rest.functions.length + rest.resources.length === 0;
    return empty ? interfaces : [...interfaces, rest];
  };
  return { imports: interfacesOf(imports), exports: interfacesOf(exports) };
}
