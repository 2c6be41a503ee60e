import type { Assembly, StagedArtifact } from '../../../runtime/ports/component-host.ts';

/** Returns an assembly of one component. */
export function alone(artifact: StagedArtifact): Assembly {
  return { parts: [{ name: 'guest', artifact }], links: [] };
}
