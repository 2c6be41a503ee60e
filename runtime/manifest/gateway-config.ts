import { dirname, isAbsolute, resolve } from 'node:path';
import type { WallName } from '../ports/component-host.ts';
import type { MqttConnectionSettings } from '../ports/mqtt-connection.ts';
import { type GatewayTable, gatewaySchema } from './gateway-config-schema.ts';
import {
  parseTomlTable,
  requireShape,
  requireUnique,
  SettingsError,
  type TomlTable,
} from './gateway-config-toml.ts';

/** How one gateway is set up: the value of `gateway.toml` and its `conf.d` files. */
export interface GatewayConfig {
  readonly name: string;
  /** Paths are absolute; in a file they may be relative to that file. */
  /** Which releases are meant for this gateway; null admits no new one. */
  readonly gatewayClass: { readonly vendor: string; readonly name: string } | null;
  readonly stateDirectory: string;
  readonly controlSocket: string;
  readonly boardFile: string;
  readonly rootFile: string;
  readonly mqtt: readonly MqttConnectionSettings[];
  readonly policy: readonly PolicyRule[];
  readonly limits: GatewayLimits;
  readonly trial: TrialConfig;
  /** The user that component-host becomes when the gateway is root; null keeps the gateway's. */
  readonly hostUid: number | null;
  /** Whether controllers of different vendors run in different processes. */
  readonly hostPerVendor: boolean;
  /** Walls around component-host; without one of them no controller is run. */
  readonly requiredWalls: readonly WallName[];
  /** Whether controllers may do nothing unsafe while the audit cannot be written. */
  readonly auditRequired: boolean;
  /** Null on a real board. */
  readonly simulation: SimulationConfig | null;
  /** Which file each key came from, by key path (`mqtt[0].url`); `default` where none set it. */
  readonly origins: ReadonlyMap<string, string>;
}

/** How a newly installed release proves itself. */
export interface TrialConfig {
  /** All controllers healthy without a break for this long: committed. */
  readonly soakMs: number;
  /** Not committed by then: taken back. */
  readonly deadlineMs: number;
}

/** What stands in for hardware. */
export interface SimulationConfig {
  /** The serial port that a simulated thermometer is connected to, when the board has no path. */
  readonly meterPort: string;
  /** The output that warms the simulated room. */
  readonly heaterLine: string;
  readonly seed: number;
}

/** What the gateway grants to a controller. */
export interface PolicyRule {
  readonly controller: string;
  /** In the grammar of capabilities/grammar, as written. */
  readonly grants: readonly string[];
}

/** What all controllers may use together, or one of them at most. */
export interface GatewayLimits {
  readonly controllersMax: number;
  /** Linear memory of all instances. */
  readonly memoryBytesMax: number;
  /** Ceiling for the deadline that a release asks for. */
  readonly callDeadlineMsMax: number;
  readonly releaseBytesMax: number;
  /** Stored key-value state of all controllers. */
  readonly storeBytesMax: number;
}

/** One settings file: its absolute path and its text. */
export interface SettingsText {
  readonly file: string;
  readonly text: string;
}

/** Bytes of a Unix socket's path (`sun_path` without its final zero). */
const SOCKET_PATH_BYTES_MAX = 107;

const PATH_KEYS = new Set([
  'state-directory',
  'control-socket',
  'board-file',
  'root-file',
  'credentials-file',
  'ca-file',
  'certificate-file',
  'key-file',
]);

/**
 * Returns the configuration written in `files`: a later file's plain key wins over an earlier
 * one's, tables are merged key by key, lists (`[[mqtt]]`, `[[policy]]`) are joined.
 * @throws SettingsError SETTINGS_SYNTAX, SETTINGS_INVALID, SETTINGS_TOO_LARGE
 */
export function parseGatewayConfig(files: readonly SettingsText[]): GatewayConfig {
  const origins = new Map<string, string>();
  const merged: Record<string, unknown> = {};
  for (const { file, text } of files) {
    const table = withAbsolutePaths(file, parseTomlTable(file, text));
    // Each file is judged alone first, so that an error names the file it is in.
    requireShape(file, table, gatewaySchema);
    mergeTable(merged, table, { file, path: '', origins });
  }
  const last = files.at(-1)?.file ?? '(no file)';
  const table = requireShape(last, merged, gatewaySchema);
  requireUnique(
    last,
    'mqtt',
    table.mqtt.map(connection => connection.label),
  );
  requireUnique(
    last,
    'policy',
    table.policy.map(rule => rule.controller),
  );
  noteDefaults(table, '', origins);
  return { ...gatewayConfig(last, table), origins };
}

function gatewayConfig(file: string, table: GatewayTable): Omit<GatewayConfig, 'origins'> {
  const controlSocket = table['control-socket'];
  if (Buffer.byteLength(controlSocket) > SOCKET_PATH_BYTES_MAX) {
    throw new SettingsError(
      'SETTINGS_INVALID',
      `control-socket: "${controlSocket}" is longer than ${SOCKET_PATH_BYTES_MAX} bytes, ` +
        'the most a Unix socket can have',
      { file, keyPath: 'control-socket' },
    );
  }
  return {
    name: table.name,
    gatewayClass:
      table.vendor === undefined || table.class === undefined
        ? null
        : { vendor: table.vendor, name: table.class },
    stateDirectory: table['state-directory'],
    controlSocket,
    boardFile: table['board-file'],
    rootFile: table['root-file'],
    mqtt: table.mqtt.map(connection => ({
      label: connection.label,
      url: connection.url,
      clientId: connection['client-id'] ?? `${table.name}-${connection.label}`.slice(0, 64),
      keepaliveMs: connection['keepalive-ms'],
      credentialsFile: connection['credentials-file'] ?? null,
      tls: {
        caFile: connection.tls['ca-file'] ?? null,
        certificateFile: connection.tls['certificate-file'] ?? null,
        keyFile: connection.tls['key-file'] ?? null,
      },
    })),
    policy: table.policy,
    trial: {
      soakMs: table.trial['soak-ms'],
      deadlineMs: table.trial['deadline-ms'],
    },
    hostUid: table['component-host'].uid ?? null,
    hostPerVendor: table['component-host']['per-vendor'],
    requiredWalls: table.walls.require,
    auditRequired: table.audit.required,
    simulation: simulationConfig(table.simulation),
    limits: {
      controllersMax: table.limits['controllers-max'],
      memoryBytesMax: table.limits['memory-bytes-max'],
      callDeadlineMsMax: table.limits['call-deadline-ms-max'],
      releaseBytesMax: table.limits['release-bytes-max'],
      storeBytesMax: table.limits['store-bytes-max'],
    },
  };
}

function simulationConfig(table: GatewayTable['simulation']): SimulationConfig | null {
  if (table === undefined) return null;
  return {
    meterPort: table['meter-port'],
    heaterLine: table['heater-line'],
    seed: table.seed,
  };
}

interface MergeContext {
  readonly file: string;
  readonly path: string;
  readonly origins: Map<string, string>;
}

function mergeTable(into: Record<string, unknown>, from: TomlTable, context: MergeContext): void {
  for (const [key, value] of Object.entries(from)) {
    const path = context.path === '' ? key : `${context.path}.${key}`;
    const present = into[key];
    if (Array.isArray(value) && context.path === '') {
      const list = Array.isArray(present) ? present : [];
      value.forEach((item, index) => {
        noteOrigins(item, `${path}[${list.length + index}]`, context);
      });
      into[key] = [...list, ...value];
    } else if (isTable(value)) {
      const table = isTable(present) ? { ...present } : {};
      into[key] = table;
      mergeTable(table, value, { ...context, path });
    } else {
      into[key] = value;
      context.origins.set(path, context.file);
    }
  }
}

function noteOrigins(value: unknown, path: string, context: MergeContext): void {
  if (!isTable(value)) context.origins.set(path, context.file);
  else
    for (const [key, item] of Object.entries(value)) noteOrigins(item, `${path}.${key}`, context);
}

function noteDefaults(value: unknown, path: string, origins: Map<string, string>): void {
  if (origins.has(path)) return;
  if (isTable(value)) {
    for (const [key, item] of Object.entries(value)) {
      noteDefaults(item, path === '' ? key : `${path}.${key}`, origins);
    }
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      noteDefaults(item, `${path}[${index}]`, origins);
    });
  } else {
    origins.set(path, 'default');
  }
}

function withAbsolutePaths(file: string, table: TomlTable): TomlTable {
  const entries = Object.entries(table).map(([key, value]): [string, unknown] => {
    if (PATH_KEYS.has(key) && typeof value === 'string' && value !== '' && !isAbsolute(value)) {
      return [key, resolve(dirname(file), value)];
    }
    if (isTable(value)) return [key, withAbsolutePaths(file, value)];
    if (Array.isArray(value)) {
      return [key, value.map(item => (isTable(item) ? withAbsolutePaths(file, item) : item))];
    }
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
