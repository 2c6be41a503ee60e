import type { ComponentShape } from '../base/value-type.ts';
import { semverTrack } from '../linker/names.ts';
import { ComponentError } from '../ports/component-host.ts';
import { isStubbed } from './contract-check.ts';

/** A world of the contract: full names of what it imports and exports. */
export interface WorldShape {
  /** `airssys:worlds/base@0.1.0` */
  readonly name: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/**
 * Holds a component against the world that its manifest claims: it imports nothing else than the
 * world does, apart from what toolchains put into every guest, and exports all that the world
 * exports. Types are the contract's, which `requireContract` compares.
 * @throws ComponentError `COMPONENT_REFUSED`, which names what is missing or too much
 */
export function requireWorld(
  shape: ComponentShape,
  world: string,
  worlds: readonly WorldShape[],
): void {
  const claimed = worlds.find(({ name }) => semverTrack(name) === semverTrack(world));
  if (claimed === undefined) {
    const known = worlds.map(({ name }) => name).join(', ');
    refuse(`its manifest claims world ${world}, and there are only ${known}`);
  }
  const importable = tracksOf(claimed.imports);
  const extra = shape.imports.find(
    ({ name }) => !importable.has(semverTrack(name)) && !isStubbed(name),
  );
  if (extra !== undefined) {
    refuse(`it imports ${extra.name}, which is not in its world ${claimed.name}`);
  }
  const exported = tracksOf(shape.exports.map(({ name }) => name));
  const missing = claimed.exports.find(name => !exported.has(semverTrack(name)));
  if (missing === undefined) return;
  refuse(`it does not export ${missing}, as its world ${claimed.name} does`);
}

function tracksOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(semverTrack));
}

function refuse(message: string): never {
  throw new ComponentError('COMPONENT_REFUSED', `the component was refused: ${message}`);
}
