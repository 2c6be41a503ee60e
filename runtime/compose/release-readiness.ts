import { contractExports, contractImports } from '../../wit/generated/contract.ts';
import { requireContract } from '../components/contract-check.ts';
import { type AdmissionRules, admitRelease, requireImportsRequested } from '../deploy/admission.ts';
import type { ExaminedRelease } from '../deploy/deployer.ts';
import type { ReleaseVerifier } from '../manifest/release-verifier.ts';
import { ComponentError, type StagedArtifact, type StagePort } from '../ports/component-host.ts';
import type { InstallProgress } from './install-progress.ts';

/** What a release is verified and staged with. */
export interface ReadinessParts {
  readonly verifier: ReleaseVerifier;
  readonly rules: AdmissionRules;
  readonly stage: StagePort;
  readonly progress: InstallProgress;
}

/**
 * Verifies the five layers of an envelope, then stages each component and holds its shape against
 * the contract and against what its manifest requests. Rejects with the coded error of the first
 * refusal. `fresh` is false for a release that this gateway admitted before. The bytes are moved,
 * and the result holds them; all that is staged is a part of them.
 */
export async function releaseReadiness(
  { verifier, rules, stage, progress }: ReadinessParts,
  bytes: Uint8Array,
  fresh: boolean,
): Promise<ExaminedRelease> {
  progress.tell({ step: 'verifying', detail: `${bytes.length} bytes` });
  const verified = await verifier.verify(bytes);
  const { release, manifestDigest, components, envelope, envelopeDigest } = verified;
  // The fifth layer, which is asked here: it needs the board, the policy and no time.
  const admitted = admitRelease(release, rules, fresh);
  const artifacts = new Map<string, StagedArtifact>();
  for (const { spec, limits } of admitted) {
    const component = components.get(spec.digest);
    if (component === undefined) continue;
    progress.tell({ step: 'staging', detail: `${spec.name} ${spec.version}` });
    const artifact = await named(spec.name, async () => {
      const staged = await stage.stage(component, limits, spec.digest);
      requireContract(staged.shape, { imports: contractImports, exports: contractExports });
      return staged;
    });
    requireImportsRequested(spec, artifact.shape);
    artifacts.set(spec.digest, artifact);
  }
  return { release, manifestDigest, artifacts, envelope, envelopeDigest };
}

/** A release has many controllers: what is wrong with one says whose component it is. */
async function named<T>(controller: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    if (!(cause instanceof ComponentError)) throw cause;
    const message = `controller "${controller}": ${cause.message}`;
    throw new ComponentError(cause.code, message, { cause });
  }
}
