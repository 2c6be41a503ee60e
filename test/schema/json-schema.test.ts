import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseToml, TomlDate } from 'smol-toml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { parseReleaseToml } from '../../runtime/manifest/release-toml.ts';
import { type JsonSchema, jsonSchemaOf } from '../../scripts/schema/json-schema.ts';
import { RELEASE_SCHEMA_FILE } from '../../scripts/schema/release-schema-file.ts';

const test = suite('schema/json-schema');

const PROJECT = join(import.meta.dirname, '../..');
const SCHEMA: JsonSchema = JSON.parse(readFileSync(join(PROJECT, RELEASE_SCHEMA_FILE), 'utf8'));
const EXAMPLES = ['release.toml', 'pump-guard/release.toml', 'thermostat/release.toml'];

/** What a value breaks of a schema, by place: the keywords that are made here, and no others. */
function faults(schema: JsonSchema, value: unknown, place = ''): string[] {
  const fault = (is: boolean, keyword: string) => (is ? [`${place}: ${keyword}`] : []);
  const common = [
    ...fault(schema.type !== undefined && schema.type !== typeOf(value, schema), 'type'),
    ...fault(schema.enum !== undefined && !schema.enum.includes(value), 'enum'),
  ];
  if (common.length > 0) return common;
  if (typeof value === 'string') {
    const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    return [
      ...fault(value.length < minLength || value.length > maxLength, 'length'),
      ...fault(pattern !== undefined && !new RegExp(pattern, 'u').test(value), 'pattern'),
    ];
  }
  if (typeof value === 'number') {
    const { minimum = value, maximum = value } = schema;
    return fault(value < minimum || value > maximum, 'range');
  }
  if (Array.isArray(value)) {
    const { items = {}, minItems = 0, maxItems = value.length } = schema;
    const itemAt = (index: number) => (Array.isArray(items) ? (items[index] ?? {}) : items);
    return [
      ...fault(value.length < minItems || value.length > maxItems, 'items'),
      ...value.flatMap((item, index) => faults(itemAt(index), item, `${place}/${index}`)),
    ];
  }
  return typeof value === 'object' && value !== null && !(value instanceof Date)
    ? tableFaults(schema, value, place)
    : [];
}

function tableFaults(schema: JsonSchema, table: object, place: string): string[] {
  const {
    properties = {},
    required = [],
    additionalProperties = true,
    propertyNames = {},
  } = schema;
  const missing = required.filter(name => !Object.hasOwn(table, name));
  return [
    ...missing.map(name => `${place}: ${name} is required`),
    ...Object.entries(table).flatMap(([name, value]) => {
      const inner = `${place}/${name}`;
      const property = properties[name];
      if (property !== undefined) return faults(property, value, inner);
      if (additionalProperties === false) return [`${inner}: unknown`];
      const rest = additionalProperties === true ? {} : additionalProperties;
      return [...faults(propertyNames, name, inner), ...faults(rest, value, inner)];
    }),
  ];
}

function typeOf(value: unknown, { type, format }: JsonSchema): string {
  if (Array.isArray(value)) return 'array';
  if (value instanceof TomlDate) return format === 'date-time' ? 'string' : 'date';
  if (typeof value === 'number' && Number.isInteger(value) && type === 'integer') return 'integer';
  return typeof value;
}

for (const example of EXAMPLES) {
  test(`${example} names the published schema, and keeps to it`, () => {
    const file = join(PROJECT, 'firmware-manifests/examples', example);
    const text = readFileSync(file, 'utf8');
    const [, path = ''] = /^#:schema (\S+)\n/.exec(text) ?? [];
    assert.is(join(dirname(file), path), join(PROJECT, RELEASE_SCHEMA_FILE));
    assert.equal(faults(SCHEMA, parseToml(text)), []);
  });
}

const FULL = `
name = "heating"
sequence = 1
version = "1.0.0"
vendor = "example.com"
class = "gateway"
board-class = "sim"
minimum-runtime = "0.1.0"
issued = 2026-11-23T12:00:00Z
use-before = 2027-11-23T12:00:00Z
soak = "10min"
sbom = "bom.json"
[text.en]
update = "new"
[[controller]]
name = "pump"
version = "1.0.0"
component = "pump.wasm"
uris = ["https://a.example/pump.wasm"]
world = "airssys:worlds/base@0.1.0"
replicas = 1
strategy = "immediate"
state = [0, 0]
config = { a = "1" }
request = [{ grant = "mem:8MiB", reason = "runs" }]
mailbox = { messages = 1, bytes = "1KiB" }
`;

test('what sign takes the schema takes', () => {
  parseReleaseToml(FULL, 'release.toml');
  assert.equal(faults(SCHEMA, parseToml(FULL)), []);
});

const FAULTS: readonly (readonly [find: string, replace: string, fault: string])[] = [
  ['name = "heating"', '', ': name is required'],
  ['class =', 'klass =', '/klass: unknown'],
  ['sequence = 1', 'sequence = -1', '/sequence: range'],
  ['sequence = 1', 'sequence = 1.5', '/sequence: type'],
  ['"example.com"', '"Example"', '/vendor: pattern'],
  ['"sim"', '"Sim"', '/board-class: pattern'],
  ['issued = 2026-11-23T12:00:00Z', 'issued = 5', '/issued: type'],
  ['sbom = "bom.json"', 'sbom = ""', '/sbom: length'],
  ['[text.en]', '[text.en_US]', '/text/en_US: pattern'],
  ['update = "new"', 'about = "new"', '/text/en/about: unknown'],
  ['"https://a', '"http://a', '/controller/0/uris/0: pattern'],
  ['["https://a.example/pump.wasm"]', '[]', '/controller/0/uris: items'],
  ['replicas = 1', 'replicas = 65', '/controller/0/replicas: range'],
  ['"immediate"', '"never"', '/controller/0/strategy: enum'],
  ['[0, 0]', '[0]', '/controller/0/state: items'],
  ['{ a = "1" }', '{ a = 1 }', '/controller/0/config/a: type'],
  [', reason = "runs"', '', '/controller/0/request/0: reason is required'],
  ['messages = 1', 'messages = 0', '/controller/0/mailbox/messages: range'],
];

for (const [find, replace, fault] of FAULTS) {
  test(`an editor marks "${replace}" for "${find}", and sign refuses it`, () => {
    assert.ok(FULL.includes(find), find);
    const text = FULL.replace(find, replace);
    assert.ok(faults(SCHEMA, parseToml(text)).includes(fault), fault);
    assert.throws(() => parseReleaseToml(text, 'release.toml'));
  });
}

test('every key says what it is, and what stands where nothing is given', () => {
  const walk = (schema: JsonSchema, place: string): void => {
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      assert.ok(inner.description !== undefined, `${place}/${name} has no description`);
      walk(inner, `${place}/${name}`);
      if (inner.items !== undefined && !Array.isArray(inner.items)) walk(inner.items, name);
    }
  };
  walk(SCHEMA, '');
  const controller = SCHEMA.properties?.controller?.items;
  assert.ok(controller !== undefined && !Array.isArray(controller));
  assert.is(controller.properties?.['health-interval']?.default, '10s');
  assert.is(controller.properties?.restart?.properties?.policy?.default, 'permanent');
});

test('a shape that has no JSON Schema here is not passed over', () => {
  for (const schema of [
    v.bigint(),
    v.union([v.string(), v.number()]),
    v.object({ a: v.string() }),
    v.pipe(v.string(), v.email()),
    v.pipe(v.string(), v.title('a title')),
    v.optional(v.string(), () => 'made up'),
    v.pipe(v.string(), v.literal('a')),
  ]) {
    assert.throws(() => jsonSchemaOf(schema), TypeError);
  }
});

test('what follows a transformation is not said of what is written', () => {
  const schema = v.pipe(
    v.string(),
    v.maxLength(4),
    v.transform(Number),
    v.minValue(3),
    v.description('a number'),
  );
  assert.equal(jsonSchemaOf(schema), { type: 'string', maxLength: 4, description: 'a number' });
});

test.run();
