/**
 * Components that call each other directly, inside one thread: an import of one is answered by an
 * export of another. Each keeps its own store, so the death of one leaves the others usable; a call
 * that was under way into the dead one kills its caller too, since nothing could return to it.
 */
import { errorMessage } from '../base/errors.ts';
import type { Link } from '../base/link.ts';
import {
  activateComponent,
  type FramedImports,
  type Handle,
  type HostFunction,
  type HostInterface,
} from './activate.ts';
import { LinkError, Trap } from './errors.ts';
import type { ActivationLimits } from './limits.ts';
import { semverTrack } from './names.ts';
import type { Plan } from './plan.ts';

/** A staged component and what the host provides to it. */
export interface Part {
  readonly name: string;
  readonly plan: Plan;
  readonly modules: readonly WebAssembly.Module[];
  readonly host: FramedImports;
  readonly limits: ActivationLimits;
}

/**
 * Activates the parts in their order, which `composeParts` gave, and binds the links; returns a
 * handle for each part.
 * @throws LinkError or Trap as `activateComponent`; what stood until then is closed
 */
export function activateComposition(
  parts: readonly Part[],
  links: readonly Link[],
): ReadonlyMap<string, Handle> {
  const handles = new Map<string, Handle>();
  try {
    for (const [index, { name, plan, modules, host: provided, limits }] of parts.entries()) {
      const host = new Map(provided);
      for (const link of links) {
        if (link.importer !== name) continue;
        const exporter = handles.get(link.exporter);
        if (exporter === undefined) {
          throw new LinkError('LINK_COMPOSITION', `${link.exporter} does not come before ${name}`);
        }
        host.set(
          link.interface,
          answeredBy(exporter, link, () => handles.get(name)),
        );
      }
      handles.set(
        name,
        activatePart(name, index === parts.length - 1, () =>
          activateComponent(plan, modules, host, limits),
        ),
      );
    }
  } catch (error) {
    for (const handle of handles.values()) handle.close();
    throw error;
  }
  return handles;
}

/** The last of several is the one that all is for; what fails before it is named. */
function activatePart(name: string, isLast: boolean, activate: () => Handle): Handle {
  if (isLast) return activate();
  try {
    return activate();
  } catch (cause) {
    throw new Trap('TRAP_LINKED', `${name} failed: ${errorMessage(cause)}`, { cause });
  }
}

/**
 * The functions of an exporter's interface, as a host interface of its importer. What a call handed
 * over is garbage when it returns: the importer may lift as much for the next one.
 */
function answeredBy(
  exporter: Handle,
  link: Link,
  importer: () => Handle | undefined,
): HostInterface {
  const track = semverTrack(link.interface);
  const functions = new Map<string, HostFunction>();
  for (const [index, { interface: owner, function: shape }] of exporter.exports.entries()) {
    if (semverTrack(owner) !== track) continue;
    functions.set(shape.name, (...args) => {
      try {
        const value = exporter.call(index, args);
        importer()?.renewLiftBudget();
        return value;
      } catch (error) {
        throw new Trap('TRAP_LINKED', `${link.exporter} failed: ${exporter.dead}`, {
          cause: error,
        });
      }
    });
  }
  return { functions };
}
