import { limitsOf, parseGrant } from '../../capabilities/grammar/index.ts';
import { contractExports, contractImports, contractWorlds } from '../../wit/generated/contract.ts';
import type { ComponentShape } from '../base/value-type.ts';
import { requireFit, unlinked } from '../components/assembly.ts';
import { requireWorld } from '../components/world-check.ts';
import { requireImportsRequested } from '../deploy/admission.ts';
import { type ControllerSpec, ownMemoryBytes } from '../manifest/release.ts';
import type { VerifiedRelease } from '../manifest/verify-envelope.ts';
import { ComponentError } from '../ports/component-host.ts';
import { reportShape } from './component-shapes.ts';

/**
 * Reads every component of a release, without running any of it, and refuses what a gateway would
 * when it stages them: what does not fit the contract, its parts, its world, its memory or its
 * requests. Rejects with ComponentError `COMPONENT_REFUSED`, AdmissionError `POLICY_IMPORT`.
 */
export async function requireStructure({
  release,
  components,
}: Pick<VerifiedRelease, 'release' | 'components'>): Promise<void> {
  const contract = { imports: contractImports, exports: contractExports };
  for (const spec of release.controllers) {
    const { name, links, world } = spec;
    const shapeOf = (label: string, digest: string, memoryBytesMax: number) =>
      shapeIn(label, components.get(digest) ?? new Uint8Array(0), memoryBytesMax);
    const own = await shapeOf(name, spec.digest, requestedMemoryBytes(spec));
    const parts = new Map<string, ComponentShape>();
    for (const part of spec.parts) {
      const label = `${name}/${part.name}`;
      parts.set(part.name, await shapeOf(label, part.digest, part.memoryBytesMax));
    }
    const shape = unlinked(name, own, links);
    try {
      requireFit({ name, own, parts, links }, contract);
      if (world !== undefined) requireWorld(shape, world, contractWorlds);
    } catch (cause) {
      if (!(cause instanceof ComponentError)) throw cause;
      throw new ComponentError(cause.code, `controller "${name}": ${cause.message}`, { cause });
    }
    requireImportsRequested(spec, shape);
  }
}

/** What is asked for at least; a gateway grants that or refuses the release. */
function requestedMemoryBytes(spec: ControllerSpec): number {
  const needed = spec.requests.filter(({ optional }) => !optional);
  return ownMemoryBytes(
    spec,
    limitsOf(needed.map(({ grant }) => parseGrant(grant))).memoryBytesMax,
  );
}

async function shapeIn(
  label: string,
  bytes: Uint8Array,
  memoryBytesMax: number,
): Promise<ComponentShape> {
  const report = await reportShape(bytes, memoryBytesMax);
  if (report.kind === 'shape') return report.shape;
  const words = `controller "${label}": ${report.code}: ${report.message}`;
  throw new ComponentError('COMPONENT_REFUSED', words);
}
