/** A controller's judgement of itself, as the gateway keeps it. */
export type Health =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'healthy' }
  | { readonly kind: 'degraded'; readonly message: string }
  | { readonly kind: 'unhealthy'; readonly message: string };

/** A controller's text is cut to this many characters before it is kept or shown. */
const GUEST_TEXT_CHARS_MAX = 512;

/**
 * Returns what a `health` call answered (`airssys:lifecycle/controller`). A value that is none of
 * its cases is unhealthy: a controller that cannot say how it is cannot be trusted with a relay.
 */
export function parseHealth(value: unknown): Health {
  if (isCase(value)) {
    if (value.tag === 'healthy') return { kind: 'healthy' };
    if (value.tag === 'degraded' || value.tag === 'unhealthy') {
      return { kind: value.tag, message: guestText(value.val) };
    }
  }
  return { kind: 'unhealthy', message: 'health returned no known case' };
}

/** Returns the error text of a `start` call, or null when the controller started. */
export function startRefusal(value: unknown): string | null {
  if (isCase(value)) {
    if (value.tag === 'ok') return null;
    if (value.tag === 'err') return guestText(value.val);
  }
  return 'start returned no known case';
}

/** Returns a guest's text fit for one line: bounded, without control characters. */
export function guestText(value: unknown): string {
  if (typeof value !== 'string') return '(no text)';
  const line = value
    .slice(0, GUEST_TEXT_CHARS_MAX)
    .replace(/\p{Cc}+/gu, ' ')
    .toWellFormed();
  return value.length > GUEST_TEXT_CHARS_MAX ? `${line}...` : line;
}

function isCase(value: unknown): value is { readonly tag: unknown; readonly val?: unknown } {
  return typeof value === 'object' && value !== null && 'tag' in value;
}
