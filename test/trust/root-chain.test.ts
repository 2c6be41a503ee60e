import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import {
  encodeCoseSign,
  parseCose,
  signatureBy,
  unsignedMessage,
} from '../../runtime/signing/cose.ts';
import {
  encodeDocument,
  newDocument,
  parseDocument,
  signDocument,
} from '../../runtime/trust/document.ts';
import type { Root } from '../../runtime/trust/root.ts';
import {
  currentRoot,
  extendChain,
  isRoleRenewed,
  type RootChain,
  verifyFirstRoot,
} from '../../runtime/trust/root-chain.ts';
import { decodeRoot, encodeRoot } from '../../runtime/trust/root-codec.ts';
import { isExpired, nowAtLeastS } from '../../runtime/trust/time.ts';
import { seedKey, seedRoot, seedTrusted, signedRoot } from './support/roots.ts';

const test = suite('trust/root-chain');

const OWNERS = { name: 'root', seeds: [1, 2, 3], threshold: 2 };
const VENDOR = { name: 'release', seeds: [4] };
const FIRST = seedRoot(1, [OWNERS, VENDOR]);
const CHAIN: RootChain = [FIRST];

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

const firstCode = (bytes: Uint8Array) => codeOf(() => verifyFirstRoot(bytes));
const nextCode = (bytes: Uint8Array, chain = CHAIN) => codeOf(() => extendChain(chain, bytes));

test('a root comes back from its document as it was; equal roots give equal bytes', () => {
  const bytes = signedRoot(FIRST, 1, 2);
  assert.equal(verifyFirstRoot(bytes), FIRST);
  assert.equal(signedRoot(FIRST, 2, 1), bytes);
  const limited = seedRoot(7, [
    { name: 'root', seeds: [1] },
    { name: 'site', seeds: [2, 3], threshold: 2 },
    {
      name: 'release/pump',
      seeds: [4],
      scope: { paths: ['ctl/pump/*', 'ctl/pump-*'], ceiling: ['gpio:pump[dir=out]', 'mem:8MiB'] },
    },
  ]);
  assert.equal(decodeRoot(encodeRoot({ ...limited, expiresS: 1_900_000_000 })), {
    ...limited,
    expiresS: 1_900_000_000,
  });
});

test('the first root needs the threshold of its own role root', () => {
  assert.is(firstCode(signedRoot(FIRST, 1)), 'SIGNATURE_THRESHOLD');
  assert.is(firstCode(signedRoot(FIRST)), 'SIGNATURE_MISSING');
  // A key of another role is not one of root.
  assert.is(firstCode(signedRoot(FIRST, 1, 4)), 'SIGNATURE_THRESHOLD');
  assert.is(firstCode(signedRoot(FIRST, 4)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(firstCode(signedRoot(FIRST, 1, 3)), 'ACCEPTED');
});

test('the next root is signed by the old threshold and by its own', () => {
  const next = seedRoot(2, [{ name: 'root', seeds: [7, 8], threshold: 2 }, VENDOR]);
  assert.is(nextCode(signedRoot(next, 1, 2, 7, 8)), 'ACCEPTED');
  assert.is(nextCode(signedRoot(next, 1, 2)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(nextCode(signedRoot(next, 1, 2, 7)), 'SIGNATURE_THRESHOLD');
  assert.is(nextCode(signedRoot(next, 7, 8)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(nextCode(signedRoot(next, 1, 7, 8)), 'SIGNATURE_THRESHOLD');
});

test('a key that stays counts for both thresholds with one signature', () => {
  const next = seedRoot(2, [{ name: 'root', seeds: [2, 3, 9], threshold: 2 }, VENDOR]);
  assert.is(nextCode(signedRoot(next, 2, 3)), 'ACCEPTED');
  assert.is(nextCode(signedRoot(next, 1, 2)), 'SIGNATURE_THRESHOLD');
});

test('the same root, an older one and one that leaves a version out are refused', () => {
  const second = seedRoot(2, [OWNERS, VENDOR]);
  const chain = extendChain(CHAIN, signedRoot(second, 1, 2));
  for (const version of [1, 2, 4, 1_000_000]) {
    const other = signedRoot(seedRoot(version, [OWNERS, VENDOR]), 1, 2, 3);
    assert.is(nextCode(other, chain), 'TRUST_ROOT_VERSION', `version ${version}`);
  }
});

test('a gateway that missed several roots follows them one by one, each by its predecessor', () => {
  let chain: RootChain = [seedRoot(1, [{ name: 'root', seeds: [1] }])];
  const documents: Uint8Array[] = [];
  for (let version = 2; version <= 6; version += 1) {
    const root = seedRoot(version, [{ name: 'root', seeds: [version] }]);
    documents.push(signedRoot(root, version - 1, version));
  }
  assert.is(nextCode(documents[4] ?? new Uint8Array(), chain), 'TRUST_ROOT_VERSION');
  for (const document of documents) chain = extendChain(chain, document);
  assert.is(currentRoot(chain).version, 6);
  assert.equal(
    chain.map(({ version }) => version),
    [1, 2, 3, 4, 5, 6],
  );
});

test('an expired root is followed by a newer one like any other', () => {
  const expired: RootChain = [seedRoot(1, [OWNERS, VENDOR], { expiresS: 1_700_000_100 })];
  const next = seedRoot(2, [OWNERS, VENDOR], { expiresS: 1_700_000_200 });
  assert.is(nextCode(signedRoot(next, 1, 2), expired), 'ACCEPTED');
});

test('time is at least what the root in force was signed at; a later clock counts', () => {
  const root = seedRoot(1, [OWNERS], { issuedS: 2_000_000_000, expiresS: 2_000_000_100 });
  assert.is(nowAtLeastS([root], 0), 2_000_000_000);
  assert.is(nowAtLeastS([root], 2_000_000_050_999), 2_000_000_050);
  assert.is(isExpired(root, 2_000_000_099), false);
  assert.is(isExpired(root, 2_000_000_100), true);
  assert.is(isExpired({ expiresS: null }, Number.MAX_SAFE_INTEGER), false);
  // A root that says an earlier time mends one that was signed with a wrong clock.
  const mended = seedRoot(2, [OWNERS], { issuedS: 1_800_000_000 });
  assert.is(nowAtLeastS([root, mended], 0), 1_800_000_000);
});

test('a document of another kind, form or tag is no root', () => {
  const payload = encodeRoot(FIRST);
  const other = { ...unsignedMessage('application/vnd.airssys-wasm.other+cbor', payload), payload };
  const signatures = [1, 2].map(seed => signatureBy(other, seedKey(seed)));
  assert.is(firstCode(encodeCoseSign({ ...other, signatures })), 'TRUST_KIND');
  const detached = { ...parseCose(signedRoot(FIRST, 1, 2), 8_192), payload: null };
  assert.is(firstCode(encodeCoseSign(detached)), 'TRUST_MALFORMED');
  assert.is(firstCode(encodeCbor(new CborTag([], 107))), 'SIGNATURE_MALFORMED');
  assert.is(firstCode(new Uint8Array(0)), 'SIGNATURE_MALFORMED');
});

test('nobody signs twice, and what was signed cannot be changed', () => {
  const document = parseDocument(signedRoot(FIRST, 1), 'root');
  assert.is(
    codeOf(() => signDocument(document, seedKey(1))),
    'TRUST_SIGNED_TWICE',
  );
  const { payload: _, ...message } = document.message;
  const other = encodeRoot(seedRoot(1, [{ name: 'root', seeds: [1] }]));
  const forged = encodeDocument({ kind: 'root', message: { ...message, payload: other } });
  assert.is(firstCode(forged), 'SIGNATURE_INVALID');
});

test('a false signature under the id of a key does not keep the key from signing', () => {
  const document = parseDocument(signedRoot(FIRST, 1), 'root');
  const [squatted] = document.message.signatures;
  if (squatted === undefined) throw new Error('a signature');
  const signatures = [{ ...squatted, signature: new Uint8Array(64) }];
  const message = { ...document.message, signatures };
  const mended = encodeDocument(signDocument({ ...document, message }, seedKey(1)));
  assert.equal(mended, signedRoot(FIRST, 1));
});

test('no more sign than are read, and what cannot be shown or followed is not read', () => {
  const many = Array.from({ length: 16 }, (_, index) => index + 1);
  const full = parseDocument(signedRoot(FIRST, ...many), 'root');
  assert.is(
    codeOf(() => signDocument(full, seedKey(17))),
    'TRUST_SIGNATURES_FULL',
  );
  const alone = seedRoot(1, [{ name: 'root', seeds: [1] }]);
  for (const change of [
    { issuedS: 253_402_300_800 },
    { expiresS: 253_402_300_800 },
    { version: Number.MAX_SAFE_INTEGER },
  ]) {
    const bytes = encodeDocument(
      signDocument(newDocument('root', encodeRoot({ ...alone, ...change })), seedKey(1)),
    );
    assert.is(firstCode(bytes), 'TRUST_MALFORMED', JSON.stringify(change));
  }
});

test('roots that break a rule are refused, whoever signed them', () => {
  const raw = (root: Root) =>
    encodeDocument(signDocument(newDocument('root', encodeRoot(root)), seedKey(1)));
  const [alone] = [seedRoot(1, [{ name: 'root', seeds: [1] }])];
  const role = alone.roles[0];
  if (role === undefined) throw new Error('a role');
  const release = { ...role, name: 'release', scope: { paths: ['ctl/*'], ceiling: null } };
  const faults: readonly (readonly [string, Root])[] = [
    ['no role root', { ...alone, roles: [{ ...role, name: 'site' }] }],
    ['a role twice', { ...alone, roles: [role, role] }],
    ['an unknown role', { ...alone, roles: [role, { ...role, name: 'boss' }] }],
    ['a release role in capitals', { ...alone, roles: [role, { ...release, name: 'release/X' }] }],
    ['more needed than there are', { ...alone, roles: [{ ...role, threshold: 2 }] }],
    ['a release without scope', { ...alone, roles: [role, { ...release, scope: null }] }],
    ['a scope for root', { ...alone, roles: [{ ...role, scope: release.scope }] }],
    ['a key without role', { ...alone, keys: [...alone.keys, seedTrusted(2)] }],
    ['a key twice', { ...alone, keys: [...alone.keys, { ...seedTrusted(1), name: 'other' }] }],
    ['an odd name', { ...alone, keys: [{ ...seedTrusted(1), name: '\u001b[2J' }] }],
    ['an end before its beginning', { ...alone, expiresS: alone.issuedS }],
    ...['ctl', 'ctl/', '*', 'ctl/Pump/*', 'ctl/pump', 'ctl/*/x', 'ctl/pump-*/*', 'x/pump/*'].map(
      (path): readonly [string, Root] => [
        `path ${path}`,
        { ...alone, roles: [role, { ...release, scope: { paths: [path], ceiling: null } }] },
      ],
    ),
    ...['gpio:', 'mem:8192KiB', 'rm -rf'].map((grant): readonly [string, Root] => [
      `ceiling ${grant}`,
      { ...alone, roles: [role, { ...release, scope: { paths: ['ctl/*'], ceiling: [grant] } }] },
    ]),
  ];
  for (const [what, root] of faults) assert.is(firstCode(raw(root)), 'TRUST_ROOT_INVALID', what);
  for (const root of [
    { ...alone, version: 0 },
    { ...alone, roles: [] },
    { ...alone, keys: [] },
  ]) {
    const bytes = encodeDocument(signDocument(newDocument('root', encodeRoot(root)), seedKey(1)));
    assert.is(firstCode(bytes), 'TRUST_MALFORMED');
  }
});

test('a key of small order is refused in a root as anywhere', () => {
  const weak = { ...seedTrusted(1), key: Uint8Array.of(1, ...new Uint8Array(31)) };
  const root = { ...FIRST, keys: [...FIRST.keys, weak] } as Root;
  const bytes = encodeDocument(signDocument(newDocument('root', encodeRoot(root)), seedKey(1)));
  assert.is(firstCode(bytes), 'KEY_WEAK');
});

test('a role is renewed when a root leaves it none of its keys, and only from then on', () => {
  const root = (version: number, ...seeds: number[]) =>
    seedRoot(version, [
      { name: 'root', seeds: [1] },
      ...(seeds.length === 0 ? [] : [{ name: 'release/pump', seeds }]),
    ]);
  const chain: RootChain = [root(1, 4), root(2, 4, 5), root(3, 5), root(4, 6), root(5, 6)];
  assert.is(isRoleRenewed([root(1, 4), root(2, 4, 5), root(3, 5)], 'release/pump', 1), false);
  assert.is(isRoleRenewed(chain, 'release/pump', 1), true);
  assert.is(isRoleRenewed(chain, 'release/pump', 3), true);
  assert.is(isRoleRenewed(chain, 'release/pump', 4), false);
  assert.is(isRoleRenewed(chain, 'release/other', 1), false);
  // Taken away and given back with the same keys, it is the same role.
  assert.is(isRoleRenewed([root(1, 4), root(2), root(3, 4)], 'release/pump', 1), false);
  assert.is(isRoleRenewed([root(1, 4), root(2), root(3, 5)], 'release/pump', 1), true);
  // What came before the chain is not known, and nothing is forgotten for it.
  assert.is(isRoleRenewed([root(9, 5)], 'release/pump', 2), false);
});

test('every truncation of a signed root is refused, every flipped bit too', () => {
  const bytes = signedRoot(FIRST, 1, 2);
  for (let end = 0; end < bytes.length; end += 1) {
    assert.is(firstCode(bytes.subarray(0, end)), 'SIGNATURE_MALFORMED', `at ${end}`);
  }
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), bit => {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.match(firstCode(changed), /^(SIGNATURE|TRUST|KEY)_/);
    }),
    { numRuns: 120 },
  );
});

test.run();
