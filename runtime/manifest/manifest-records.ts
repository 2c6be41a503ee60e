import { readArray, readBoolean, readInteger, readMap, readText } from '../base/cbor-read.ts';
import * as limits from './limits.ts';
import {
  CONTROLLER_OPTION,
  CONTROLLER_RECORD,
  RELEASE_OPTION,
  RELEASE_RECORD,
} from './suit-numbers.ts';

/**
 * Our records within a manifest, as they were decoded: shapes are checked here, values by the
 * release's schema.
 */

const SAFE_MAX = Number.MAX_SAFE_INTEGER;
/** Longer than any rule of the schema allows; the schema says what is too long. */
const TEXT_MAX = 16_384;

/** Returns what the release's record says. @throws CborError `CBOR_SHAPE` */
export function readReleaseRecord(value: unknown) {
  const path = 'release record';
  const record = readMap(value, path, Object.values(RELEASE_RECORD), Object.values(RELEASE_OPTION));
  const text = (key: keyof typeof RELEASE_RECORD) =>
    readText(record.get(RELEASE_RECORD[key]), key, TEXT_MAX);
  return {
    name: text('name'),
    version: text('version'),
    vendor: text('vendor'),
    gatewayClass: text('gatewayClass'),
    minimumRuntime: text('minimumRuntime'),
    description: text('description'),
    ...optional('issuedS', record.get(RELEASE_OPTION.issuedS), integerOf(`${path}: issued`)),
    ...optional('boardClass', record.get(RELEASE_OPTION.boardClass), textOf(`${path}: board`)),
    ...optional('soakMs', record.get(RELEASE_OPTION.soakMs), integerOf(`${path}: soak`)),
  };
}

/** Returns what a controller's record says. @throws CborError `CBOR_SHAPE` */
export function readControllerRecord(value: unknown, path: string) {
  const record = readMap(
    value,
    path,
    Object.values(CONTROLLER_RECORD),
    Object.values(CONTROLLER_OPTION),
  );
  const option = (key: keyof typeof CONTROLLER_OPTION) => record.get(CONTROLLER_OPTION[key]);
  const list = (key: 'requests' | 'config', lengthMax: number) =>
    readArray(record.get(CONTROLLER_RECORD[key]), `${path}: ${key}`, 0, lengthMax);
  const interval = record.get(CONTROLLER_RECORD.healthIntervalMs);
  return {
    version: readText(record.get(CONTROLLER_RECORD.version), `${path}: version`, TEXT_MAX),
    ...optional('vendor', option('vendor'), textOf(`${path}: vendor`)),
    ...optional('world', option('world'), textOf(`${path}: world`)),
    ...optional('replicas', option('replicas'), integerOf(`${path}: replicas`)),
    ...optional('strategy', option('strategy'), textOf(`${path}: strategy`)),
    ...optional('state', option('state'), state => readState(state, `${path}: state`)),
    links: option('links') === undefined ? [] : readLinks(option('links'), `${path}: links`),
    requests: list('requests', limits.REQUESTS_MAX).map(request =>
      readRequest(request, `${path}: request`),
    ),
    config: list('config', limits.CONFIG_ENTRIES_MAX).map(entry =>
      readArray(entry, `${path}: config`, 2, 2),
    ),
    restart: readRestart(record.get(CONTROLLER_RECORD.restart), `${path}: restart`),
    mailbox: readMailbox(record.get(CONTROLLER_RECORD.mailbox), `${path}: mailbox`),
    healthIntervalMs: readInteger(interval, `${path}: health interval`, 0, SAFE_MAX),
  };
}

/** Returns an object with `key` where there is a value, and an empty one where there is none. */
export function optional<Key extends string, Value>(
  key: Key,
  value: unknown,
  read: (value: unknown) => Value,
): { readonly [K in Key]?: Value } {
  if (value === undefined) return {};
  const present: { [K in Key]?: Value } = {};
  present[key] = read(value);
  return present;
}

function textOf(path: string): (value: unknown) => string {
  return value => readText(value, path, TEXT_MAX);
}

function integerOf(path: string): (value: unknown) => number {
  return value => readInteger(value, path, 0, SAFE_MAX);
}

function readState(value: unknown, path: string) {
  const [schemaMin, schemaMax] = readArray(value, path, 2, 2).map(integerOf(path));
  return { schemaMin, schemaMax };
}

function readLinks(value: unknown, path: string) {
  return readArray(value, path, 1, limits.LINKS_MAX).map(link => readLink(link, path));
}

function readLink(value: unknown, path: string) {
  const [importer, name, exporter] = readArray(value, path, 3, 3);
  return { importer, interface: name, exporter };
}

function readRequest(value: unknown, path: string) {
  const [grant, reason, optional] = readArray(value, path, 3, 3);
  return { grant, reason, optional: readBoolean(optional, path) };
}

function readRestart(value: unknown, path: string) {
  const [policy, ...numbers] = readArray(value, path, 5, 5);
  const [intensityMax, periodMs, backoffMinMs, backoffMaxMs] = numbers.map(number =>
    readInteger(number, path, 0, SAFE_MAX),
  );
  return { policy, intensityMax, periodMs, backoffMinMs, backoffMaxMs };
}

function readMailbox(value: unknown, path: string) {
  const [messages, bytes, overflow] = readArray(value, path, 3, 3);
  return {
    messagesMax: readInteger(messages, path, 0, SAFE_MAX),
    bytesMax: readInteger(bytes, path, 0, SAFE_MAX),
    overflow,
  };
}
