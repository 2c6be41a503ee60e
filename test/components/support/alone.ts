import type { Assembly, StagedArtifact } from '../../../runtime/ports/component-host.ts';

/** Returns an assembly of one component. */
export function alone(artifact: StagedArtifact): Assembly {
  return { own: { name: 'guest', artifact }, parts: [], links: [] };
}
