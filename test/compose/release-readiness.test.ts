import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGrant } from '../../capabilities/grammar/index.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { InstallProgress } from '../../runtime/compose/install-progress.ts';
import { releaseReadiness } from '../../runtime/compose/release-readiness.ts';
import type { Occasion } from '../../runtime/deploy/deployer.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import type { ReleaseVerifier } from '../../runtime/manifest/release-verifier.ts';
import { NO_REVOCATIONS } from '../../runtime/trust/revocations.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testRelease,
  testRoots,
} from '../manifest/support/signed-release.ts';

const test = suite('compose/release-readiness');

const PUMP = fakeComponent(300, 1);
const USE_BEFORE_S = 1_800_000_000;
const RELEASE = { ...testRelease(testController('pump', PUMP)), useBeforeS: USE_BEFORE_S };

function verifierOf(release: Release): ReleaseVerifier {
  const verified = {
    release,
    manifestDigest: '0'.repeat(64),
    components: new Map([[sha256(PUMP), PUMP]]),
    authority: { roles: ['release'], rootVersion: 1, keyIds: [] },
  };
  return {
    verify: async envelope => ({ ...verified, envelope, envelopeDigest: sha256(envelope) }),
    hash: async bytes => ({ bytes: Uint8Array.from(bytes), digest: sha256(bytes) }),
    close: async () => {},
  };
}

/** How far a release gets at a time: the code that refused it, or `STAGED`. */
async function outcome(nowS: number, occasion: Occasion): Promise<string> {
  const grants = ['mem:8MiB', 'cpu:call[<=250ms]', 'gpio:heater[dir=out]'].map(parseGrant);
  const heater = { label: 'heater', direction: 'out', safe: 'inactive', reserved: false } as const;
  const parts = {
    verifier: verifierOf(RELEASE),
    vouchers: () => ({ roots: testRoots(1), revocations: NO_REVOCATIONS }),
    rules: {
      runtimeVersion: '0.1.0',
      gatewayClass: { vendor: 'example.com', name: 'gateway' },
      board: { lines: [heater], serialPorts: [] },
      boardClass: 'sim',
      policy: new Map([['pump', grants]]),
      controllersMax: 4,
      memoryBytesMax: 16 * 1_024 * 1_024,
      callDeadlineMsMax: 1_000,
    },
    nowS: () => nowS,
    stage: {
      stage: async () => {
        throw new Error('STAGED');
      },
      note: async () => {},
      collect: async () => 0,
    },
    progress: new InstallProgress(),
  };
  try {
    await releaseReadiness(parts, PUMP, occasion);
    return 'ready';
  } catch (error) {
    return errorCode(error) === 'UNKNOWN' ? errorMessage(error) : errorCode(error);
  }
}

test('a new release is staged while it is in date, and refused from use-before on', async () => {
  assert.match(await outcome(USE_BEFORE_S - 1, 'new'), 'STAGED');
  assert.is(await outcome(USE_BEFORE_S, 'new'), 'POLICY_EXPIRED');
});

test('a release that was admitted before is started and returned to at any time', async () => {
  assert.match(await outcome(USE_BEFORE_S + 1_000_000_000, 'accepted'), 'STAGED');
});

test.run();
