import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { openTrustStore, type TrustStore } from '../../runtime/deploy/trust-store.ts';
import { encodeDocument, newDocument, signDocument } from '../../runtime/trust/document.ts';
import {
  encodeRevocations,
  NO_REVOCATIONS,
  type Revocations,
} from '../../runtime/trust/revocations.ts';
import { VERSION_MAX } from '../../runtime/trust/root.ts';
import { currentRoot } from '../../runtime/trust/root-chain.ts';
import { seedKey, seedRoot, seedTrusted, signedRoot } from '../trust/support/roots.ts';

const test = suite('deploy/trust-store');

const OWNER = { name: 'root', seeds: [1] };
const FACTORY = seedRoot(1, [OWNER, { name: 'site', seeds: [2, 3] }]);
const ID = 'ab'.repeat(32);

function list(version: number, seed: number, more: Partial<Revocations> = {}): Uint8Array {
  const payload = encodeRevocations({ ...NO_REVOCATIONS, version, ...more });
  return encodeDocument(signDocument(newDocument('revocations', payload), seedKey(seed)));
}

function rootAfter(version: number, site: readonly number[]): Uint8Array {
  return signedRoot(seedRoot(version, [OWNER, { name: 'site', seeds: site }]), 1);
}

async function inFolder(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'airssys-trust-'));
  try {
    await task(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function open(folder: string): Promise<TrustStore> {
  return openTrustStore(nodeFiles(), folder, FACTORY);
}

function codeOf(task: Promise<unknown>): Promise<string> {
  return task.then(() => 'ADOPTED', errorCode);
}

test('roots and lists are there again after a start', () =>
  inFolder(async folder => {
    const store = await open(folder);
    assert.equal(await store.adopt(rootAfter(2, [2])), { kind: 'root', version: 2 });
    const adopted = await store.adopt(list(4, 2, { releases: [ID] }));
    assert.equal(adopted, { kind: 'revocations', version: 4 });
    const again = await open(folder);
    assert.is(currentRoot(again.chain()).version, 2);
    assert.equal(again.revocations().releases, [ID]);
    assert.is(again.damage(), null);
  }));

test('a list is followed by a higher one only, also when both come at once', () =>
  inFolder(async folder => {
    const store = await open(folder);
    const codes = [codeOf(store.adopt(list(9, 2))), codeOf(store.adopt(list(2, 2)))];
    assert.equal(await Promise.all(codes), ['ADOPTED', 'TRUST_REVOCATIONS_VERSION']);
    assert.is((await open(folder)).revocations().version, 9);
  }));

test('a key of the site that was revoked does not take that back; the owners may overrule', () =>
  inFolder(async folder => {
    const store = await open(folder);
    await store.adopt(list(1, 1, { keyIds: [seedTrusted(2).keyId] }));
    assert.is(await codeOf(store.adopt(list(2, 2))), 'SIGNATURE_THRESHOLD');
    await store.adopt(list(VERSION_MAX, 3, { releases: [ID] }));
    assert.is(await codeOf(store.adopt(list(5, 3))), 'TRUST_REVOCATIONS_VERSION');
    await store.adopt(list(2, 1, { keyIds: [seedTrusted(3).keyId] }));
    assert.equal(store.revocations().releases, []);
    assert.is(await codeOf(store.adopt(list(3, 3))), 'SIGNATURE_THRESHOLD');
  }));

test('what former keys of the site revoked stays so until the new ones speak', () =>
  inFolder(async folder => {
    const store = await open(folder);
    await store.adopt(list(VERSION_MAX, 2, { releases: [ID] }));
    await store.adopt(rootAfter(2, [7]));
    assert.equal(store.revocations().releases, [ID]);
    await store.adopt(list(1, 7));
    assert.equal(store.revocations().releases, []);
    assert.is((await open(folder)).revocations().version, 1);
  }));

test('a damaged root loses no list, and lets no older one in', () =>
  inFolder(async folder => {
    const store = await open(folder);
    const second = rootAfter(2, [2]);
    await store.adopt(second);
    await store.adopt(list(5, 2, { releases: [ID] }));
    writeFileSync(join(folder, 'root.2.cbor'), second.subarray(1));
    const damaged = await open(folder);
    assert.match(damaged.damage() ?? '', /^root 2 was adopted and cannot be read any more/);
    assert.equal(damaged.revocations().releases, [ID]);
    assert.is(await codeOf(damaged.adopt(list(6, 2))), 'TRUST_DAMAGED');
    await damaged.adopt(second);
    assert.is(damaged.damage(), null);
    assert.is(damaged.revocations().version, 5);
  }));

test('a damaged list is told, and mended by a list', () =>
  inFolder(async folder => {
    const store = await open(folder);
    await store.adopt(list(5, 2));
    const path = join(folder, 'revocations.cbor');
    writeFileSync(path, readFileSync(path).subarray(1));
    const damaged = await open(folder);
    assert.match(damaged.damage() ?? '', /^the list of revocations was adopted/);
    await damaged.adopt(list(6, 2));
    assert.is(damaged.damage(), null);
  }));

test.run();
