import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { encodeEnvelope, parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { ENVELOPE_BYTES_MAX } from '../../runtime/manifest/limits.ts';
import {
  inThreadVerifier,
  type ReleaseVerifier,
  VerifierError,
} from '../../runtime/manifest/release-verifier.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { JOBS_WAITING_MAX, threadedVerifier } from '../../runtime/manifest/threaded-verifier-io.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import { NO_REVOCATIONS } from '../../runtime/trust/revocations.ts';
import { ManualClock, settle } from '../actors/support/manual-clock.ts';
import { bundleEntries } from '../components/support/bundled-entries.ts';
import {
  fakeComponent,
  signManifest,
  testController,
  testKey,
  testRelease,
  testRoots,
} from './support/signed-release.ts';

const test = suite('manifest/threaded-verifier');

const PUMP = fakeComponent(300, 1);
const FAN = fakeComponent(200, 2);
const RELEASE = testRelease(testController('pump', PUMP), testController('fan', FAN));
const COMPONENTS = new Map([PUMP, FAN].map(bytes => [sha256(bytes), bytes]));
const ENVELOPE = signRelease(RELEASE, COMPONENTS, [testKey(1)]);
const ROOTS = testRoots(1, 3);
const VOUCHERS = { roots: ROOTS, revocations: NO_REVOCATIONS };
const PARSED = parseEnvelope(ENVELOPE);
const LARGE_BYTES = 8 * 1024 * 1024;

const bundles = bundleEntries({
  verifier: 'runtime/entry/verifier-worker.ts',
  misbehaving: 'test/manifest/support/misbehaving-verifier-entry.ts',
});
const BUNDLED = bundles.entry('verifier').file;
const MISBEHAVING = bundles.entry('misbehaving').file;

test.after(() => bundles.remove());

interface Bench {
  readonly verifier: ReleaseVerifier;
  /** Lines of its log. */
  readonly lines: string[];
}

interface BenchOptions {
  readonly clock?: Clock;
  readonly entry?: URL;
}

/** Lets `use` work with a verifier, and closes it. */
async function withVerifier(
  use: (bench: Bench) => Promise<void>,
  { clock = createSystemClock(), entry = BUNDLED }: BenchOptions = {},
): Promise<void> {
  const lines: string[] = [];
  const log = { write: (_: string, __: string, message: string) => void lines.push(message) };
  const verifier = threadedVerifier({ clock, log, entry });
  try {
    await use({ verifier, lines });
  } finally {
    await verifier.close();
  }
}

const starts = (lines: readonly string[]) =>
  lines.filter(line => line === 'the verifier thread starts').length;

/** Good and hostile envelopes by what they are. */
function envelopes(): ReadonlyMap<string, Uint8Array> {
  const flipped = (at: number) => {
    const bytes = Uint8Array.from(ENVELOPE);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  const uri = String([...PARSED.payloads.keys()][0]);
  const payloads = (changes: readonly (readonly [string, Uint8Array])[]) =>
    encodeEnvelope({ ...PARSED, payloads: new Map([...PARSED.payloads, ...changes]) });
  const { signatureBlocks: blocks } = PARSED;
  return new Map([
    ['good', Uint8Array.from(ENVELOPE)],
    ['signed by two', signRelease(RELEASE, COMPONENTS, [testKey(1), testKey(3)])],
    ['empty', new Uint8Array()],
    ['half', ENVELOPE.slice(0, ENVELOPE.length >> 1)],
    ['one byte too long', Uint8Array.from(Buffer.concat([ENVELOPE, new Uint8Array(1)]))],
    ['noise', new Uint8Array(1_000).fill(0x5a)],
    ['nested deeply', new Uint8Array(10_000).fill(0x81)],
    ['too large', new Uint8Array(ENVELOPE_BYTES_MAX + 1)],
    ['a flipped bit in the signature', flipped(ENVELOPE.indexOf(blocks[0]?.at(-1) ?? 0, 60))],
    ['a flipped bit in a payload', flipped(ENVELOPE.length - 1)],
    ['unsigned', encodeEnvelope({ ...PARSED, signatureBlocks: [] })],
    ['signed twice', encodeEnvelope({ ...PARSED, signatureBlocks: [...blocks, ...blocks] })],
    ['signed by a stranger', signRelease(RELEASE, COMPONENTS, [testKey(2)])],
    ['another payload', payloads([[uri, fakeComponent(300, 9)]])],
    ['a longer payload', payloads([[uri, fakeComponent(301, 1)]])],
    ['one payload more', payloads([['#readme', fakeComponent(9, 9)]])],
    ['no payloads', encodeEnvelope({ ...PARSED, payloads: new Map() })],
    ['a signed manifest of noise', signManifest(new Uint8Array(500), [], testKey(1))],
  ]);
}

/** All that a verdict says, as plain values. */
async function verdict(verifier: ReleaseVerifier, bytes: Uint8Array): Promise<unknown> {
  try {
    const { components, envelope, ...rest } = await verifier.verify(
      Uint8Array.from(bytes),
      VOUCHERS,
    );
    const parts = [...components].map(([digest, part]) => [digest, sha256(part), part.byteOffset]);
    return { ...rest, parts, envelope: sha256(envelope) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { name, message, cause } = error;
    return [name, errorCode(error), message, cause instanceof Error ? cause.message : cause];
  }
}

test('the verdict on good and hostile envelopes is the same in the thread and outside', () =>
  withVerifier(async ({ verifier, lines }) => {
    const outside = inThreadVerifier();
    const codes = new Set<unknown>();
    for (const [what, bytes] of envelopes()) {
      const expected = await verdict(outside, bytes);
      assert.equal(await verdict(verifier, bytes), expected, what);
      codes.add(Array.isArray(expected) ? expected[1] : 'accepted');
    }
    assert.ok(codes.has('accepted') && codes.size > 8, [...codes].join(' '));
    assert.is(starts(lines), 1, 'no envelope ended the thread');
  }));

test('bytes are moved: the caller has none left, and what comes back holds the components', () =>
  withVerifier(async ({ verifier }) => {
    for (const each of [verifier, inThreadVerifier()]) {
      const bytes = Uint8Array.from(ENVELOPE);
      const verifying = each.verify(bytes, VOUCHERS);
      assert.is(bytes.length, 0, 'at once');
      const { envelope, envelopeDigest, components } = await verifying;
      assert.equal(envelope, ENVELOPE);
      assert.is(envelopeDigest, sha256(ENVELOPE));
      for (const [digest, part] of components) {
        assert.is(part.buffer, envelope.buffer, 'not copied');
        assert.is(sha256(part), digest);
      }
    }
  }));

test('the program starts its own thread from the sources', async () => {
  const log = { write: () => undefined };
  const verifier = threadedVerifier({ clock: createSystemClock(), log });
  assert.equal((await verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS)).release, RELEASE);
  await verifier.close();
});

test('a part of a larger buffer is verified without taking the rest away', () =>
  withVerifier(async ({ verifier }) => {
    const larger = Buffer.concat([new Uint8Array(8), ENVELOPE, new Uint8Array(8)]);
    const { release } = await verifier.verify(larger.subarray(8, -8), VOUCHERS);
    assert.equal(release, RELEASE);
    assert.is(larger.length, ENVELOPE.length + 16);
  }));

test('files are hashed from their beginning or later, and only large ones in the thread', () =>
  withVerifier(async ({ verifier, lines }) => {
    for (const [length, startByte] of [
      [0, 0],
      [1_000, 0],
      [1_000, 32],
      [LARGE_BYTES, 0],
      [LARGE_BYTES, 32],
    ] as const) {
      const bytes = new Uint8Array(length).fill(7);
      const expected = sha256(bytes.subarray(startByte));
      const hashing = verifier.hash(bytes, startByte);
      assert.is(bytes.length, 0);
      const hashed = await hashing;
      assert.is(hashed.digest, expected);
      assert.is(hashed.bytes.length, length);
      assert.is(starts(lines), length === LARGE_BYTES ? 1 : 0);
    }
  }));

test('a thread that throws or exits costs its job, and no other', () =>
  withVerifier(
    async ({ verifier, lines }) => {
      const faults = ['t', 'x'];
      for (const fault of faults) {
        const lost = verifier.verify(Uint8Array.from(Buffer.from(fault)), VOUCHERS);
        const next = verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS);
        next.catch(() => undefined);
        const error = await lost.then(() => null).catch((reason: unknown) => reason);
        assert.instance(error, VerifierError, fault);
        assert.is(errorCode(error), 'VERIFIER_LOST', fault);
        assert.equal((await next).release, RELEASE);
      }
      assert.is(starts(lines), 1 + faults.length);
    },
    { entry: MISBEHAVING },
  ));

test('a job that takes too long is given up, and the next has a new thread', () => {
  const clock = new ManualClock();
  return withVerifier(
    async ({ verifier, lines }) => {
      const hangs = verifier
        .verify(Uint8Array.from(Buffer.from('h')), VOUCHERS)
        .then(() => '', errorCode);
      const next = verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS);
      await clock.pass(60_000);
      assert.is(await hangs, 'VERIFIER_TIMEOUT');
      assert.equal((await next).release, RELEASE);
      assert.is(starts(lines), 2);
    },
    { clock, entry: MISBEHAVING },
  );
});

test('jobs beyond those that may wait are refused; the others are done in their order', () =>
  withVerifier(async ({ verifier }) => {
    const done: number[] = [];
    const jobs = Array.from({ length: JOBS_WAITING_MAX + 1 }, (_, index) =>
      verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS).then(() => done.push(index)),
    );
    const refused = verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS).then(() => '', errorCode);
    assert.is(await refused, 'VERIFIER_BUSY');
    assert.equal(done, []);
    await Promise.all(jobs);
    assert.equal(done, [0, 1, 2, 3, 4]);
  }));

test('the thread starts with the first job, ends when idle, and starts again', () => {
  const clock = new ManualClock();
  return withVerifier(
    async ({ verifier, lines }) => {
      assert.equal(lines, []);
      await verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS);
      await clock.pass(2_999);
      await verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS);
      await clock.pass(2_999);
      assert.is(starts(lines), 1);
      await clock.pass(1);
      while (!lines.includes('the verifier thread ended')) await settle();
      await verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS);
      assert.is(starts(lines), 2);
    },
    { clock },
  );
});

test('closing rejects what is under way and what waits, and takes nothing more', () =>
  withVerifier(async ({ verifier, lines }) => {
    const codes = ['a', 'b'].map(() =>
      verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS).then(() => '', errorCode),
    );
    await verifier.close();
    codes.push(verifier.verify(Uint8Array.from(ENVELOPE), VOUCHERS).then(() => '', errorCode));
    assert.equal(await Promise.all(codes), Array(3).fill('VERIFIER_CLOSED'));
    assert.is(lines.at(-1), 'the verifier thread ended');
  }));

test.run();
