import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { type Roots, verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import { isPath, pathCovers } from '../../runtime/trust/paths.ts';
import type { Root } from '../../runtime/trust/root.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testRelease,
} from '../manifest/support/signed-release.ts';
import { seedKey, seedRoot } from './support/roots.ts';

const test = suite('trust/release-roles');

const PUMP = fakeComponent(300, 1);
const COMPONENTS = new Map([[sha256(PUMP), PUMP]]);
const ROOT_ROLE = { name: 'root', seeds: [1] };

/** A root with one vendor who may sign pumps, within a ceiling, and one who may sign everything. */
const ROOT: Root = seedRoot(1, [
  ROOT_ROLE,
  {
    name: 'release/pump',
    seeds: [4, 5],
    threshold: 2,
    scope: {
      paths: ['ctl/pump/*', 'ctl/pump-*'],
      ceiling: ['gpio:heater[dir=out]', 'mem:8MiB', 'cpu:call[<=250ms]', 'kv:state/*[rw]'],
    },
  },
  { name: 'release/site', seeds: [6] },
]);

function release(...names: readonly string[]): Release {
  return testRelease(...names.map(name => testController(name, PUMP)));
}

/** The role that signed, or the code of the refusal. */
function verdict(what: Release, seeds: readonly number[], roots: Roots = [ROOT]): string {
  const bytes = signRelease(what, COMPONENTS, seeds.map(seedKey));
  try {
    const { authority } = verifyEnvelope(bytes, roots, { policy: () => undefined });
    return `${authority.roles.join('+')} of root ${authority.rootVersion}`;
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

test('a path covers a controller by its name or by how the name begins', () => {
  for (const path of ['ctl/*', 'ctl/pump/*', 'ctl/pump-*', 'ctl/pump*', 'ctl/a1-b2/*']) {
    assert.ok(isPath(path), path);
  }
  for (const path of ['ctl/pump', 'ctl/', 'ctl/**', 'ctl/-*', 'ctl/pump--x/*', 'ctl/pump/x', '']) {
    assert.not.ok(isPath(path), path);
  }
  assert.ok(pathCovers('ctl/*', 'anything'));
  assert.ok(pathCovers('ctl/pump/*', 'pump'));
  assert.not.ok(pathCovers('ctl/pump/*', 'pump-guard'));
  assert.ok(pathCovers('ctl/pump-*', 'pump-guard'));
  assert.not.ok(pathCovers('ctl/pump-*', 'pump'));
  assert.not.ok(pathCovers('ctl/pump-*', 'pumpkin'));
  assert.ok(pathCovers('ctl/pump*', 'pumpkin'));
});

test('a vendor signs what its path and ceiling cover', () => {
  assert.is(verdict(release('pump'), [4, 5]), 'release/pump of root 1');
  assert.is(verdict(release('pump', 'pump-guard'), [5, 4]), 'release/pump of root 1');
});

test("a vendor's keys cannot sign for another controller, alone or beside its own", () => {
  assert.is(verdict(release('heater'), [4, 5]), 'MANIFEST_ROLE_PATH');
  assert.is(verdict(release('pump', 'heater'), [4, 5]), 'MANIFEST_ROLE_PATH');
  assert.is(verdict(release('pumpkin'), [4, 5]), 'MANIFEST_ROLE_PATH');
});

test("a vendor's keys cannot ask for more than the ceiling, not even optionally", () => {
  const asks = (grant: string, optional: boolean): Release => {
    const pump = testController('pump', PUMP);
    const requests = [...pump.requests, { grant, reason: 'wants it', optional }];
    return testRelease({ ...pump, requests });
  };
  assert.is(verdict(asks('mqtt:main/site/x[pub]', false), [4, 5]), 'MANIFEST_ROLE_CEILING');
  assert.is(verdict(asks('mqtt:main/site/x[pub]', true), [4, 5]), 'MANIFEST_ROLE_CEILING');
  assert.is(
    verdict(asks('gpio:pump[dir=out,safe=inactive]', false), [4, 5]),
    'MANIFEST_ROLE_CEILING',
  );
  assert.is(verdict(asks('mqtt:main/site/x[pub]', false), [6]), 'release/site of root 1');
});

test('a threshold counts keys of the role; those of another role do not fill it', () => {
  assert.is(verdict(release('pump'), [4]), 'SIGNATURE_THRESHOLD');
  // Key 6 reaches a role of its own, which covers everything.
  assert.is(verdict(release('pump'), [4, 6]), 'release/site of root 1');
  assert.is(verdict(release('pump'), [1]), 'SIGNATURE_WRONG_ROLE');
  assert.is(verdict(release('pump'), [9]), 'SIGNATURE_UNKNOWN_KEY');
});

test('of the roles that are reached those vouch that cover the release', () => {
  assert.is(verdict(release('pump'), [4, 5, 6]), 'release/pump+release/site of root 1');
  assert.is(verdict(release('heater'), [4, 5, 6]), 'release/site of root 1');
});

test('older roots vouch only where they are asked', () => {
  const next = seedRoot(2, [ROOT_ROLE, { name: 'release/site', seeds: [7] }]);
  assert.is(verdict(release('heater'), [6], [next]), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verdict(release('heater'), [6], [next, ROOT]), 'release/site of root 1');
  assert.is(verdict(release('heater'), [7], [next, ROOT]), 'release/site of root 2');
});

test.run();
