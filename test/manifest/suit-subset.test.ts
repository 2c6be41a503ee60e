import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { decodeManifest } from '../../runtime/manifest/manifest-decode.ts';
import { encodeManifest } from '../../runtime/manifest/manifest-encode.ts';
import { SEQUENCES } from '../../runtime/manifest/suit-commands.ts';
import {
  COMMON_MEMBER,
  ENVELOPE_MEMBER,
  ENVELOPE_SEVERABLE,
  MANIFEST_MEMBER,
} from '../../runtime/manifest/suit-numbers.ts';
import {
  type Entries,
  fakeComponent,
  signManifest,
  testController,
  testKey,
  testRelease,
} from './support/signed-release.ts';

const test = suite('manifest: the declared subset of SUIT');

const PUMP = fakeComponent(300, 1);
const MANIFEST = encodeManifest({
  ...testRelease(testController('pump', PUMP)),
  useBeforeS: 1_800_000_000,
});
const ENVELOPE = signManifest(MANIFEST, [PUMP], testKey(1));

/** What the drafts name: manifest, update-management, trust-domains, firmware-encryption. */
const COMMANDS: Readonly<Record<string, number>> = {
  'condition-vendor-identifier': 1,
  'condition-class-identifier': 2,
  'condition-image-match': 3,
  'condition-use-before': 4,
  'condition-component-slot': 5,
  'condition-check-content': 6,
  'condition-dependency-integrity': 7,
  'condition-is-dependency': 8,
  'directive-process-dependency': 11,
  'directive-set-component-index': 12,
  'condition-abort': 14,
  'directive-try-each': 15,
  'directive-write': 18,
  'directive-set-parameters': 19,
  'directive-override-parameters': 20,
  'directive-fetch': 21,
  'directive-copy': 22,
  'directive-invoke': 23,
  'condition-device-identifier': 24,
  'condition-image-not-match': 25,
  'condition-minimum-battery': 26,
  'condition-update-authorized': 27,
  'condition-version': 28,
  'directive-wait': 29,
  'directive-swap': 31,
  'directive-run-sequence': 32,
  'directive-unlink': 33,
  'directive-override-multiple': 34,
  'directive-copy-params': 35,
};
const PARAMETERS: Readonly<Record<string, number>> = {
  'vendor-identifier': 1,
  'class-identifier': 2,
  'image-digest': 3,
  'use-before': 4,
  'component-slot': 5,
  'strict-order': 12,
  'soft-failure': 13,
  'image-size': 14,
  content: 18,
  'encryption-info': 19,
  uri: 21,
  'source-component': 22,
  'invoke-args': 23,
  'device-identifier': 24,
  'fetch-arguments': 25,
  'minimum-battery': 26,
  'update-priority': 27,
  version: 28,
  'wait-info': 29,
  'component-metadata': 30,
};
const MEMBERS: Readonly<Record<string, number>> = {
  'manifest-version': 1,
  'manifest-sequence-number': 2,
  common: 3,
  'reference-uri': 4,
  'manifest-component-id': 5,
  'set-version': 6,
  validate: 7,
  load: 8,
  invoke: 9,
  coswid: 14,
  'dependency-resolution': 15,
  'payload-fetch': 16,
  'candidate-verification': 18,
  install: 20,
  text: 23,
  uninstall: 24,
};
const COMMON: Readonly<Record<string, number>> = {
  dependencies: 1,
  components: 2,
  'shared-sequence': 4,
};
const ENVELOPE_MEMBERS: Readonly<Record<string, number>> = {
  delegation: 1,
  'authentication-wrapper': 2,
  manifest: 3,
  coswid: 14,
  'dependency-resolution': 15,
  'payload-fetch': 16,
  'candidate-verification': 18,
  install: 20,
  text: 23,
};

function outcome(task: () => unknown): string {
  try {
    task();
    return 'ACCEPTED';
  } catch (error) {
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
}

function nested<Value extends CborValue>(bytes: CborValue | undefined): Value {
  return decodeCbor(bytes as Uint8Array) as Value;
}

/** What comes of the manifest when a sequence goes on with `more`. */
function afterSequence(name: keyof typeof SEQUENCES, more: readonly CborValue[]): string {
  const members = nested<Entries>(MANIFEST);
  const common = nested<Entries>(members.get(MANIFEST_MEMBER.common));
  const [map, key] =
    name === 'shared' ? [common, COMMON_MEMBER.sharedSequence] : [members, MANIFEST_MEMBER[name]];
  map.set(key, encodeCbor([...nested<CborValue[]>(map.get(key)), ...more]));
  members.set(MANIFEST_MEMBER.common, encodeCbor(common));
  return outcome(() => decodeManifest(encodeCbor(members)));
}

function requireRefused(answer: string, code: string, name: string, number: number): void {
  assert.ok(answer.startsWith(`${code} `), `${name}: ${answer}`);
  assert.ok(answer.includes(`${name} (${number}) is outside the subset`), answer);
}

for (const name of ['shared', 'validate', 'install'] as const) {
  const rules = SEQUENCES[name];
  const allowedCommands: readonly number[] = rules.commands;
  const allowedParameters: readonly number[] = rules.parameters;

  test(`${name}: every command that is not run there is refused by its name`, () => {
    for (const [command, number] of Object.entries(COMMANDS)) {
      const answer = afterSequence(name, [number, 15]);
      if (allowedCommands.includes(number)) assert.not.match(answer, /outside the subset/);
      else requireRefused(answer, 'MANIFEST_COMMAND', command, number);
    }
    for (const number of [0, 9, 10, 13, 16, 17, 30, 36, 255, -1, -256]) {
      assert.match(afterSequence(name, [number, 15]), /^MANIFEST_COMMAND .*outside the subset/);
    }
  });

  test(`${name}: every parameter that is not set there is refused by its name`, () => {
    for (const [parameter, number] of Object.entries(PARAMETERS)) {
      const answer = afterSequence(name, [20, new Map([[number, 1]])]);
      if (name === 'validate') assert.match(answer, /^MANIFEST_COMMAND .*override-parameters/);
      else if (allowedParameters.includes(number)) assert.match(answer, 'is set twice');
      else requireRefused(answer, 'MANIFEST_PARAMETER', parameter, number);
    }
  });
}

test('every member of a manifest that is not read is refused by its name', () => {
  const known: readonly number[] = [
    ...Object.values(MANIFEST_MEMBER),
    ...Object.values(ENVELOPE_SEVERABLE),
  ];
  for (const [member, number] of Object.entries(MEMBERS)) {
    if (known.includes(number)) continue;
    const members = nested<Entries>(MANIFEST).set(number, 1);
    const answer = outcome(() => decodeManifest(encodeCbor(members)));
    requireRefused(answer, 'MANIFEST_MEMBER', member, number);
  }
});

test('every member of common that is not read is refused by its name', () => {
  for (const [member, number] of Object.entries(COMMON)) {
    if (Object.values<number>(COMMON_MEMBER).includes(number)) continue;
    const members = nested<Entries>(MANIFEST);
    const common = nested<Entries>(members.get(MANIFEST_MEMBER.common)).set(number, 1);
    members.set(MANIFEST_MEMBER.common, encodeCbor(common));
    const answer = outcome(() => decodeManifest(encodeCbor(members)));
    requireRefused(answer, 'MANIFEST_MEMBER', member, number);
  }
});

test('every member of an envelope that is not read is refused by its name', () => {
  const tag = decodeCbor(ENVELOPE, { tags: [107], depthMax: 4, itemsMax: 100 }) as CborTag;
  const known: readonly number[] = [
    ...Object.values(ENVELOPE_MEMBER),
    ...Object.values(ENVELOPE_SEVERABLE),
  ];
  for (const [member, number] of Object.entries(ENVELOPE_MEMBERS)) {
    if (known.includes(number)) continue;
    const members = new Map(tag.value as Entries).set(number, new Uint8Array(1));
    const answer = outcome(() => parseEnvelope(encodeCbor(new CborTag(members, 107))));
    requireRefused(answer, 'ENVELOPE_MEMBER', member, number);
  }
});

test('the table of ARCHITECTURE.md lists exactly what is run and read', () => {
  const text = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## The subset of SUIT'));
  const rows = section
    .slice(0, section.indexOf('\n## ', 1))
    .matchAll(/^\| (\S[^|]*?) \| ([^|]*)\|/gm);
  const numbers = new Map<string, number[]>();
  for (const [, where = '', what = ''] of rows) {
    const found = [...what.matchAll(/\((-?\d+)\)/g)].map(([, number]) => Number(number));
    numbers.set(where, [...(numbers.get(where) ?? []), ...found]);
  }
  const documented = (where: string) => (numbers.get(where) ?? []).sort((a, b) => a - b);
  const declared = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  const severable = Object.values(ENVELOPE_SEVERABLE);
  for (const [where, values] of [
    ['envelope', [...Object.values(ENVELOPE_MEMBER), ...severable]],
    ['manifest', [...Object.values(MANIFEST_MEMBER), ...severable]],
    ['common', Object.values(COMMON_MEMBER)],
    ['shared: commands', SEQUENCES.shared.commands],
    ['shared: parameters', SEQUENCES.shared.parameters],
    ['validate: commands', SEQUENCES.validate.commands],
    ['install: commands', SEQUENCES.install.commands],
    ['install: parameters', SEQUENCES.install.parameters],
  ] as const) {
    assert.equal(documented(where), declared(values), where);
  }
});

test.run();
