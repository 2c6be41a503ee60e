import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import * as machine from '../../runtime/deploy/slot-machine.ts';
import { EMPTY_RECORD, type SlotRecord } from '../../runtime/deploy/slot-record.ts';
import { releaseTrust, rootsForAccepted, rootsForNew } from '../../runtime/deploy/vouching.ts';
import { encodeEnvelope, parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { ENVELOPE_BYTES_MAX } from '../../runtime/manifest/limits.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { type Roots, verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import { NO_REVOCATIONS } from '../../runtime/trust/revocations.ts';
import { currentRoot, extendChain, type RootChain } from '../../runtime/trust/root-chain.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testRelease,
} from '../manifest/support/signed-release.ts';
import { seedKey, seedRoot, signedRoot } from './support/roots.ts';

/**
 * The attacks on an update system that TUF lists ("The Update Framework Specification", 1.5.2),
 * each against the whole of what decides: verification, vouching, floors.
 */
const test = suite('trust/attacks');

const COMPONENT = fakeComponent(200, 3);
const OTHER = fakeComponent(200, 4);
const COMPONENTS = new Map([COMPONENT, OTHER].map(bytes => [sha256(bytes), bytes]));
const OWNERS = { name: 'root', seeds: [1, 2, 3], threshold: 2 };
const RELEASE = { name: 'release', seeds: [4, 5, 6], threshold: 2 };
const ROOT = seedRoot(1, [OWNERS, RELEASE]);
const CHAIN: RootChain = [ROOT];

function release(sequence: number, more: Partial<Release> = {}): Release {
  return { ...testRelease(testController('pump', COMPONENT)), sequence, ...more };
}

function envelope(what: Release, ...seeds: readonly number[]): Uint8Array {
  const digests = new Set(what.controllers.map(({ digest }) => digest));
  const components = new Map([...COMPONENTS].filter(([digest]) => digests.has(digest)));
  return signRelease(what, components, seeds.map(seedKey));
}

/** `ACCEPTED` or the code of the refusal, of an installation on a gateway in this state. */
function install(bytes: Uint8Array, record: SlotRecord = EMPTY_RECORD, chain = CHAIN): string {
  return codeOf(() => accept(bytes, record, chain));
}

function accept(bytes: Uint8Array, record: SlotRecord, chain: RootChain): SlotRecord {
  const roots = rootsForNew({ chain, damage: null, wallMs: 1_750_000_000_000 });
  const verified = verifyEnvelope(bytes, roots, { policy: () => undefined });
  const { name, version, sequence, controllers } = verified.release;
  const { authority, manifestDigest } = verified;
  const candidate = {
    envelopeDigest: sha256(bytes),
    manifestDigest,
    name,
    version,
    sequence,
    roles: authority.roles,
    rootVersion: authority.rootVersion,
    controllers: controllers.map(controller => controller.name),
  };
  const trust = releaseTrust({ chain: () => chain, revocations: () => NO_REVOCATIONS });
  machine.requireInstallable(record, candidate, trust.floorsOf(authority, record.floors));
  const installed = record.active === null ? null : record.slots[record.active];
  trust.requireOwner(authority, installed?.controllers ?? []);
  return machine.commit(
    machine.beginTry(machine.finishWriting(machine.beginWriting(record, candidate))),
  );
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

test('the honest way: signed by two of three, it is installed, and the next one too', () => {
  const first = accept(envelope(release(1), 4, 5), EMPTY_RECORD, CHAIN);
  assert.is(install(envelope(release(2), 5, 6), first), 'ACCEPTED');
});

test('arbitrary software: code that nobody with a role signed', () => {
  assert.is(install(envelope(release(1), 8, 9)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(install(envelope(release(1), 1, 2)), 'SIGNATURE_WRONG_ROLE');
  const swapped = parseEnvelope(envelope(release(1), 4, 5));
  const [uri = ''] = swapped.payloads.keys();
  const payloads = new Map([[uri, OTHER]]);
  assert.is(install(encodeEnvelope({ ...swapped, payloads })), 'PAYLOAD_DIGEST');
});

test('rollback: an older release that was signed honestly', () => {
  const record = accept(envelope(release(7), 4, 5), EMPTY_RECORD, CHAIN);
  assert.is(install(envelope(release(6), 4, 5), record), 'DEPLOY_DOWNGRADE');
  const renamed = release(6, { name: 'heating-beta' });
  assert.is(install(envelope(renamed, 4, 5), record), 'DEPLOY_DOWNGRADE');
  const other = release(7, { description: 'another one of the same number' });
  assert.is(install(envelope(other, 4, 5), record), 'DEPLOY_SEQUENCE_REUSED');
});

test('rollback of the root: an older one, whose keys were replaced for a reason', () => {
  const second = seedRoot(2, [OWNERS, { name: 'release', seeds: [7] }]);
  const chain = extendChain(CHAIN, signedRoot(second, 1, 2));
  assert.is(
    codeOf(() => extendChain(chain, signedRoot(ROOT, 1, 2))),
    'TRUST_ROOT_VERSION',
  );
  assert.is(install(envelope(release(1), 4, 5), EMPTY_RECORD, chain), 'SIGNATURE_UNKNOWN_KEY');
});

test('fast-forward: a thief signed the highest sequence there is; new keys get out of it', () => {
  const top = release(Number.MAX_SAFE_INTEGER);
  const record = accept(envelope(top, 4, 5), EMPTY_RECORD, CHAIN);
  assert.is(install(envelope(release(8), 4, 6), record), 'DEPLOY_DOWNGRADE');
  const partly = seedRoot(2, [OWNERS, { name: 'release', seeds: [6, 7] }]);
  const kept = extendChain(CHAIN, signedRoot(partly, 1, 2));
  assert.is(install(envelope(release(8), 6, 7), record, kept), 'DEPLOY_DOWNGRADE');
  const renewed = seedRoot(2, [OWNERS, { name: 'release', seeds: [7, 8] }]);
  const chain = extendChain(CHAIN, signedRoot(renewed, 1, 2));
  const after = accept(envelope(release(8), 7, 8), record, chain);
  assert.is(after.floors.get('release')?.sequence, 8);
  assert.is(install(envelope(release(7), 7, 8), after, chain), 'DEPLOY_DOWNGRADE');
});

test('rollback by another role: a signature taken off, a role renamed, a role put in front', () => {
  const pumps = { paths: ['ctl/pump/*'], ceiling: null };
  const both = seedRoot(1, [
    OWNERS,
    { name: 'release/site', seeds: [4, 5], threshold: 2 },
    { name: 'release/pump', seeds: [5], scope: pumps },
  ]);
  const old = envelope(release(3), 4, 5);
  const record = accept(envelope(release(5), 4, 5), accept(old, EMPTY_RECORD, [both]), [both]);
  const parsed = parseEnvelope(old);
  const stripped = encodeEnvelope({ ...parsed, signatureBlocks: parsed.signatureBlocks.slice(1) });
  assert.is(install(stripped, EMPTY_RECORD, [both]), 'ACCEPTED');
  assert.is(install(stripped, record, [both]), 'DEPLOY_DOWNGRADE');

  const before = accept(envelope(release(9), 4, 5), EMPTY_RECORD, CHAIN);
  const renamed = seedRoot(2, [OWNERS, { ...RELEASE, name: 'release/site' }]);
  const chain = extendChain(CHAIN, signedRoot(renamed, 1, 2));
  assert.is(install(envelope(release(3), 4, 5), before, chain), 'DEPLOY_DOWNGRADE');
  const inFront = seedRoot(2, [OWNERS, { name: 'release/new', seeds: [4], scope: pumps }, RELEASE]);
  const more = extendChain(CHAIN, signedRoot(inFront, 1, 2));
  assert.is(install(envelope(release(3), 4, 5), before, more), 'DEPLOY_DOWNGRADE');
  assert.is(install(envelope(release(10), 4, 5), before, more), 'ACCEPTED');
});

test('pushing out: a release without a controller that its role may not touch', () => {
  const root = seedRoot(1, [
    OWNERS,
    { name: 'release/pump', seeds: [6], scope: { paths: ['ctl/pump/*'], ceiling: null } },
    { name: 'release/site', seeds: [4] },
  ]);
  const heater = testController('heater', COMPONENT);
  const pump = testController('pump', COMPONENT);
  const record = accept(envelope(release(1, { controllers: [heater, pump] }), 4), EMPTY_RECORD, [
    root,
  ]);
  assert.is(install(envelope(release(2), 6), record, [root]), 'DEPLOY_NOT_OWNER');
  assert.is(install(envelope(release(2), 4, 6), record, [root]), 'ACCEPTED');
});

test('indefinite freeze: under an expired root nothing new is taken, and a newer root is', () => {
  const root = seedRoot(1, [OWNERS, RELEASE], { expiresS: 1_740_000_000 });
  assert.is(install(envelope(release(1), 4, 5), EMPTY_RECORD, [root]), 'TRUST_EXPIRED');
  // Without a clock: the time that the root was signed at counts.
  const roots = () => rootsForNew({ chain: [root], damage: null, wallMs: 0 });
  assert.is(codeOf(roots), 'ACCEPTED');
  const next = seedRoot(2, [OWNERS, RELEASE], { issuedS: 1_745_000_000, expiresS: 1_746_000_000 });
  const chain = extendChain([root], signedRoot(next, 1, 2));
  const later = { chain, damage: null, wallMs: 0 };
  assert.is(
    codeOf(() => rootsForNew(later)),
    'ACCEPTED',
  );
  assert.is(currentRoot(chain).version, 2);
  // What was accepted before is vouched for by any of them, expired or not.
  assert.is(rootsForAccepted({ chain }).length, 2);
});

test('endless data: over the bound it is not looked at; a declared length costs nothing', () => {
  assert.is(install(new Uint8Array(ENVELOPE_BYTES_MAX + 1)), 'ENVELOPE_TOO_LARGE');
  // Tag 107, a map of one entry, whose value says that it has 2^32 - 1 bytes.
  const endless = Buffer.from('d86ba1025affffffff', 'hex');
  const before = process.memoryUsage().arrayBuffers;
  assert.is(install(endless), 'ENVELOPE_MALFORMED');
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

test('extraneous dependencies: what the manifest does not name is not let in beside it', () => {
  const parsed = parseEnvelope(envelope(release(1), 4, 5));
  const payloads = new Map([...parsed.payloads, [`#${sha256(OTHER)}`, OTHER]]);
  assert.is(install(encodeEnvelope({ ...parsed, payloads })), 'PAYLOAD_UNKNOWN');
});

test('mix and match: parts of two honest releases make none', () => {
  const one = parseEnvelope(envelope(release(1), 4, 5));
  const two = parseEnvelope(
    envelope(release(2, { controllers: [testController('pump', OTHER)] }), 4, 5),
  );
  assert.is(install(encodeEnvelope({ ...one, manifest: two.manifest })), 'ENVELOPE_DIGEST');
  const { digestBytes } = two;
  assert.is(install(encodeEnvelope({ ...one, digestBytes })), 'ENVELOPE_DIGEST');
  const { manifest } = two;
  assert.is(install(encodeEnvelope({ ...one, manifest, digestBytes })), 'SIGNATURE_INVALID');
  assert.is(install(encodeEnvelope({ ...one, payloads: two.payloads })), 'PAYLOAD_MISSING');
  const { signatureBlocks } = two;
  assert.is(install(encodeEnvelope({ ...one, signatureBlocks })), 'SIGNATURE_INVALID');
});

test('key compromise below the threshold: one key is not enough, however often it signs', () => {
  assert.is(install(envelope(release(1), 4)), 'SIGNATURE_THRESHOLD');
  const parsed = parseEnvelope(envelope(release(1), 4));
  const [block = new Uint8Array()] = parsed.signatureBlocks;
  const twice = encodeEnvelope({ ...parsed, signatureBlocks: [block, block] });
  assert.is(install(twice), 'SIGNATURE_DUPLICATE');
  const thief = seedRoot(2, [{ name: 'root', seeds: [1] }, RELEASE]);
  assert.is(
    codeOf(() => extendChain(CHAIN, signedRoot(thief, 1))),
    'SIGNATURE_THRESHOLD',
  );
});

test('signing for another: a signature for one purpose is none for the next', () => {
  // The bytes of a root as the payload of a release's signature, and the other way round.
  const root = signedRoot(ROOT, 1, 2);
  assert.is(install(root), 'ENVELOPE_MALFORMED');
  const parsed = parseEnvelope(envelope(release(1), 4, 5));
  const mixed = encodeEnvelope({ ...parsed, signatureBlocks: [root] });
  assert.is(install(mixed), 'SIGNATURE_MALFORMED');
  assert.is(
    codeOf(() => extendChain(CHAIN, envelope(release(1), 4, 5))),
    'SIGNATURE_MALFORMED',
  );
});

test('wrong installation: what one root accepts, another does not', () => {
  const elsewhere: Roots = [seedRoot(1, [OWNERS, { name: 'release', seeds: [7] }])];
  const bytes = envelope(release(1), 4, 5);
  assert.is(install(bytes), 'ACCEPTED');
  assert.is(
    codeOf(() => verifyEnvelope(bytes, elsewhere, { policy: () => undefined })),
    'SIGNATURE_UNKNOWN_KEY',
  );
});

test.run();
