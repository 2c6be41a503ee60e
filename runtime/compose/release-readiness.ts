import { contractExports, contractImports } from '../../wit/generated/contract.ts';
import { requireContract } from '../components/contract-check.ts';
import { type AdmissionRules, admitRelease, requireImportsRequested } from '../deploy/admission.ts';
import type { ReadyRelease } from '../deploy/deployer.ts';
import { verifyEnvelope } from '../manifest/verify-envelope.ts';
import type { StagedArtifact, StagePort } from '../ports/component-host.ts';
import type { Trust } from '../signing/trust.ts';
import type { InstallProgress } from './install-progress.ts';

/** What a release is verified and staged with. */
export interface ReadinessParts {
  readonly trust: Trust;
  readonly rules: AdmissionRules;
  readonly stage: StagePort;
  readonly progress: InstallProgress;
}

/**
 * Verifies the five layers of an envelope, then stages each component and holds its shape against
 * the contract and against what its manifest requests. Rejects with the coded error of the first
 * refusal. `fresh` is false for a release that this gateway admitted before.
 */
export async function releaseReadiness(
  { trust, rules, stage, progress }: ReadinessParts,
  envelope: Uint8Array,
  fresh: boolean,
): Promise<ReadyRelease> {
  progress.tell({ step: 'verifying', detail: `${envelope.length} bytes` });
  const verified = verifyEnvelope(envelope, trust, {
    policy: release => void admitRelease(release, rules, fresh),
  });
  const { release, manifestDigest, components } = verified;
  const admitted = admitRelease(release, rules, fresh);
  const artifacts = new Map<string, StagedArtifact>();
  for (const { spec, limits } of admitted) {
    const bytes = components.get(spec.digest);
    if (bytes === undefined) continue;
    progress.tell({ step: 'staging', detail: `${spec.name} ${spec.version}` });
    const artifact = await stage.stage(bytes, limits);
    requireContract(artifact.shape, { imports: contractImports, exports: contractExports });
    requireImportsRequested(spec, artifact.shape);
    artifacts.set(spec.digest, artifact);
  }
  return { release, manifestDigest, artifacts };
}
