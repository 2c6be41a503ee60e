import * as v from 'valibot';

/** Versions of the protocol that this build speaks, best first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1];

/** Bytes of a release that may be uploaded. */
const UPLOAD_BYTES_MAX = 64 * 1_048_576;

/** Of a signed document in base64: 128 KiB of bytes. */
const DOCUMENT_CHARACTERS_MAX = 174_764;

/** Of a recovery token in base64. */
const TOKEN_CHARACTERS_MAX = 16_384;

const requestId = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffff_ffff));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const label = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const level = v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'critical']);
const nothing = v.strictObject({});

/** Every request with its parameters. Nothing else is understood. */
export const requestSchema = v.variant('method', [
  v.strictObject({ method: v.literal('status'), params: nothing }),
  v.strictObject({ method: v.literal('list'), params: nothing }),
  v.strictObject({ method: v.literal('slots'), params: nothing }),
  v.strictObject({
    method: v.literal('logs'),
    params: v.strictObject({
      controller: v.optional(name),
      levelMin: v.optional(level),
      sinceWallMs: v.optional(v.pipe(v.number(), v.finite())),
      countMax: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)),
      follow: v.boolean(),
    }),
  }),
  v.strictObject({ method: v.literal('why'), params: v.strictObject({ name: v.nullable(name) }) }),
  v.strictObject({
    method: v.literal('install'),
    params: v.strictObject({
      sizeBytes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(UPLOAD_BYTES_MAX)),
      /** A recovery token, in base64. */
      token: v.optional(v.pipe(v.string(), v.maxLength(TOKEN_CHARACTERS_MAX), v.base64())),
      /** False: the answer comes when the trial begins. */
      wait: v.boolean(),
    }),
  }),
  v.strictObject({
    method: v.literal('rollback'),
    params: v.strictObject({ reason: v.pipe(v.string(), v.maxLength(512)) }),
  }),
  v.strictObject({
    method: v.literal('trust-update'),
    params: v.strictObject({
      document: v.pipe(v.string(), v.maxLength(DOCUMENT_CHARACTERS_MAX), v.base64()),
    }),
  }),
  v.strictObject({
    method: v.literal('release'),
    params: v.strictObject({ controller: name }),
  }),
  v.strictObject({ method: v.literal('lines'), params: nothing }),
  v.strictObject({
    method: v.literal('watch'),
    params: v.strictObject({ labels: v.pipe(v.array(label), v.maxLength(256)) }),
  }),
  v.strictObject({
    method: v.literal('drive'),
    params: v.strictObject({ label, state: v.picklist(['active', 'inactive']) }),
  }),
  v.strictObject({ method: v.literal('metrics'), params: nothing }),
  v.strictObject({ method: v.literal('shutdown'), params: nothing }),
]);

/** A request, validated. */
export type Request = v.InferOutput<typeof requestSchema>;

/** What a client may send. */
export const clientMessageSchema = v.variant('type', [
  v.object({
    type: v.literal('hello'),
    versions: v.pipe(v.array(v.number()), v.maxLength(16)),
    client: v.pipe(v.string(), v.maxLength(128)),
  }),
  v.strictObject({
    type: v.literal('request'),
    id: requestId,
    method: v.string(),
    params: v.unknown(),
  }),
  v.strictObject({ type: v.literal('cancel'), id: requestId }),
]);

const errorSchema = v.object({
  code: v.pipe(v.string(), v.maxLength(64)),
  message: v.pipe(v.string(), v.maxLength(8_192)),
  causes: v.pipe(v.array(v.pipe(v.string(), v.maxLength(8_192))), v.maxLength(8)),
});

/** What a server may send. */
export const serverMessageSchema = v.variant('type', [
  v.object({ type: v.literal('hello'), version: v.number(), server: v.string() }),
  v.object({ type: v.literal('result'), id: requestId, value: v.unknown() }),
  v.object({ type: v.literal('event'), id: requestId, value: v.unknown() }),
  v.object({ type: v.literal('error'), id: v.nullable(requestId), error: errorSchema }),
]);

/** An error as it crosses the socket. */
export type WireError = v.InferOutput<typeof errorSchema>;

/** A message of the server, validated. */
export type ServerMessage = v.InferOutput<typeof serverMessageSchema>;
