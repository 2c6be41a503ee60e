import * as v from 'valibot';
import { WALL_NAMES } from '../ports/component-host.ts';
import { integerSchema, labelSchema } from './gateway-config-toml.ts';
import { CONTROLLERS_MAX } from './limits.ts';

/** Brokers of one gateway. */
const MQTT_CONNECTIONS_MAX = 8;

/** Controllers that policy speaks of. */
const POLICY_RULES_MAX = 256;

/** Grants of one policy rule. */
const POLICY_GRANTS_MAX = 256;

/** Characters of one grant in text. */
const GRANT_CHARACTERS_MAX = 512;

/** Characters of a path. The control socket is shorter: `sun_path` holds 107. */
const PATH_CHARACTERS_MAX = 1_024;

const MIB = 1_024 * 1_024;

const pathSchema = v.pipe(
  v.string(),
  v.minLength(1, 'must not be empty'),
  v.maxLength(PATH_CHARACTERS_MAX),
  v.check(text => !text.includes('\0'), 'must not hold a zero byte'),
);

const urlSchema = v.pipe(
  v.string(),
  v.maxLength(512),
  v.check(
    text => /^mqtts?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text),
    'must be mqtt://HOST:PORT or mqtts://HOST:PORT',
  ),
  v.check(
    text => !text.includes('@'),
    'must not hold credentials; put them into a file and name it in credentials-file',
  ),
);

const tlsSchema = v.strictObject({
  'ca-file': v.optional(pathSchema),
  'certificate-file': v.optional(pathSchema),
  'key-file': v.optional(pathSchema),
});

const mqttSchema = v.strictObject({
  label: labelSchema,
  url: urlSchema,
  'client-id': v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of a-z A-Z 0-9 . _ -')),
  ),
  'keepalive-ms': v.optional(integerSchema(1_000, 600_000), 30_000),
  'credentials-file': v.optional(pathSchema),
  tls: v.optional(tlsSchema, {}),
});

const policySchema = v.strictObject({
  controller: labelSchema,
  grants: v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(GRANT_CHARACTERS_MAX))),
    v.maxLength(POLICY_GRANTS_MAX),
  ),
});

const limitsSchema = v.strictObject({
  'controllers-max': v.optional(integerSchema(1, CONTROLLERS_MAX), 32),
  'memory-bytes-max': v.optional(integerSchema(MIB, 4_096 * MIB), 256 * MIB),
  'call-deadline-ms-max': v.optional(integerSchema(10, 60_000), 5_000),
  'release-bytes-max': v.optional(integerSchema(64 * 1_024, 256 * MIB), 64 * MIB),
  'store-bytes-max': v.optional(integerSchema(MIB, 4_096 * MIB), 64 * MIB),
});

const simulationSchema = v.strictObject({
  'meter-port': v.optional(labelSchema, 'meter'),
  'heater-line': v.optional(labelSchema, 'heater'),
  seed: v.optional(integerSchema(0, 2 ** 31), 1),
});

const componentHostSchema = v.strictObject({
  uid: v.optional(integerSchema(1, 4_294_967_294)),
  'per-vendor': v.optional(v.boolean(), true),
});

const wallSchema = v.picklist(WALL_NAMES, `must be one of ${WALL_NAMES.join(', ')}`);

const wallsSchema = v.strictObject({
  require: v.optional(
    v.pipe(
      v.array(wallSchema),
      v.maxLength(WALL_NAMES.length),
      v.check(names => new Set(names).size === names.length, 'must not name a wall twice'),
    ),
    [],
  ),
});

const auditSchema = v.strictObject({ required: v.optional(v.boolean(), false) });

const trialSchema = v.strictObject({
  'soak-ms': v.optional(integerSchema(0, 86_400_000), 2_000),
  'deadline-ms': v.optional(integerSchema(100, 86_400_000), 30_000),
});

/** `gateway.toml` as written: kebab-case keys, defaults filled in, unknown keys refused. */
export const gatewaySchema = v.strictObject({
  name: v.optional(labelSchema, 'gateway'),
  vendor: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(253))),
  class: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
  'state-directory': v.optional(pathSchema, '/var/lib/airssys'),
  'control-socket': v.optional(pathSchema, '/run/airssys/control.sock'),
  'board-file': v.optional(pathSchema, '/etc/airssys/board.toml'),
  'root-file': v.optional(pathSchema, '/etc/airssys/root.cbor'),
  mqtt: v.optional(v.pipe(v.array(mqttSchema), v.maxLength(MQTT_CONNECTIONS_MAX)), []),
  policy: v.optional(v.pipe(v.array(policySchema), v.maxLength(POLICY_RULES_MAX)), []),
  limits: v.optional(limitsSchema, {}),
  trial: v.optional(trialSchema, {}),
  'component-host': v.optional(componentHostSchema, {}),
  walls: v.optional(wallsSchema, {}),
  audit: v.optional(auditSchema, {}),
  simulation: v.optional(simulationSchema),
});

/** The validated, still kebab-case value of `gatewaySchema`. */
export type GatewayTable = v.InferOutput<typeof gatewaySchema>;
