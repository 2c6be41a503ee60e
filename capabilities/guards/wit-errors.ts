/**
 * Port errors as the WIT variants that guests see. Codes become cases; messages, paths and stacks
 * stay here.
 */
import { GatewayError } from '../../runtime/base/errors.ts';

/** The answer of a function whose result is a `result`. */
export type WitResult =
  | { readonly tag: 'ok'; readonly val: unknown }
  | { readonly tag: 'err'; readonly val: { readonly tag: string; readonly val?: unknown } };

const PLAIN: ReadonlyMap<string, string> = new Map([
  ['GPIO_DENIED', 'denied'],
  ['GPIO_QUOTA', 'quota-exceeded'],
  ['GPIO_NOT_READY', 'not-ready'],
  ['GPIO_UNDEFINED_LABEL', 'undefined-pin-label'],
  ['GPIO_MODE', 'pin-mode-not-allowed'],
  ['GPIO_IN_USE', 'already-in-use'],
  ['SERIAL_DENIED', 'denied'],
  ['SERIAL_QUOTA', 'quota-exceeded'],
  ['SERIAL_NOT_READY', 'not-ready'],
  ['SERIAL_UNDEFINED_LABEL', 'undefined-port-label'],
  ['MQTT_DENIED', 'denied'],
  ['MQTT_QUOTA', 'quota-exceeded'],
  ['MQTT_UNDEFINED_CONNECTION', 'undefined-connection'],
  ['MQTT_INVALID_TOPIC', 'invalid-topic'],
  ['TIMER_DENIED', 'denied'],
  ['TIMER_QUOTA', 'quota-exceeded'],
  ['TIMER_ARGUMENT', 'invalid-argument'],
  ['KV_DENIED', 'access-denied'],
  ['KV_NO_SUCH_STORE', 'no-such-store'],
]);

const RATES: ReadonlySet<string> = new Set(['GPIO_RATE', 'SERIAL_RATE', 'MQTT_RATE']);

/** What a guest is told beside the code; our own words, never the driver's. */
const TEXTS: ReadonlyMap<string, readonly [tag: string, text: string]> = new Map([
  ['GPIO_HARDWARE', ['hardware-fault', 'GPIO_HARDWARE: the line driver failed']],
  ['SERIAL_HARDWARE', ['hardware-fault', 'SERIAL_HARDWARE: the port driver failed']],
  ['KV_QUOTA', ['other', 'KV_QUOTA: the store has no room for this controller']],
  ['KV_KEY', ['other', 'KV_KEY: the key or cursor is not valid']],
  ['KV_DISK_FULL', ['other', 'KV_DISK_FULL: the disk is full']],
  ['KV_DAMAGED', ['other', 'KV_DAMAGED: the store is damaged']],
  ['KV_BUSY', ['other', 'KV_BUSY: too many writes; try again']],
  ['KV_UNRECORDED', ['other', 'KV_UNRECORDED: not now, the gateway cannot record it; try again']],
  ['KV_IO', ['other', 'KV_IO: the store failed']],
]);

const U32_MAX = 0xffff_ffff;

/** Returns the `ok` of a result. */
function ok(val?: unknown): WitResult {
  return { tag: 'ok', val };
}

/**
 * Returns the `err` for a port's error.
 * @throws the error itself when no WIT error stands for it: a fault of the gateway, not an answer
 */
function toWitError(error: unknown): WitResult {
  if (!(error instanceof GatewayError)) throw error;
  const tag = PLAIN.get(error.code);
  if (tag !== undefined) return { tag: 'err', val: { tag } };
  const text = TEXTS.get(error.code);
  if (text !== undefined) return { tag: 'err', val: { tag: text[0], val: text[1] } };
  if (!RATES.has(error.code)) throw error;
  const retryMs = 'retryMs' in error && typeof error.retryMs === 'number' ? error.retryMs : 0;
  const val = Math.min(U32_MAX, Math.max(1, Math.ceil(retryMs)));
  return { tag: 'err', val: { tag: 'rate-limited', val } };
}

/** Runs a synchronous operation as a WIT result. */
export function asResult(run: () => unknown): WitResult {
  try {
    return ok(run());
  } catch (error) {
    return toWitError(error);
  }
}

/** Runs an operation that answers later as a WIT result. */
export async function asResultLater(run: () => Promise<unknown>): Promise<WitResult> {
  try {
    return ok(await run());
  } catch (error) {
    return toWitError(error);
  }
}
