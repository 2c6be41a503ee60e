import * as fc from 'fast-check';
import {
  type ControllerSpec,
  type PartSpec,
  type Release,
  UPDATE_STRATEGIES,
} from '../../../runtime/manifest/release.ts';

/** Releases of any shape that passes, with and without what may be absent. */

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(bytes => Buffer.from(bytes).toString('hex'));
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const name = fc.array(word, { minLength: 1, maxLength: 3 }).map(words => words.join('-'));
const number = fc.nat(99);
const version = fc.tuple(number, number, number).map(numbers => numbers.join('.'));
const domain = fc.tuple(word, word).map(words => words.join('.'));
const line = fc.stringMatching(/^[ -~äöü€😀]{1,40}$/u);
const uris = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom('https', 'mqtt', 'mqtts'), domain, word)
    .map(([scheme, host, path]) => `${scheme}://${host}:8443/${path}?x=1`),
  { minLength: 1, maxLength: 8 },
);
const image = { digest, sizeBytes: fc.integer({ min: 8, max: 1_000_000 }) };

function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const part = (partName: string): fc.Arbitrary<PartSpec> =>
  fc.record(
    { ...image, name: fc.constant(partName), memoryBytesMax: fc.constant(65_536), uris },
    { requiredKeys: ['name', 'digest', 'sizeBytes', 'memoryBytesMax'], noNullPrototype: true },
  );

const schemas = fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([a, b]) => {
  return { schemaMin: Math.min(a, b), schemaMax: Math.max(a, b) };
});

const controllerOptions = fc.record(
  {
    vendor: domain,
    uris,
    world: fc.tuple(word, word, word, version).map(([a, b, c, v]) => `${a}:${b}/${c}@${v}`),
    replicas: fc.integer({ min: 1, max: 64 }),
    strategy: fc.constantFrom(...UPDATE_STRATEGIES),
    state: schemas,
  },
  { requiredKeys: [], noNullPrototype: true },
);

const config = fc
  .uniqueArray(fc.tuple(word, line), { selector: ([key]) => key, maxLength: 4 })
  .map(entries => entries.sort(([a], [b]) => (a < b ? -1 : 1)));

function controller(controllerName: string): fc.Arbitrary<ControllerSpec> {
  const parts = fc
    .nat(2)
    .chain(count => fc.tuple(...Array.from({ length: count }, (_, at) => part(`part${at}`))));
  const required = fc.record({
    ...image,
    version,
    parts,
    config,
    reason: line,
    restart: plain({
      policy: fc.constantFrom('permanent' as const, 'transient' as const, 'temporary' as const),
      intensityMax: fc.nat(1_000),
      periodMs: fc.integer({ min: 1_000, max: 86_400_000 }),
      backoffMinMs: fc.integer({ min: 10, max: 1_000 }),
      backoffMaxMs: fc.integer({ min: 1_000, max: 3_600_000 }),
    }),
    mailbox: plain({
      messagesMax: fc.integer({ min: 1, max: 65_536 }),
      bytesMax: fc.integer({ min: 1_024, max: 67_108_864 }),
      overflow: fc.constantFrom('drop-oldest' as const, 'drop-newest' as const),
    }),
    healthIntervalMs: fc.integer({ min: 1_000, max: 3_600_000 }),
    optional: fc.boolean(),
  });
  return fc.tuple(required, controllerOptions).map(([{ reason, optional, ...spec }, options]) => ({
    ...spec,
    ...options,
    name: controllerName,
    links: spec.parts.map(({ name: exporter }) => ({
      importer: controllerName,
      interface: `a:b/${exporter}@1.0.0`,
      exporter,
    })),
    requests: [
      { grant: 'mem:8MiB', reason, optional: false },
      { grant: 'cpu:call[<=250ms]', reason, optional: false },
      { grant: 'kv:state/*[rw]', reason, optional },
    ],
  }));
}

const releaseOptions = fc.record(
  {
    issuedS: fc.nat(2_000_000_000),
    useBeforeS: fc.integer({ min: 2_000_000_001, max: 253_402_300_799 }),
    boardClass: name,
    soakMs: fc.integer({ min: 1, max: 86_400_000 }),
    textDigest: digest,
    sbomDigest: digest,
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** Any release that passes, of up to three controllers with up to two parts each. */
export const arbitraryRelease: fc.Arbitrary<Release> = fc
  .tuple(
    fc.record({
      name,
      sequence: fc.maxSafeNat(),
      version,
      vendor: domain,
      gatewayClass: name,
      minimumRuntime: version,
      description: fc.string({ unit: 'grapheme', maxLength: 60 }),
      controllers: fc
        .uniqueArray(word, { minLength: 1, maxLength: 3 })
        .chain(names => fc.tuple(...names.map(controller))),
    }),
    releaseOptions,
  )
  .map(([release, options]) => ({ ...release, ...options }));
