import type { Link } from '../base/link.ts';
import type { ComponentShape } from '../base/value-type.ts';
import { composeParts, LinkError } from '../linker/index.ts';
import { semverTrack } from '../linker/names.ts';
import {
  ASSEMBLY_BYTES_MAX,
  type Assembly,
  ComponentError,
  type StagedArtifact,
} from '../ports/component-host.ts';
import { type ContractShape, requireContract } from './contract-check.ts';
import { LOGGING_INTERFACE } from './harmless.ts';

/** A controller's staged components and how they are to be linked. */
export interface AssemblyDraft {
  /** Name of the controller, which its own component goes by. */
  readonly name: string;
  readonly own: StagedArtifact;
  /** By name. */
  readonly parts: ReadonlyMap<string, StagedArtifact>;
  readonly links: readonly Link[];
}

/** The shapes of a controller's components and how they are to be linked. */
export interface ShapesDraft {
  readonly name: string;
  readonly own: ComponentShape;
  /** By name. */
  readonly parts: ReadonlyMap<string, ComponentShape>;
  readonly links: readonly Link[];
}

/** What of the contract a part may import: nothing in it has authority. */
const HARMLESS: ReadonlySet<string> = new Set([LOGGING_INTERFACE]);

/**
 * Holds a controller's components against each other and against the contract: an import is
 * answered by a link or by the contract, or it is one of WASI's, which traps when nobody answers
 * it; and a part reaches for nothing that has authority.
 * @throws ComponentError `COMPONENT_REFUSED`, which names the part, the interface and the function
 */
export function assemble(draft: AssemblyDraft, contract: ContractShape): Assembly {
  const { name, links } = draft;
  const own = { name, artifact: draft.own };
  const shapes = new Map([...draft.parts].map(([part, { shape }]) => [part, shape] as const));
  const order = requireFit({ name, own: draft.own.shape, parts: shapes, links }, contract);
  const parts = order.flatMap(part => {
    const artifact = draft.parts.get(part);
    return artifact === undefined ? [] : [{ name: part, artifact }];
  });
  const bytes = [own, ...parts].reduce((sum, { artifact }) => sum + stagedBytes(artifact), 0);
  if (bytes > ASSEMBLY_BYTES_MAX) {
    const words = `its components are ${bytes} bytes when staged, over ${ASSEMBLY_BYTES_MAX}`;
    throw new ComponentError('COMPONENT_REFUSED', words);
  }
  return { own, parts, links };
}

/**
 * Holds the shapes of a controller's components against each other and against the contract.
 * Returns their names in the order in which they are to be made.
 * @throws ComponentError `COMPONENT_REFUSED`
 */
export function requireFit(draft: ShapesDraft, contract: ContractShape): readonly string[] {
  const { name, own, parts, links } = draft;
  const order = orderOf(new Map([...parts, [name, own]]), links);
  requireContract(unlinked(name, own, links), contract);
  for (const part of order) {
    const shape = parts.get(part);
    if (shape !== undefined) requireHarmless(part, unlinked(part, shape, links), contract);
  }
  return order;
}

/** Returns how many bytes a host is sent of an artifact. */
export function stagedBytes({ plan, modules }: StagedArtifact): number {
  return modules.reduce((sum, { length }) => sum + length, plan.length);
}

/** Returns a shape without the imports that links answer. */
export function unlinked(
  name: string,
  shape: ComponentShape,
  links: readonly Link[],
): ComponentShape {
  const answered = new Set(
    links.filter(({ importer }) => importer === name).map(link => semverTrack(link.interface)),
  );
  return { ...shape, imports: shape.imports.filter(one => !answered.has(semverTrack(one.name))) };
}

function orderOf(
  shapes: ReadonlyMap<string, ComponentShape>,
  links: readonly Link[],
): readonly string[] {
  try {
    return composeParts(shapes, links);
  } catch (cause) {
    if (!(cause instanceof LinkError)) throw cause;
    throw new ComponentError('COMPONENT_REFUSED', cause.message, { cause });
  }
}

function requireHarmless(name: string, shape: ComponentShape, contract: ContractShape): void {
  const harmless = contract.imports.filter(one => HARMLESS.has(one.name));
  const others = contract.imports.filter(one => !HARMLESS.has(one.name));
  const tracks = new Set(others.map(one => semverTrack(one.name)));
  const reached = shape.imports.find(one => tracks.has(semverTrack(one.name)));
  if (reached !== undefined) {
    throw new ComponentError(
      'COMPONENT_REFUSED',
      `part ${name} imports ${reached.name}, and a part has no capabilities: ` +
        'import it in the controller, and hand the part its values',
    );
  }
  try {
    requireContract(shape, { imports: harmless, exports: [] }, []);
  } catch (cause) {
    if (!(cause instanceof ComponentError)) throw cause;
    throw new ComponentError(cause.code, `part ${name}: ${cause.message}`, { cause });
  }
}
