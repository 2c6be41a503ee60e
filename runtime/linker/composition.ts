/**
 * Components that call each other directly, inside one thread: an import of one is answered by an
 * export of another. Each keeps its own store, so the death of one leaves the others usable; a call
 * that was under way into the dead one kills its caller too, since nothing could return to it.
 *
 * Two steps, as everywhere: `composeParts` is asked at stage and holds the shapes against each
 * other, `activateComposition` binds in the worker and compares nothing again.
 */
import { differenceOf } from '../base/same-type.ts';
import type { ComponentShape, InterfaceShape, ValueType } from '../base/value-type.ts';
import {
  activateComponent,
  type Handle,
  type HostFunction,
  type HostImports,
  type HostInterface,
} from './activate.ts';
import { LinkError, Trap } from './errors.ts';
import type { ActivationLimits } from './limits.ts';
import { semverTrack } from './names.ts';
import type { Plan } from './plan.ts';

/** One wire of a composition: an imported interface of one part, answered by another part. */
export interface Link {
  readonly importer: string;
  /** Name with version, as the importer spells it. */
  readonly interface: string;
  readonly exporter: string;
}

/** A staged component and what the host provides to it. */
export interface Part {
  readonly plan: Plan;
  readonly modules: readonly WebAssembly.Module[];
  readonly host: HostImports;
  readonly limits: ActivationLimits;
}

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
  return calledFirst([...shapes.keys()], links);
}

/**
 * Activates the parts in `order` and binds the links; returns a handle for each part.
 * @throws LinkError or Trap as `activateComponent`; what stood until then is closed
 */
export function activateComposition(
  parts: ReadonlyMap<string, Part>,
  links: readonly Link[],
  order: readonly string[],
): ReadonlyMap<string, Handle> {
  const handles = new Map<string, Handle>();
  try {
    for (const name of order) {
      const part = parts.get(name);
      if (part === undefined) refuse(`there is no part ${name}`);
      const host = new Map(part.host);
      for (const link of links) {
        const exporter = link.importer === name ? handles.get(link.exporter) : undefined;
        if (exporter === undefined) continue;
        host.set(link.interface, answeredBy(exporter, link));
      }
      handles.set(name, activateComponent(part.plan, part.modules, host, part.limits));
    }
  } catch (error) {
    for (const handle of handles.values()) handle.close();
    throw error;
  }
  return handles;
}

/** The functions of an exporter's interface, as a host interface of its importer. */
function answeredBy(exporter: Handle, link: Link): HostInterface {
  const track = semverTrack(link.interface);
  const functions = new Map<string, HostFunction>();
  for (const [index, { interface: owner, function: shape }] of exporter.exports.entries()) {
    if (semverTrack(owner) !== track) continue;
    functions.set(shape.name, (...args) => {
      try {
        return exporter.call(index, args);
      } catch (error) {
        throw new Trap('TRAP_LINKED', `${link.exporter} failed: ${exporter.dead}`, {
          cause: error,
        });
      }
    });
  }
  return { functions };
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
  const found = shape[side].find(each => semverTrack(each.name) === track);
  if (found === undefined) refuse(`${wire}: ${part} ${side.slice(0, -1)}s no ${name}`);
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

/** A part may be called only when nothing that it waits for is under way: no cycles. */
function calledFirst(names: readonly string[], links: readonly Link[]): readonly string[] {
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
