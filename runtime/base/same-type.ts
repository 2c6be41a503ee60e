import type { FunctionShape, ValueType } from './value-type.ts';

/** Whether two types are the same, names of parts included. */
export function sameType(left: ValueType | null, right: ValueType | null): boolean {
  if (left === null || right === null) return left === right;
  switch (left.kind) {
    case 'list':
      return right.kind === 'list' && sameType(left.element, right.element);
    case 'option':
      return right.kind === 'option' && sameType(left.value, right.value);
    case 'record':
      return right.kind === 'record' && sameNamed(left.fields, right.fields);
    case 'variant':
      return right.kind === 'variant' && sameNamed(left.cases, right.cases);
    case 'tuple':
      return right.kind === 'tuple' && sameAll(left.items, right.items, sameType);
    case 'enum':
    case 'flags':
      return right.kind === left.kind && sameAll(left.names, right.names, (a, b) => a === b);
    case 'result':
      return (
        right.kind === 'result' && sameType(left.ok, right.ok) && sameType(left.err, right.err)
      );
    case 'own':
    case 'borrow':
      return right.kind === left.kind && lastLabel(left.resource) === lastLabel(right.resource);
    default:
      return right.kind === left.kind;
  }
}

/** Returns in what two functions differ, or null where one may stand for the other. */
export function differenceOf(
  left: FunctionShape,
  right: FunctionShape,
): 'parameters' | 'result' | null {
  if (!sameNamed(left.params, right.params)) return 'parameters';
  return sameType(left.result, right.result) ? null : 'result';
}

interface Named {
  readonly name: string;
  readonly type: ValueType | null;
}

function sameNamed(left: readonly Named[], right: readonly Named[]): boolean {
  return sameAll(left, right, (a, b) => a.name === b.name && sameType(a.type, b.type));
}

function sameAll<T>(left: readonly T[], right: readonly T[], same: (a: T, b: T) => boolean) {
  return (
    left.length === right.length &&
    left.every((item, index) => {
      const other = right[index];
      return other !== undefined && same(item, other);
    })
  );
}

/** A resource may be named with its interface, whose versions then differ. */
function lastLabel(resource: string): string {
  return resource.slice(Math.max(resource.lastIndexOf('/'), resource.lastIndexOf('.')) + 1);
}
