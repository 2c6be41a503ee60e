import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testKey,
  testRelease,
  testRoots,
} from '../manifest/support/signed-release.ts';
import { type Benchmark, medianOf } from './measure.ts';

/** A QuickJS guest and some small C guests. */
const COMPONENT_BYTES = [1_100_000, 250_000, 250_000];

/** Bench verify.release: one release of 1.6 MB through all five layers, and where the time goes. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'verify.release',
    unit: 'ms',
    run: context =>
      medianOf(
        context,
        releaseTimer(({ verifyMs }) => verifyMs),
      ),
  },
  {
    name: 'verify.release.hashing',
    unit: 'ms',
    run: context =>
      medianOf(
        context,
        releaseTimer(({ hashMs }) => hashMs),
      ),
  },
  {
    name: 'verify.release.apart-from-hashing',
    unit: 'ms',
    run: context =>
      medianOf(
        context,
        releaseTimer(({ verifyMs, hashMs }) => verifyMs - hashMs),
      ),
  },
];

interface Times {
  readonly verifyMs: number;
  /** SHA-256 over the same components, alone. */
  readonly hashMs: number;
}

function releaseTimer(pick: (times: Times) => number): () => number {
  const components = COMPONENT_BYTES.map((bytes, fill) => fakeComponent(bytes, fill));
  const release = testRelease(
    ...components.map((bytes, index) => testController(`controller-${index}`, bytes)),
  );
  const byDigest = new Map(components.map(bytes => [sha256(bytes), bytes]));
  const envelope = signRelease(release, byDigest, [testKey(1)]);
  const roots = testRoots(1);
  return () => {
    const startedAt = performance.now();
    verifyEnvelope(envelope, roots, { policy: () => undefined });
    const verifiedAt = performance.now();
    for (const bytes of components) sha256(bytes);
    const hashedAt = performance.now();
    return pick({ verifyMs: verifiedAt - startedAt, hashMs: hashedAt - verifiedAt });
  };
}
