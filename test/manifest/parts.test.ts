import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { decodeManifest } from '../../runtime/manifest/manifest-decode.ts';
import { encodeManifest } from '../../runtime/manifest/manifest-encode.ts';
import type { ControllerSpec, PartSpec } from '../../runtime/manifest/release.ts';
import { requireRelease } from '../../runtime/manifest/release-schema.ts';
import {
  completeRelease,
  componentPaths,
  parseReleaseToml,
} from '../../runtime/manifest/release-toml.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testKey,
  testRelease,
  testRoots,
} from './support/signed-release.ts';

const test = suite('manifest: parts and links');

const OWN = fakeComponent(300, 1);
const SMOOTHER = fakeComponent(200, 2);
const SMOOTHING = 'acme:signal/smoothing@1.0.0';
const FAN = testController('fan', OWN);

function part(name: string, change: Partial<PartSpec> = {}): PartSpec {
  return { name, digest: sha256(SMOOTHER), sizeBytes: 200, memoryBytesMax: 65_536, ...change };
}

function pump(change: Partial<ControllerSpec> = {}): ControllerSpec {
  return {
    ...testController('pump', OWN),
    parts: [part('smoother')],
    links: [{ importer: 'pump', interface: SMOOTHING, exporter: 'smoother' }],
    ...change,
  };
}

function outcome(task: () => unknown): string {
  try {
    task();
    return 'ACCEPTED';
  } catch (error) {
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
}

test('a signed release with parts comes back as it was, with all components', () => {
  const release = testRelease(pump(), FAN);
  const components = new Map([OWN, SMOOTHER].map(bytes => [sha256(bytes), bytes]));
  const envelope = signRelease(release, components, [testKey(1)]);
  const verified = verifyEnvelope(envelope, testRoots(1), { policy: () => undefined });
  assert.equal(verified.release, release);
  assert.equal([...verified.components.keys()].sort(), [...components.keys()].sort());
});

test('the component of a part must be there, of the signed size', () => {
  const without = new Map([[sha256(OWN), OWN]]);
  const sign = (release: ReturnType<typeof testRelease>, bytes: readonly Uint8Array[]) =>
    signRelease(release, new Map(bytes.map(one => [sha256(one), one])), [testKey(1)]);
  assert.match(
    outcome(() => signRelease(testRelease(pump()), without, [testKey(1)])),
    /^PAYLOAD_MISSING the component of pump\/smoother/,
  );
  const longer = testRelease(pump({ parts: [part('smoother', { sizeBytes: 201 })] }));
  assert.match(
    outcome(() => sign(longer, [OWN, SMOOTHER])),
    /^PAYLOAD_SIZE pump\/smoother/,
  );
});

const LINK = { importer: 'pump', interface: SMOOTHING, exporter: 'smoother' };
const BROKEN: readonly (readonly [what: string, change: Partial<ControllerSpec>, RegExp])[] = [
  ['a part of its owner’s name', { parts: [part('smoother'), part('pump')] }, /has the name/],
  ['two parts of one name', { parts: [part('smoother'), part('smoother')] }, /has the name/],
  ['an unknown importer', { links: [LINK, { ...LINK, importer: 'fan' }] }, /no part fan/],
  ['an unknown exporter', { links: [LINK, { ...LINK, exporter: 'fan' }] }, /no part fan/],
  [
    'an exporter that is the controller',
    { links: [{ ...LINK, exporter: 'pump' }] },
    /no part pump/,
  ],
  ['a part linked to itself', { links: [LINK, { ...LINK, importer: 'smoother' }] }, /to itself/],
  ['an import linked twice', { links: [LINK, LINK] }, /linked twice/],
  ['a part that answers nobody', { parts: [part('smoother'), part('idle')] }, /answers nobody/],
  ['links without a part', { parts: [] }, /no part smoother/],
  [
    'too little memory',
    { parts: [part('smoother', { memoryBytesMax: 65_535 })] },
    /memoryBytesMax/,
  ],
  ['a name that is no interface', { links: [{ ...LINK, interface: 'smoothing' }] }, /interface/],
  ['a version that is none', { links: [{ ...LINK, interface: 'a:b/c@-..+' }] }, /interface/],
  [
    'one track linked twice',
    {
      parts: [part('smoother'), part('other')],
      links: [LINK, { ...LINK, interface: 'acme:signal/smoothing@1.2.0', exporter: 'other' }],
    },
    /linked twice/,
  ],
  [
    'a circle',
    {
      parts: [part('smoother'), part('other')],
      links: [
        LINK,
        { importer: 'smoother', interface: SMOOTHING, exporter: 'other' },
        { importer: 'other', interface: SMOOTHING, exporter: 'smoother' },
      ],
    },
    /circle among/,
  ],
  [
    'parts that take all the memory',
    { parts: [part('smoother', { memoryBytesMax: 8 * 1024 * 1024 })] },
    /take 8388608 of the 8388608 bytes/,
  ],
];

for (const [what, change, words] of BROKEN) {
  test(`${what} is refused, before signing and after`, () => {
    const broken = testRelease(pump(change));
    for (const task of [
      () => requireRelease(broken),
      () => decodeManifest(encodeManifest(broken)),
    ]) {
      assert.match(outcome(task), /^MANIFEST_INVALID /);
      assert.match(outcome(task), words);
    }
  });
}

test('a release has at most so many components in sum', () => {
  const parts = Array.from({ length: 8 }, (_, index) => part(`p${index}`));
  const links = parts.map(({ name }, index) => {
    return { importer: 'x', interface: `a:b/c${index}@1.0.0`, exporter: name };
  });
  const many = Array.from({ length: 14 }, (_, index): ControllerSpec => {
    const importer = `c${index}`;
    return pump({ name: importer, parts, links: links.map(link => ({ ...link, importer })) });
  });
  assert.match(
    outcome(() => requireRelease(testRelease(...many))),
    /at most 120 components/,
  );
  requireRelease(testRelease(...many.slice(1)));
});

type Entries = Map<number | string, CborValue>;

/** The manifest of a release with a part, its common member changed. */
function manifestWith(change: (components: CborValue[], shared: CborValue[]) => void): Uint8Array {
  const manifest = decodeCbor(encodeManifest(testRelease(pump(), FAN))) as Entries;
  const common = decodeCbor(manifest.get(3) as Uint8Array) as Entries;
  const components = [...(common.get(2) as CborValue[])];
  const shared = [...(decodeCbor(common.get(4) as Uint8Array) as CborValue[])];
  change(components, shared);
  const changed = new Map(common).set(2, components).set(4, encodeCbor(shared));
  return encodeCbor(new Map(manifest).set(3, encodeCbor(changed)));
}

test('a part that does not follow its controller is refused', () => {
  assert.equal(decodeManifest(manifestWith(() => {})), testRelease(pump(), FAN));
  const moved = manifestWith(components => components.push(...components.splice(1, 1)));
  assert.match(
    outcome(() => decodeManifest(moved)),
    /pump\/smoother does not follow/,
  );
});

test('a part has no record of a controller, and a controller none of a part', () => {
  const swapped = manifestWith((_, shared) => {
    for (const item of shared) {
      if (!(item instanceof Map)) continue;
      const entries = item as Map<number | string, CborValue>;
      if (entries.has(-258)) entries.set(-257, Uint8Array.of(0xa0));
    }
  });
  assert.match(
    outcome(() => decodeManifest(swapped)),
    /^MANIFEST_PARAMETER .*smoother/,
  );
  const both = manifestWith((_, shared) => {
    for (const item of shared) {
      if (item instanceof Map && item.has(-257)) (item as Entries).set(-258, 65_536);
    }
  });
  assert.match(
    outcome(() => decodeManifest(both)),
    /^MANIFEST_PARAMETER component pump:/,
  );
});

const TOML = `
name = "heating"
sequence = 1
version = "1.0.0"
vendor = "example.com"
class = "gateway"
minimum-runtime = "0.1.0"

[[controller]]
name = "pump"
version = "1.0.0"
component = "pump.wasm"

[[controller.part]]
name = "smoother"
component = "smoother.wasm"
memory = "1MiB"

[[controller.link]]
interface = "${SMOOTHING}"
exporter = "smoother"

[[controller.request]]
grant = "mem:8MiB"
reason = "runs"

[[controller.request]]
grant = "cpu:call[<=250ms]"
reason = "runs"
`;

test('release.toml names parts and links; who imports is the controller unless said', () => {
  const draft = parseReleaseToml(TOML, 'release.toml');
  assert.equal([...componentPaths(draft)], ['pump.wasm', 'smoother.wasm']);
  const files = new Map([
    ['pump.wasm', OWN],
    ['smoother.wasm', SMOOTHER],
  ]);
  const { release, components } = completeRelease(draft, files);
  assert.equal(release.controllers[0]?.parts, [part('smoother', { memoryBytesMax: 1_048_576 })]);
  assert.equal(release.controllers[0]?.links, [LINK]);
  assert.equal([...components.keys()], [sha256(OWN), sha256(SMOOTHER)]);
});

test('a part without memory, or of an unknown key, is refused by its place', () => {
  const code = (text: string) => outcome(() => parseReleaseToml(text, 'release.toml'));
  assert.match(
    code(TOML.replace('memory = "1MiB"', '')),
    /controller\.0\.part\.0\.memory: .*missing/,
  );
  assert.match(code(TOML.replace('memory =', 'memroy =')), /controller\.0\.part\.0/);
  assert.match(code(TOML.replace('exporter =', 'to =')), /controller\.0\.link\.0/);
});

test.run();
