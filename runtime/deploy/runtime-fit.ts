import semver from 'semver';
import type { ControllerSpec, Release } from '../manifest/release.ts';
import { AdmissionError } from './errors.ts';

/**
 * Refuses a release that this runtime cannot run as it is meant, whichever gateway it is on: one
 * for a newer runtime, or one that says something of a controller that is not acted on here.
 * Ignoring that would run another thing than what was signed.
 * @throws AdmissionError `POLICY_RUNTIME_TOO_OLD`, `POLICY_UNSUPPORTED`
 */
export function requireRuntimeFit(release: Release, runtimeVersion: string): void {
  const { name, version, minimumRuntime } = release;
  if (semver.gt(minimumRuntime, runtimeVersion)) {
    throw new AdmissionError(
      'POLICY_RUNTIME_TOO_OLD',
      `${name} ${version} needs runtime ${minimumRuntime}, this is ` +
        `${runtimeVersion}; update the runtime first`,
    );
  }
  for (const spec of release.controllers) {
    const [fault] = unsupported(spec);
    if (fault === undefined) continue;
    throw new AdmissionError(
      'POLICY_UNSUPPORTED',
      `${spec.name}: ${fault} is not done by runtime ${runtimeVersion} yet`,
    );
  }
}

/** What a controller's manifest says that this runtime would not act on, in words. */
function unsupported({ replicas = 1, strategy = 'immediate', state }: ControllerSpec): string[] {
  const faults: string[] = [];
  if (replicas !== 1) faults.push(`replicas = ${replicas}`);
  if (strategy !== 'immediate') faults.push(`strategy = "${strategy}"`);
  if (state !== undefined && state.schemaMax > 0) {
    faults.push(`state = [${state.schemaMin}, ${state.schemaMax}], which is to be taken over,`);
  }
  return faults;
}
