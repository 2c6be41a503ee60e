import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installedSchema, trustUpdatedSchema } from '../../runtime/control/reports.ts';
import { parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { type PrivateKey, parsePrivateKey, publicKeyOf } from '../../runtime/signing/ed25519.ts';
import { type TrustedKey, trustedKey } from '../../runtime/signing/trusted-key.ts';
import { encodeDocument, newDocument, signDocument } from '../../runtime/trust/document.ts';
import { encodeRecoveryToken } from '../../runtime/trust/recovery-token.ts';
import {
  encodeRevocations,
  NO_REVOCATIONS,
  type Revocations,
} from '../../runtime/trust/revocations.ts';
import type { Root } from '../../runtime/trust/root.ts';
import { verifyFirstRoot } from '../../runtime/trust/root-chain.ts';
import { encodeRoot } from '../../runtime/trust/root-codec.ts';
import { GatewayUnderTest, refusal, until } from './gateway-under-test.ts';
import { CULPRIT, RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: trust');

const gateway = await GatewayUnderTest.start();
const { key: owner, folder, stateDirectory } = gateway.site;
const first = verifyFirstRoot(await readFile(join(folder, 'root.cbor')));
const vendor = parsePrivateKey(new Uint8Array(32).fill(21));

test.after(() => gateway.close());

function named(name: string, key: PrivateKey): TrustedKey {
  return trustedKey(name, publicKeyOf(key));
}

/** A root after the first one, in which the vendor signs releases and the owner everything else. */
function root(version: number, more: Partial<Root> = {}): Root {
  const keys = [named('owner', owner), named('vendor', vendor)];
  const scope = { paths: ['ctl/*'], ceiling: null };
  const roles = [
    { name: 'root', threshold: 1, keys: keys.slice(0, 1), scope: null },
    { name: 'release', threshold: 1, keys: keys.slice(1), scope },
  ];
  return { version, issuedS: first.issuedS, expiresS: null, keys, roles, ...more };
}

function document(what: Root, ...keys: readonly PrivateKey[]): Uint8Array {
  return encodeDocument(keys.reduce(signDocument, newDocument('root', encodeRoot(what))));
}

function adopt(bytes: Uint8Array) {
  const params = { document: Buffer.from(bytes).toString('base64') };
  return gateway.ask({ method: 'trust-update', params }, trustUpdatedSchema);
}

function release(sequence: number, key: PrivateKey): Promise<Uint8Array> {
  const version = `${sequence}.0.0`;
  return signedRelease({ version, sequence, controllers: [{ ...RELAY, version }] }, key);
}

async function codeOf(task: Promise<unknown>): Promise<string> {
  return (await refusal(task)).code;
}

async function back(): Promise<void> {
  await gateway.ask({ method: 'rollback', params: { reason: 'a test' } }, installedSchema);
}

async function restart(): Promise<void> {
  await gateway.stopDaemon();
  await gateway.startDaemon();
  await until('a release runs', async () => (await gateway.status()).controllers[0] ?? null);
  await gateway.relayAnswers();
}

test('roots that the one in force did not sign, or that leave one out, are refused', async () => {
  await gateway.install(await release(7, owner));
  assert.is(await codeOf(adopt(document(root(2), vendor))), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(await codeOf(adopt(document(root(3), owner))), 'TRUST_ROOT_VERSION');
  assert.is(await codeOf(adopt(new Uint8Array(100))), 'SIGNATURE_MALFORMED');
  assert.equal((await gateway.status()).root, { version: 1, expiresS: null });
});

test('after a rotation the new key signs, below the old floor; the old one no more', async () => {
  assert.is(await codeOf(gateway.install(await release(8, vendor))), 'SIGNATURE_UNKNOWN_KEY');
  assert.equal(await adopt(document(root(2), owner)), { kind: 'root', version: 2 });
  assert.is(await codeOf(gateway.install(await release(9, owner))), 'SIGNATURE_WRONG_ROLE');
  await gateway.install(await release(3, vendor));
  assert.is(await codeOf(gateway.install(await release(2, vendor))), 'DEPLOY_DOWNGRADE');
  await gateway.relayAnswers();
});

test('what was committed under the old root still starts and is still the way back', async () => {
  await restart();
  assert.is((await gateway.status()).root.version, 2);
  await back();
  assert.is((await gateway.reached('relay', 'running')).version, '7.0.0');
  await restart();
  assert.is((await gateway.reached('relay', 'running')).version, '7.0.0');
});

test('a root that the disk lost stops new installations until it is given again', async () => {
  const path = join(stateDirectory, 'trust', 'root.2.cbor');
  const bytes = await readFile(path);
  await gateway.stopDaemon();
  await writeFile(path, bytes.subarray(0, -1));
  await gateway.startDaemon();
  await until('a release runs', async () => (await gateway.status()).controllers[0] ?? null);
  await gateway.relayAnswers();
  const { problems } = await gateway.status();
  assert.match(problems.map(({ what }) => what).join(), /root 2 was adopted and cannot be read/);
  assert.is(await codeOf(gateway.install(await release(9, owner))), 'TRUST_DAMAGED');
  assert.is((await adopt(bytes)).version, 2);
  assert.is(await codeOf(gateway.install(await release(9, owner))), 'SIGNATURE_WRONG_ROLE');
  await gateway.install(await release(4, vendor));
});

test('under an expired root nothing new is installed, all else goes on', async () => {
  const past = { issuedS: 1_600_000_000, expiresS: 1_600_000_001 };
  await adopt(document(root(3, past), owner));
  assert.is(await codeOf(gateway.install(await release(5, vendor))), 'TRUST_EXPIRED');
  const status = await gateway.status();
  assert.match(status.problems.map(({ what }) => what).join(), /root 3 has expired/);
  await restart();
  await back();
  await gateway.relayAnswers();
  await adopt(document(root(4), owner));
  await gateway.install(await release(5, vendor));
  assert.is((await gateway.reached('relay', 'running')).version, '5.0.0');
});

test('what is revoked is not installed, not started anew, and no way back', async () => {
  const running = await gateway.slots();
  const active = running.a?.active === true ? running.a : running.b;
  const list = (version: number, more: Partial<Revocations>) =>
    encodeDocument(
      signDocument(
        newDocument('revocations', encodeRevocations({ ...NO_REVOCATIONS, version, ...more })),
        owner,
      ),
    );
  assert.is(await codeOf(adopt(list(1, {}).subarray(1))), 'SIGNATURE_MALFORMED');
  await adopt(list(3, { releases: [active?.manifestDigest ?? ''] }));
  assert.is(await codeOf(adopt(list(3, {}))), 'TRUST_REVOCATIONS_VERSION');
  // What runs goes on; after a start it is the other slot's release that runs.
  assert.is((await gateway.reached('relay', 'running')).version, '5.0.0');
  await restart();
  assert.is.not((await gateway.reached('relay', 'running')).version, '5.0.0');
  await adopt(list(4, { keyIds: [named('vendor', vendor).keyId] }));
  assert.is(await codeOf(gateway.install(await release(6, vendor))), 'SIGNATURE_REVOKED');
  await adopt(list(5, {}));
  await gateway.install(await release(6, vendor));
  await gateway.relayAnswers();
});

test('a token lets an older release back in, once, and on this gateway alone', async () => {
  const token = (counter: number, manifestDigest: string, name = 'sim-gateway') =>
    encodeDocument(
      signDocument(
        newDocument(
          'recovery',
          encodeRecoveryToken({ gateway: name, manifestDigest, counter, issuedS: 1 }),
        ),
        owner,
      ),
    );
  const keys = root(5).keys;
  const recovery = { name: 'recovery', threshold: 1, keys: keys.slice(0, 1), scope: null };
  await adopt(document(root(5, { roles: [...root(5).roles, recovery] }), owner));
  const old = await release(4, vendor);
  const { manifestDigest } = parseEnvelope(old);
  assert.is(await codeOf(gateway.install(old)), 'DEPLOY_DOWNGRADE');
  const by = (bytes: Uint8Array) => gateway.installWith(old, bytes);
  assert.is(await codeOf(by(token(1, manifestDigest, 'other'))), 'TRUST_TOKEN_GATEWAY');
  assert.is(await codeOf(by(token(1, 'ab'.repeat(32)))), 'DEPLOY_TOKEN');
  assert.is((await by(token(1, manifestDigest))).version, '4.0.0');
  await gateway.relayAnswers();
  await gateway.install(await release(7, vendor));
  assert.is(await codeOf(by(token(1, manifestDigest))), 'DEPLOY_TOKEN');
  assert.is(await codeOf(gateway.install(await release(5, vendor))), 'DEPLOY_DOWNGRADE');
});

test("a vendor's release cannot push out a controller that is not the vendor's", async () => {
  const scope = { paths: ['ctl/culprit/*'], ceiling: null };
  const keys = root(6).keys;
  const roles = [
    { name: 'root', threshold: 1, keys: keys.slice(0, 1), scope: null },
    { name: 'release/culprit', threshold: 1, keys: keys.slice(1), scope },
  ];
  await adopt(document(root(6, { roles }), owner));
  const parts = { version: '8.0.0', sequence: 8, controllers: [CULPRIT] };
  const refused = await refusal(gateway.install(await signedRelease(parts, vendor)));
  assert.is(refused.code, 'DEPLOY_NOT_OWNER');
  assert.match(refused.message, 'the installed controller relay');
  const both = { ...parts, controllers: [CULPRIT, RELAY] };
  assert.is(await codeOf(gateway.install(await signedRelease(both, vendor))), 'MANIFEST_ROLE_PATH');
  await gateway.relayAnswers();
});

test.run();
