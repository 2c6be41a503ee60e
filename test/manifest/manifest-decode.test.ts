import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import { digestOfManifest } from '../../runtime/manifest/envelope.ts';
import { vendorIdentifier } from '../../runtime/manifest/identifiers.ts';
import { decodeManifest } from '../../runtime/manifest/manifest-decode.ts';
import { encodeManifest } from '../../runtime/manifest/manifest-encode.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import {
  type Entries,
  fakeComponent,
  signManifest,
  testController,
  testKey,
  testRelease,
  testRoots,
} from './support/signed-release.ts';

const test = suite('manifest/manifest-decode');

const PUMP = fakeComponent(300, 1);
const RELEASE = testRelease(testController('pump', PUMP));
const MANIFEST = encodeManifest(RELEASE);
const COMMON = 3;
const VALIDATE = 7;
const INSTALL = 20;
const SHARED = 4;
const RELEASE_PARAMETER = -256;
const CONTROLLER_PARAMETER = -257;

/** The code of the manifest layer alone: signatures are slow, and not the point here. */
function decodeCode(manifest: Uint8Array): string {
  try {
    decodeManifest(manifest);
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

function nested<Value extends CborValue>(bytes: CborValue | undefined): Value {
  return decodeCbor(bytes as Uint8Array) as Value;
}

function changed(change: (members: Entries) => void): Uint8Array {
  const members = nested<Entries>(MANIFEST);
  change(members);
  return encodeCbor(members);
}

/** The manifest with one sequence replaced. */
function withSequence(member: number, change: (items: CborValue[]) => CborValue[]): Uint8Array {
  return changed(members => {
    if (member !== SHARED) {
      members.set(member, encodeCbor(change(nested<CborValue[]>(members.get(member)))));
      return;
    }
    const common = nested<Entries>(members.get(COMMON));
    common.set(SHARED, encodeCbor(change(nested<CborValue[]>(common.get(SHARED)))));
    members.set(COMMON, encodeCbor(common));
  });
}

/** The manifest with one record in the shared sequence changed. */
function withRecord(parameter: number, change: (record: Entries) => void): Uint8Array {
  return withSequence(SHARED, items => {
    for (const item of items) {
      if (!(item instanceof Map) || !item.has(parameter)) continue;
      const record = nested<Entries>(item.get(parameter));
      change(record);
      (item as Entries).set(parameter, encodeCbor(record));
    }
    return items;
  });
}

test('a manifest that was taken apart and put together is the same', () => {
  assert.equal(
    changed(() => undefined),
    MANIFEST,
  );
  assert.equal(
    withRecord(RELEASE_PARAMETER, () => undefined),
    MANIFEST,
  );
  assert.is(decodeCode(MANIFEST), 'ACCEPTED');
  assert.equal(decodeManifest(MANIFEST), RELEASE);
});

test('a controller of another vendor than its release keeps that vendor, and only a domain', () => {
  const [first, ...others] = RELEASE.controllers;
  if (first === undefined) throw new Error('the release of this file has controllers');
  const release = { ...RELEASE, controllers: [{ ...first, vendor: 'pump.example' }, ...others] };
  assert.equal(decodeManifest(encodeManifest(release)), release);
  assert.not.equal(encodeManifest(release), MANIFEST);
  const wrong = { ...RELEASE, controllers: [{ ...first, vendor: 'no domain' }, ...others] };
  assert.throws(() => decodeManifest(encodeManifest(wrong)), /vendor/);
});

test('the digest of the secure boot example of the draft is reproduced', () => {
  // draft-ietf-suit-manifest B.1: the digest covers the byte string's head too.
  const example =
    'a50101020003585fa202818141000458568614a40150fa6b4a53d5ad5fdfbe9de663e4d41ffe0250' +
    '1492af1425695e48bf429b2d51f2ab45035824822f582000112233445566778899aabbccddeeff01' +
    '23456789abcdeffedcba98765432100e1987d0010f020f074382030f0943821702';
  assert.is(
    digestOfManifest(Buffer.from(example, 'hex')),
    '6658ea560262696dd1f13b782239a064da7c6c5cbaf52fded428a6fc83c7e5af',
  );
});

test('vendor identifiers are the UUIDs that others compute', () => {
  const text = (vendor: string) => Buffer.from(vendorIdentifier(vendor)).toString('hex');
  assert.is(text('www.example.com'), '2ed6657de927568b95e12665a8aea6a2');
  assert.is(text('arm.com'), 'fa6b4a53d5ad5fdfbe9de663e4d41ffe');
});

test('commands outside the subset are refused by name', () => {
  const names: readonly (readonly [number: number, name: RegExp])[] = [
    [15, /directive-try-each \(15\)/],
    [18, /directive-write \(18\)/],
    [22, /directive-copy \(22\)/],
    [23, /directive-invoke \(23\)/],
    [31, /directive-swap \(31\)/],
    [32, /directive-run-sequence \(32\)/],
    [14, /condition-abort \(14\)/],
    [-300, /-300/],
  ];
  for (const [number, name] of names) {
    for (const member of [SHARED, VALIDATE, INSTALL]) {
      const manifest = withSequence(member, items => [...items, number, 15]);
      assert.is(decodeCode(manifest), 'MANIFEST_COMMAND');
      assert.throws(() => decodeManifest(manifest), name);
    }
  }
  const fetchInShared = withSequence(SHARED, items => [...items, 21, 2]);
  assert.is(decodeCode(fetchInShared), 'MANIFEST_COMMAND');
  assert.is(decodeCode(withSequence(VALIDATE, items => [...items, 3])), 'MANIFEST_COMMAND');
});

test('parameters outside the subset, twice or in the wrong place are refused', () => {
  for (const parameter of [5, 12, 18, 22, 28, 30, -258, 99]) {
    const manifest = withSequence(SHARED, items => [...items, 20, new Map([[parameter, 1]])]);
    assert.is(decodeCode(manifest), 'MANIFEST_PARAMETER', String(parameter));
  }
  const twice = withSequence(SHARED, items => [...items, ...items.slice(-2)]);
  assert.is(decodeCode(twice), 'MANIFEST_PARAMETER');
  const size = withSequence(INSTALL, items => [20, new Map([[14, 300]]), ...items]);
  assert.is(decodeCode(size), 'MANIFEST_PARAMETER');
  assert.is(decodeCode(withSequence(SHARED, i => [...i, 20, 1])), 'MANIFEST_PARAMETER');
});

test('members of the manifest outside the subset are refused by name', () => {
  for (const member of [4, 5, 6, 8, 9, 14, 16, 24, -256, -300]) {
    const manifest = changed(members => members.set(member, new Uint8Array(1)));
    assert.is(decodeCode(manifest), 'MANIFEST_MEMBER', String(member));
  }
  assert.throws(
    () => decodeManifest(changed(members => members.set(9, new Uint8Array(1)))),
    /invoke \(9\)/,
  );
  const missing = [1, 2, COMMON, VALIDATE, INSTALL];
  for (const member of missing) {
    assert.is(decodeCode(changed(members => members.delete(member))), 'MANIFEST_MALFORMED');
  }
});

test('a signed manifest outside the subset is refused after its signature was accepted', () => {
  const manifest = withSequence(INSTALL, items => [...items, 31, 15]);
  const passed: string[] = [];
  assert.throws(
    () =>
      verifyEnvelope(signManifest(manifest, [PUMP], testKey(1)), testRoots(1), {
        policy: () => undefined,
        onPassed: layer => passed.push(layer),
      }),
    (error: unknown) => errorCode(error) === 'MANIFEST_COMMAND',
  );
  assert.equal(passed, ['envelope', 'signature']);
});

test('use-before is asked for where it is set, and is the same for all components', () => {
  const USE_BEFORE = 4;
  const dated = { ...RELEASE, useBeforeS: 1_800_000_000 };
  const both = testRelease(...RELEASE.controllers, testController('fan', PUMP));
  const set = (value: CborValue) => [20, new Map([[USE_BEFORE, value]])];
  const all = [12, true, ...set(1_800_000_000), USE_BEFORE, 15];
  const shared = (release: Release, more: readonly CborValue[]) => {
    const members = nested<Entries>(encodeManifest(release));
    const common = nested<Entries>(members.get(COMMON));
    const items = nested<CborValue[]>(common.get(SHARED));
    common.set(SHARED, encodeCbor([...items, ...more]));
    return encodeCbor(members.set(COMMON, encodeCbor(common)));
  };
  assert.equal(decodeManifest(encodeManifest(dated)), dated);
  assert.equal(decodeManifest(shared(RELEASE, all)), dated);
  assert.is(decodeCode(shared(both, all)), 'ACCEPTED');
  for (const [release, more, code] of [
    [RELEASE, all.slice(0, -2), 'MANIFEST_INCOMPLETE'],
    [RELEASE, [USE_BEFORE, 15], 'MANIFEST_COMMAND'],
    [RELEASE, [12, true, ...set('soon'), USE_BEFORE, 15], 'MANIFEST_MALFORMED'],
    [RELEASE, [12, true, ...set(-1), USE_BEFORE, 15], 'MANIFEST_MALFORMED'],
    [dated, all, 'MANIFEST_PARAMETER'],
    [both, [12, 0, ...set(9), USE_BEFORE, 15], 'MANIFEST_INVALID'],
    [both, [12, 0, ...set(9), 4, 15, 12, 1, ...set(8), 4, 15], 'MANIFEST_INVALID'],
  ] as const) {
    assert.is(decodeCode(shared(release, more)), code, JSON.stringify(more));
  }
});

test('options of our records have their shapes', () => {
  for (const [key, value] of [
    [7, 'today'],
    [8, 5],
    [9, '1s'],
    [9, -1],
  ] as const) {
    const manifest = withRecord(RELEASE_PARAMETER, record => record.set(key, value));
    assert.is(decodeCode(manifest), 'MANIFEST_MALFORMED', `release ${key}`);
  }
  for (const [key, value] of [
    [7, 5],
    [8, []],
    [9, 5],
    [10, '2'],
    [11, 1],
    [12, 3],
    [12, [1]],
    [12, [1, 2, 3]],
    [13, 1],
  ] as const) {
    const manifest = withRecord(CONTROLLER_PARAMETER, record => record.set(key, value));
    assert.is(decodeCode(manifest), 'MANIFEST_MALFORMED', `controller ${key}`);
  }
});

test('another manifest version is refused', () => {
  assert.is(decodeCode(changed(members => members.set(1, 2))), 'MANIFEST_VERSION');
});

test('a component that is not checked, matched or fetched is refused', () => {
  const without = (member: number, command: number) =>
    withSequence(member, items => {
      const at = items.findIndex((item, index) => index % 2 === 0 && item === command);
      return items.toSpliced(at, 2);
    });
  for (const manifest of [
    without(SHARED, 1),
    without(SHARED, 2),
    without(INSTALL, 21),
    without(INSTALL, 3),
    withSequence(VALIDATE, () => [12, 0]),
  ]) {
    assert.is(decodeCode(manifest), 'MANIFEST_INCOMPLETE');
  }
});

test('a condition before its parameter is refused', () => {
  const early = withSequence(SHARED, items => [1, 15, ...items]);
  assert.is(decodeCode(early), 'MANIFEST_COMMAND');
});

test('identifiers that are not those of the named vendor are refused', () => {
  const record = withRecord(RELEASE_PARAMETER, r => r.set(3, 'example.org'));
  assert.is(decodeCode(record), 'MANIFEST_INVALID');
  const other = withRecord(RELEASE_PARAMETER, r => r.set(4, 'rocket'));
  assert.is(decodeCode(other), 'MANIFEST_INVALID');
});

test('records with wrong shapes or values are refused', () => {
  const faults: readonly (readonly [Uint8Array, string])[] = [
    [withRecord(RELEASE_PARAMETER, r => r.set(99, 'new')), 'MANIFEST_MALFORMED'],
    [withRecord(RELEASE_PARAMETER, r => r.delete(1)), 'MANIFEST_MALFORMED'],
    [withRecord(RELEASE_PARAMETER, r => r.set(1, 5)), 'MANIFEST_MALFORMED'],
    [withRecord(RELEASE_PARAMETER, r => r.set(1, '../../etc')), 'MANIFEST_INVALID'],
    [withRecord(RELEASE_PARAMETER, r => r.set(2, 'v1')), 'MANIFEST_INVALID'],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(2, [['gpio:a', 'x']])), 'MANIFEST_MALFORMED'],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(2, [])), 'MANIFEST_GRANT'],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(2, [['usb:all', 'x', false]])), 'MANIFEST_GRANT'],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(3, [['a', 1]])), 'MANIFEST_INVALID'],
    [
      withRecord(CONTROLLER_PARAMETER, r =>
        r.set(3, [
          ['b', '1'],
          ['a', '2'],
        ]),
      ),
      'MANIFEST_INVALID',
    ],
    [
      withRecord(CONTROLLER_PARAMETER, r => r.set(4, ['never', 1, 1_000, 10, 10])),
      'MANIFEST_INVALID',
    ],
    [
      withRecord(CONTROLLER_PARAMETER, r => r.set(5, [0, 1_024, 'drop-oldest'])),
      'MANIFEST_INVALID',
    ],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(6, 1)), 'MANIFEST_INVALID'],
    [withRecord(CONTROLLER_PARAMETER, r => r.set(6, 2n ** 60n)), 'MANIFEST_MALFORMED'],
  ];
  for (const [index, [manifest, code]] of faults.entries()) {
    assert.is(decodeCode(manifest), code, `number ${index}`);
  }
});

test('component ids outside the prefix, or with a path in the name, are refused', () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);
  for (const id of [
    ['app', 'pump'],
    ['ctl', '../x'],
    ['ctl', 'a\u001b[2J'],
  ]) {
    const manifest = changed(members => {
      const common = nested<Entries>(members.get(COMMON));
      common.set(2, [id.map(utf8)]);
      members.set(COMMON, encodeCbor(common));
    });
    assert.is(decodeCode(manifest), 'MANIFEST_INVALID', id.join('/'));
  }
});

test('every truncation of a signed manifest is refused, and none crashes', () => {
  for (let end = 0; end < MANIFEST.length; end += 1) {
    assert.is(decodeCode(MANIFEST.subarray(0, end)), 'MANIFEST_MALFORMED', `at ${end}`);
  }
});

test('a flipped bit in a signed manifest never crashes', () => {
  for (let at = 0; at < MANIFEST.length; at += 1) {
    const bytes = Uint8Array.from(MANIFEST);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 7));
    const code = decodeCode(bytes);
    assert.match(code, /^(ACCEPTED|MANIFEST_)/, `byte ${at}`);
  }
});

test.run();
