import { contractExports, contractImports, contractWorlds } from '../../wit/generated/contract.ts';
import { assemble, stagedBytes, unlinked } from '../components/assembly.ts';
import type { StageCache, StagedNeed } from '../components/stage-cache.ts';
import { requireWorld } from '../components/world-check.ts';
import {
  type AdmissionRules,
  type AdmittedController,
  admitRelease,
  requireImportsRequested,
} from '../deploy/admission.ts';
import type { ExaminedRelease, Occasion } from '../deploy/deployer.ts';
import { DeployError } from '../deploy/errors.ts';
import { requireInDate } from '../manifest/in-date.ts';
import type { ReleaseVerifier } from '../manifest/release-verifier.ts';
import type { Vouchers } from '../manifest/verify-envelope.ts';
import { type Assembly, ComponentError, type StagedArtifact } from '../ports/component-host.ts';
import type { InstallProgress } from './install-progress.ts';

/** Bytes of all plans and modules of a release, which gatewayd holds while it runs. */
const RELEASE_STAGED_BYTES_MAX = 192 * 1024 * 1024;

/** What a release is verified and staged with. */
export interface ReadinessParts {
  readonly verifier: ReleaseVerifier;
  /** Returns who may vouch for the release; throws where nobody can. */
  readonly vouchers: () => Vouchers;
  readonly rules: AdmissionRules;
  /** Seconds since 1970 by which it is decided whether a new release is out of date. */
  readonly nowS: () => number;
  readonly stage: StageCache;
  readonly progress: InstallProgress;
}

/**
 * Verifies the five layers of an envelope, then stages each component and holds its shape against
 * those it is linked to, the contract, and what its manifest requests. Rejects with the coded
 * error of the first refusal. `fresh` is false for a release that this gateway admitted before. The
 * bytes are moved, and the result holds them; all that is staged is a part of them.
 */
export async function releaseReadiness(
  { verifier, vouchers, rules, nowS, stage, progress }: ReadinessParts,
  bytes: Uint8Array,
  occasion: Occasion,
): Promise<ExaminedRelease> {
  progress.tell({ step: 'verifying', detail: `${bytes.length} bytes` });
  const verified = await verifier.verify(bytes, vouchers());
  const { release, components, authority, ...ofEnvelope } = verified;
  // The fifth layer, which is asked here: it needs the board and the policy, and takes no time.
  if (occasion === 'new') requireInDate(release, nowS());
  const admitted = admitRelease(release, rules, occasion !== 'accepted');
  const assemblies = new Map<string, Assembly>();
  const needs: StagedNeed[] = [];
  const once = stagedOnce(components, stage, needs);
  for (const one of admitted) {
    const { name, version } = one.spec;
    progress.tell({ step: 'staging', detail: `${name} ${version}` });
    assemblies.set(name, await named(name, () => assembled(one, once)));
  }
  const { manifestDigest, envelope, envelopeDigest } = ofEnvelope;
  await stage.note(envelopeDigest, needs);
  return { release, manifestDigest, assemblies, authority, envelope, envelopeDigest };
}

type StageOnce = (digest: string, memoryBytesMax: number) => Promise<StagedArtifact>;

/** Stages what several places share only once, and no more in sum than a gateway can hold. */
function stagedOnce(
  components: ReadonlyMap<string, Uint8Array>,
  stage: StageCache,
  needs: StagedNeed[],
): StageOnce {
  const known = new Map<string, StagedArtifact>();
  let sumBytes = 0;
  return async (digest, memoryBytesMax) => {
    const key = `${digest} ${memoryBytesMax}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const component = components.get(digest);
    // Verification found the bytes of every digest that the manifest names.
    if (component === undefined) throw new DeployError('DEPLOY_NOT_STORED', `no ${digest}`);
    const artifact = await stage.stage(component, { memoryBytesMax }, digest);
    needs.push({ digest, memoryBytesMax });
    sumBytes += stagedBytes(artifact);
    if (sumBytes > RELEASE_STAGED_BYTES_MAX) {
      const words = `the release is over ${RELEASE_STAGED_BYTES_MAX} bytes when it is staged`;
      throw new ComponentError('COMPONENT_REFUSED', words);
    }
    known.set(key, artifact);
    return artifact;
  };
}

/** Stages a controller's component and its parts, each within its own share of memory. */
async function assembled(
  { spec, ownMemoryBytesMax }: AdmittedController,
  staged: StageOnce,
): Promise<Assembly> {
  const { name, links, world } = spec;
  const own = await staged(spec.digest, ownMemoryBytesMax);
  const parts = new Map<string, StagedArtifact>();
  for (const part of spec.parts) {
    parts.set(part.name, await staged(part.digest, part.memoryBytesMax));
  }
  const contract = { imports: contractImports, exports: contractExports };
  const assembly = assemble({ name, own, parts, links }, contract);
  const shape = unlinked(name, own.shape, links);
  if (world !== undefined) requireWorld(shape, world, contractWorlds);
  requireImportsRequested(spec, shape);
  return assembly;
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
