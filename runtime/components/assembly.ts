import type { Link } from '../base/link.ts';
import type { ComponentShape } from '../base/value-type.ts';
import { composeParts, LinkError } from '../linker/index.ts';
import { semverTrack } from '../linker/names.ts';
import { type Assembly, ComponentError, type StagedArtifact } from '../ports/component-host.ts';
import { type ContractShape, requireContract } from './contract-check.ts';

/** A controller's staged components and how they are to be linked. */
export interface AssemblyDraft {
  /** Name of the controller, which its own component goes by. */
  readonly name: string;
  readonly own: StagedArtifact;
  /** By name. */
  readonly parts: ReadonlyMap<string, StagedArtifact>;
  readonly links: readonly Link[];
}

/** What a part may import beside what it is linked to: nothing in it has authority. */
const HARMLESS: ReadonlySet<string> = new Set(['wasi:logging/logging@0.1.0-draft']);

/**
 * Holds a controller's components against each other and against the contract: every import is
 * answered by a link or by the contract, and a part reaches for nothing that has authority.
 * @throws ComponentError `COMPONENT_REFUSED`, which names the part, the interface and the function
 */
export function assemble(draft: AssemblyDraft, contract: ContractShape): Assembly {
  const { name: own, links } = draft;
  const artifacts = new Map([...draft.parts, [own, draft.own]]);
  const order = orderOf(artifacts, links);
  for (const [name, { shape }] of artifacts) {
    const rest = unlinked(name, shape, links);
    if (name === own) requireContract(rest, contract);
    else requireHarmless(name, rest, contract);
  }
  // Nothing imports from the controller's own component, so it can wait until all others stand.
  const names = [...order.filter(name => name !== own), own];
  const parts = names.flatMap(name => {
    const artifact = artifacts.get(name);
    return artifact === undefined ? [] : [{ name, artifact }];
  });
  return { parts, links };
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
  artifacts: ReadonlyMap<string, StagedArtifact>,
  links: readonly Link[],
): readonly string[] {
  try {
    return composeParts(new Map([...artifacts].map(([name, { shape }]) => [name, shape])), links);
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
