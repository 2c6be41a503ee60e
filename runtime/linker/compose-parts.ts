/**
 * Asked of staged shapes: whether the links of a composition fit the shapes of its parts, and in
 * which order these are activated. `activateComposition` then compares nothing again.
 */
import type { Link } from '../base/link.ts';
import { differenceOf } from '../base/same-type.ts';
import type { ComponentShape, InterfaceShape, ValueType } from '../base/value-type.ts';
import { LinkError } from './errors.ts';
import { semverTrack } from './names.ts';

/** Components in one thread. */
const PARTS_MAX = 16;

/**
 * Holds the links of a composition against the shapes of its parts, and returns the names of the
 * parts in the order in which they are activated: who is called comes before who calls.
 * @throws LinkError `LINK_COMPOSITION`, which names the link or the cycle
 */
export function composeParts(
  shapes: ReadonlyMap<string, ComponentShape>,
  links: readonly Link[],
): readonly string[] {
  if (shapes.size > PARTS_MAX) refuse(`${shapes.size} parts, at most ${PARTS_MAX}`);
  const answered = new Set<string>();
  for (const link of links) {
    const wire = `${link.importer} imports ${link.interface} from ${link.exporter}`;
    const wanted = interfaceOf(shapes, link.importer, 'imports', link.interface, wire);
    const found = interfaceOf(shapes, link.exporter, 'exports', link.interface, wire);
    const key = `${link.importer} ${semverTrack(link.interface)}`;
    if (answered.has(key)) refuse(`${wire}: that import is linked twice`);
    answered.add(key);
    requireAnswer(wanted, found, wire);
  }
  return activationOrder([...shapes.keys()], links);
}

function interfaceOf(
  shapes: ReadonlyMap<string, ComponentShape>,
  part: string,
  side: 'imports' | 'exports',
  name: string,
  wire: string,
): InterfaceShape {
  const shape = shapes.get(part);
  if (shape === undefined) refuse(`${wire}: there is no part ${part}`);
  const track = semverTrack(name);
  const [found, second] = shape[side].filter(each => semverTrack(each.name) === track);
  if (found === undefined) refuse(`${wire}: ${part} ${side.slice(0, -1)}s no ${name}`);
  // Functions are bound by track and name: of two, one would be compared and the other called.
  if (second !== undefined) {
    refuse(`${wire}: ${part} ${side.slice(0, -1)}s both ${found.name} and ${second.name}`);
  }
  return found;
}

function requireAnswer(wanted: InterfaceShape, found: InterfaceShape, wire: string): void {
  for (const shape of wanted.functions) {
    const what = `${wire}: "${shape.name}"`;
    const answer = found.functions.find(each => each.name === shape.name);
    if (answer === undefined) refuse(`${what} is not exported`);
    const difference = differenceOf(answer, shape);
    if (difference !== null) refuse(`${what} has other ${difference}`);
    const types = [...shape.params.map(param => param.type), shape.result];
    if (types.some(holdsResource)) refuse(`${what} hands over a resource`);
  }
}

/** A handle means something in the store of the part that made it, and nowhere else. */
function holdsResource(type: ValueType | null): boolean {
  switch (type?.kind) {
    case 'own':
    case 'borrow':
      return true;
    case 'list':
      return holdsResource(type.element);
    case 'option':
      return holdsResource(type.value);
    case 'record':
      return type.fields.some(field => holdsResource(field.type));
    case 'tuple':
      return type.items.some(holdsResource);
    case 'variant':
      return type.cases.some(each => holdsResource(each.type));
    case 'result':
      return holdsResource(type.ok) || holdsResource(type.err);
    default:
      return false;
  }
}

/**
 * Returns the parts in an order in which each comes after all that it calls.
 * @throws LinkError `LINK_COMPOSITION` when the links go round in a circle
 */
export function activationOrder(
  names: readonly string[],
  links: readonly Link[],
): readonly string[] {
  const order: string[] = [];
  let left = [...names];
  while (left.length > 0) {
    const waiting = new Set(left);
    const ready = left.filter(
      name => !links.some(link => link.importer === name && waiting.has(link.exporter)),
    );
    if (ready.length === 0) refuse(`the links go round in a circle among ${left.join(', ')}`);
    order.push(...ready);
    left = left.filter(name => !ready.includes(name));
  }
  return order;
}

function refuse(message: string): never {
  throw new LinkError('LINK_COMPOSITION', message);
}
