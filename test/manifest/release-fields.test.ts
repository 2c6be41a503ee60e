import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { decodeManifest } from '../../runtime/manifest/manifest-decode.ts';
import { encodeManifest } from '../../runtime/manifest/manifest-encode.ts';
import type { ControllerSpec, Release } from '../../runtime/manifest/release.ts';
import { requireRelease } from '../../runtime/manifest/release-schema.ts';
import { arbitraryRelease } from './support/arbitrary-release.ts';
import { fakeComponent, testController, testRelease } from './support/signed-release.ts';

const test = suite('manifest: fields of a release');

const PUMP = testController('pump', fakeComponent(300, 1));
const YEAR_9999_S = 253_402_300_799;

function outcome(task: () => unknown): string {
  try {
    task();
    return 'ACCEPTED';
  } catch (error) {
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
}

test('any release comes back from its manifest as it was, with the same bytes every time', () => {
  fc.assert(
    fc.property(arbitraryRelease, release => {
      const manifest = encodeManifest(requireRelease(release));
      assert.equal(decodeManifest(manifest), release);
      assert.equal(encodeManifest(decodeManifest(manifest)), manifest);
    }),
    { numRuns: 60 },
  );
});

type Change = Readonly<Record<string, unknown>>;
type Case = readonly [what: string, good: readonly Change[], bad: readonly Change[]];

const uri = (text: string): Change => ({ uris: [text] });
const long = (characters: number) => `https://a.example/${'x'.repeat(characters - 18)}`;

const OF_RELEASE: readonly Case[] = [
  [
    'issued',
    [{ issuedS: 0 }, { issuedS: YEAR_9999_S }],
    [{ issuedS: -1 }, { issuedS: YEAR_9999_S + 1 }, { issuedS: 1.5 }, { issuedS: '2027' }],
  ],
  [
    'use-before',
    [{ useBeforeS: 0 }, { useBeforeS: YEAR_9999_S }, { issuedS: 8, useBeforeS: 9 }],
    [
      { useBeforeS: -1 },
      { useBeforeS: YEAR_9999_S + 1 },
      { useBeforeS: 'tomorrow' },
      { issuedS: 9, useBeforeS: 9 },
    ],
  ],
  [
    'board class',
    [{ boardClass: 'a' }, { boardClass: '4b-plus' }, { boardClass: 'a'.repeat(64) }],
    [
      { boardClass: '' },
      { boardClass: 'a'.repeat(65) },
      { boardClass: 'Pi' },
      { boardClass: 'a--b' },
      { boardClass: 4 },
    ],
  ],
  [
    'soak',
    [{ soakMs: 1 }, { soakMs: 86_400_000 }],
    [{ soakMs: 0 }, { soakMs: 86_400_001 }, { soakMs: '1s' }],
  ],
];

const OF_CONTROLLER: readonly Case[] = [
  [
    'world',
    [{ world: 'airssys:worlds/base@0.1.0' }],
    [{ world: '' }, { world: 'base' }, { world: 'a:b/c@x' }, { world: 7 }],
  ],
  [
    'replicas',
    [{ replicas: 1 }, { replicas: 64 }],
    [{ replicas: 0 }, { replicas: 65 }, { replicas: '2' }],
  ],
  [
    'strategy',
    [{ strategy: 'immediate' }, { strategy: 'shadow' }],
    [{ strategy: '' }, { strategy: 'Shadow' }, { strategy: 1 }],
  ],
  [
    'state',
    [
      { state: { schemaMin: 0, schemaMax: 0 } },
      { state: { schemaMin: 0, schemaMax: 65_535 } },
      { state: { schemaMin: 2, schemaMax: 2 } },
    ],
    [
      { state: { schemaMin: 3, schemaMax: 2 } },
      { state: { schemaMin: 0, schemaMax: 65_536 } },
      { state: { schemaMin: -1, schemaMax: 2 } },
    ],
  ],
  [
    'uris',
    [
      uri('https://a.example/x.wasm'),
      uri('mqtt://broker.example/t'),
      uri('mqtts://[::1]:8883/t'),
      uri(long(512)),
      { uris: Array.from({ length: 8 }, (_, at) => `https://a.example/${at}`) },
    ],
    [
      { uris: [] },
      { uris: Array.from({ length: 9 }, (_, at) => `https://a.example/${at}`) },
      { uris: ['https://a.example/', 'https://a.example/'] },
      { uris: [7] },
      uri(long(513)),
      uri('http://a.example/x'),
      uri('file:///etc/passwd'),
      uri('#0123'),
      uri('https://'),
      uri('https://user:secret@a.example/'),
      uri('https://@a.example/'),
      uri('https://a.example/#part'),
      uri('https://a.example/ä'),
      uri('https://a.example/a b'),
      uri('https://a.example/\u001b[2J'),
    ],
  ],
];

function releaseWith(change: Change): Release {
  return { ...testRelease(PUMP), ...change } as Release;
}

function controllerWith(change: Change): Release {
  return testRelease({ ...PUMP, ...change } as ControllerSpec);
}

function requireBounds([what, good, bad]: Case, build: (change: Change) => Release): void {
  test(`${what}: what is just within its bounds passes, what is just outside does not`, () => {
    for (const change of good) {
      const release = build(change);
      assert.equal(decodeManifest(encodeManifest(requireRelease(release))), release);
    }
    for (const change of bad) {
      const words = JSON.stringify(change).slice(0, 80);
      assert.match(
        outcome(() => requireRelease(build(change))),
        /^MANIFEST_INVALID /,
        words,
      );
      assert.match(
        outcome(() => reread(build(change))),
        /^MANIFEST_/,
        words,
      );
    }
  });
}

/** What cannot even be encoded never was a manifest. */
function reread(release: Release): void {
  let manifest: Uint8Array;
  try {
    manifest = encodeManifest(release);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    requireRelease(release);
    return;
  }
  decodeManifest(manifest);
}

for (const one of OF_RELEASE) requireBounds(one, releaseWith);
for (const one of OF_CONTROLLER) requireBounds(one, controllerWith);

test('a part names where it can be had, like a controller', () => {
  const part = { name: 'p', digest: PUMP.digest, sizeBytes: 300, memoryBytesMax: 65_536 };
  const links = [{ importer: 'pump', interface: 'a:b/c@1.0.0', exporter: 'p' }];
  const release = controllerWith({ parts: [{ ...part, ...uri('https://a.example/p') }], links });
  assert.equal(decodeManifest(encodeManifest(requireRelease(release))), release);
  const wrong = controllerWith({ parts: [{ ...part, ...uri('ftp://a.example/p') }], links });
  assert.match(
    outcome(() => requireRelease(wrong)),
    /^MANIFEST_INVALID .*uris/,
  );
});

test.run();
