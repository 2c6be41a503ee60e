/**
 * What the daemon answers, as schemas: the client parses every answer, the daemon's types follow
 * from here. Unknown is null, never false or zero. Durations are milliseconds.
 */
import * as v from 'valibot';

const text = v.pipe(v.string(), v.maxLength(8_192));
const count = v.pipe(v.number(), v.minValue(0));
const level = v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'critical']);
const lineState = v.picklist(['active', 'inactive']);

const slotSchema = v.object({
  name: text,
  version: text,
  sequence: count,
  manifestDigest: text,
  state: v.picklist(['writing', 'installed', 'trial', 'good', 'bad']),
  active: v.boolean(),
});

const controllerSchema = v.object({
  name: text,
  version: text,
  state: v.picklist([
    'idle',
    'starting',
    'running',
    'backoff',
    'quarantined',
    'stopping',
    'stopped',
  ]),
  /** How long it has been in this state. */
  forMs: count,
  /** Until the next start; null when none is planned. */
  restartInMs: v.nullable(count),
  restarts: count,
  /** The restart in a row that comes next, and how many there may be; null outside of back-off. */
  attempt: v.nullable(count),
  attemptsMax: count,
  health: v.picklist(['unknown', 'healthy', 'degraded', 'unhealthy']),
  /** The controller's own words, or why it ended last. */
  message: v.nullable(text),
  memoryBytes: v.nullable(count),
  waiting: count,
  handled: count,
  lost: count,
  /** Classes of its grants. */
  capabilities: v.array(text),
});

const problemSchema = v.object({ subject: text, what: text, fix: v.nullable(text) });

const hostSchema = v.object({
  state: v.picklist(['starting', 'running', 'restarting', 'stopped']),
  pid: v.nullable(count),
  starts: count,
  walls: v.array(
    v.object({ name: text, state: v.picklist(['up', 'down', 'unknown']), detail: text }),
  ),
});

/** Answer of `status`. */
export const statusSchema = v.object({
  gateway: text,
  runtimeVersion: text,
  uptimeMs: count,
  verdict: v.picklist(['ok', 'degraded', 'failing']),
  problems: v.array(problemSchema),
  /** Things to know that are no problems: development mode, missing walls. */
  notices: v.array(text),
  /** Who may sign: seconds since 1970; null: it never expires. */
  root: v.object({ version: count, expiresS: v.nullable(count) }),
  slots: v.object({ a: v.nullable(slotSchema), b: v.nullable(slotSchema) }),
  controllers: v.array(controllerSchema),
  host: hostSchema,
  /** Where controllers of several vendors run: the hosts beside the first, and whose they are. */
  otherHosts: v.optional(v.array(v.object({ vendor: v.nullable(text), ...hostSchema.entries }))),
  mqtt: v.array(
    v.object({
      connection: text,
      connected: v.boolean(),
      address: text,
      queued: count,
      /** Messages that gave way in a full queue, and those that it did not take. */
      dropped: count,
      refused: count,
      lastError: v.nullable(text),
    }),
  ),
  lastChange: v.nullable(v.object({ what: text, agoMs: count })),
});

/** Answer of `slots`. */
export const slotsSchema = v.object({
  a: v.nullable(slotSchema),
  b: v.nullable(slotSchema),
  triesLeft: v.nullable(count),
  lastCause: v.nullable(text),
  bad: v.array(v.object({ manifestDigest: text, cause: text })),
});

/** Answer of `list`. */
export const listSchema = v.object({
  release: v.nullable(v.object({ name: text, version: text, sequence: count, slot: text })),
  controllers: v.array(
    v.object({
      name: text,
      version: text,
      state: controllerSchema.entries.state,
      digest: text,
      sizeBytes: count,
      /** Components that it brings along; a gateway of before there were any tells of none. */
      parts: v.optional(v.array(v.object({ name: text, digest: text, sizeBytes: count })), []),
      /** Effective grants in canonical text. */
      grants: v.array(text),
    }),
  ),
});

/** A line of the log. */
export const logLineSchema = v.object({
  sequence: count,
  wallMs: v.number(),
  level,
  source: text,
  message: text,
  fields: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});

/** Answer of `why`, newest first. */
export const whySchema = v.object({
  causes: v.array(
    v.object({
      kind: v.picklist(['denial', 'restart', 'quarantine', 'rollback', 'refusal', 'stop']),
      subject: text,
      what: text,
      causedBy: v.array(text),
      fix: v.nullable(text),
      firstWallMs: v.number(),
      lastWallMs: v.number(),
      times: count,
    }),
  ),
});

/** Answer of `install` and of `rollback`. */
export const installedSchema = v.object({
  name: text,
  version: text,
  slot: v.picklist(['a', 'b']),
  manifestDigest: text,
  /** `trial`: started, and not yet committed. */
  state: v.picklist(['trial', 'committed']),
});

/** What an installation reports on its way. The `trial` step names the release. */
export const installStepSchema = v.variant('step', [
  v.object({ step: v.picklist(['verifying', 'staging', 'storing']), detail: text }),
  v.object({ step: v.literal('trial'), installed: installedSchema }),
]);

/** Answer of `trust-update`: what is in force from now on. */
export const trustUpdatedSchema = v.object({
  kind: v.picklist(['root', 'revocations']),
  version: count,
});

/** Answer of `lines`. */
export const linesSchema = v.object({
  /** Whether inputs can be driven. */
  simulated: v.boolean(),
  lines: v.array(
    v.object({
      label: text,
      direction: v.picklist(['in', 'out']),
      state: v.nullable(lineState),
      description: text,
    }),
  ),
});

/** A change of a line. */
export const lineChangeSchema = v.object({
  label: text,
  state: lineState,
  wallMs: v.number(),
  /** By the machine's monotonic clock, for measuring on the same machine; may be missing. */
  monotonicMs: v.optional(v.number()),
});

/** The whole gateway at a glance. */
export type StatusReport = v.InferOutput<typeof statusSchema>;
/** One controller in a status. */
export type ControllerReport = v.InferOutput<typeof controllerSchema>;
/** What a slot holds. */
export type SlotReport = v.InferOutput<typeof slotSchema>;
/** Both slots, and what led to the present state. */
export type SlotsReport = v.InferOutput<typeof slotsSchema>;
/** What the running release consists of. */
export type ListReport = v.InferOutput<typeof listSchema>;
/** A line of the log with its number. */
export type LogLine = v.InferOutput<typeof logLineSchema>;
/** The causes that are remembered. */
export type WhyReport = v.InferOutput<typeof whySchema>;
/** The release an installation or a rollback led to. */
export type InstalledReport = v.InferOutput<typeof installedSchema>;
/** A step of an installation. */
export type InstallStep = v.InferOutput<typeof installStepSchema>;
/** What a gateway was told of whom to trust. */
export type TrustUpdatedReport = v.InferOutput<typeof trustUpdatedSchema>;
/** The lines of the board. */
export type LinesReport = v.InferOutput<typeof linesSchema>;
/** A change of a line. */
export type LineChange = v.InferOutput<typeof lineChangeSchema>;
